"""Faults of a set-up that end any command with one sentence and exit code 2, in place of a traceback."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

from xafs_workers.cli.options import WRONG_USE, exit_with_error

INVALID_ARGUMENT = "_INVALID_ARG"
"""Name of the error of a Kafka client that refuses its properties."""


class GuardedGroup(TyperGroup):
    """The commands; a configuration of Kafka that cannot be used is reported, whichever command reads it."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            reason = find_reason(error)
            if reason is None:
                raise
            exit_with_error(reason, WRONG_USE)


def find_reason(error: Exception) -> str | None:
    """Find the sentence for an error of the Kafka configuration, None for any other error."""
    if type(error).__module__.partition(".")[0] not in ("xafs_workers", "cimpl", "confluent_kafka"):
        return None  # nothing heavy is imported for it
    from confluent_kafka import KafkaException

    from xafs_workers.producer.kafka_config import KafkaConfigError, describe_refusal

    if isinstance(error, KafkaConfigError):
        return str(error)
    if isinstance(error, KafkaException) and error.args[0].name() == INVALID_ARGUMENT:
        return describe_refusal(error)
    return None
