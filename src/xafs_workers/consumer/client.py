"""The Kafka client of the sources: its properties, its errors (each logged once), its records."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaError, KafkaException, Message, TopicPartition

from xafs_workers.consumer.records import NO_STAMP, Partition, RawRecord, compute_record_time
from xafs_workers.logs import get_logger
from xafs_workers.producer.clients import ClientLog
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.scans.items import RecordPosition
from xafs_workers.wire import REPLAY_HEADER

log = get_logger("consumer")

DEFAULT_PROPERTIES: Mapping[str, Any] = {
    "fetch.wait.max.ms": 50,
    "max.partition.fetch.bytes": 17 * 1024 * 1024,  # a record of 16 MiB and what is around it
    "fetch.max.bytes": 52 * 1024 * 1024,
    "queued.max.messages.kbytes": 16 * 1024,  # kept ahead for each partition; librdkafka's own 64 MiB are too many
    "queued.min.messages": 10_000,
    "log.connection.close": "false",  # brokers close idle connections; that is no trouble
}
"""What the facility's file may change."""

PROPERTY_ALIASES: Mapping[str, str] = {"max.partition.fetch.bytes": "fetch.message.max.bytes"}

REQUIRED_PROPERTIES: Mapping[str, Any] = {
    "enable.auto.commit": "false",
    "enable.auto.offset.store": "false",
    "enable.partition.eof": "true",
    "auto.offset.reset": "error",
    "allow.auto.create.topics": "false",
    "statistics.interval.ms": 1000,
}
"""Properties that the sources rely on; they override those of the facility's file."""

FATAL_ERRORS = frozenset(
    {
        "_AUTHENTICATION",
        "_FATAL",
        "SASL_AUTHENTICATION_FAILED",
        "UNSUPPORTED_SASL_MECHANISM",
        "TOPIC_AUTHORIZATION_FAILED",
        "GROUP_AUTHORIZATION_FAILED",
        "CLUSTER_AUTHORIZATION_FAILED",
    }
)
"""Errors that waiting does not mend."""

HEALTHY_BROKER_STATES = frozenset({"UP", "UPDATE", "INIT"})
"""States of a broker's connection that are no trouble: open, or not needed so far."""


MIN_GOOD_ROUNDS = 2
"""So many statistics in a row, one a second, must be good before lost connections count as back."""


class SourceError(RuntimeError):
    """Kafka cannot be read and waiting will not help; the text contains the request and the broker's answer."""


def build_consumer_properties(config: KafkaConfig, group: str) -> dict[str, Any]:
    """Return the properties of a consumer that assigns its partitions by hand."""
    given = config.get_consumer_properties()
    defaults = {key: value for key, value in DEFAULT_PROPERTIES.items() if PROPERTY_ALIASES.get(key) not in given}
    return {**defaults, **given, **REQUIRED_PROPERTIES, "group.id": group}


def extract_error(problem: KafkaException) -> KafkaError:
    """Return the broker's or the client's error that an exception carries."""
    return problem.args[0]


def check_answers(answers: list[TopicPartition]) -> list[TopicPartition]:
    """Return the answers; the first that is an error is raised as KafkaException."""
    for answer in answers:
        if answer.error is not None:
            raise KafkaException(answer.error)
    return answers


def is_fatal(error: KafkaError) -> bool:
    """Check whether an error concerns rights or the client itself, so that waiting does not correct it."""
    return error.fatal() or error.name() in FATAL_ERRORS


class ConnectionHealth:
    """Errors of the client: each kind of error at each place is logged once, and once more when it is over.

    Attributes
    ----------
    last_reason
        The newest error's text.
    """

    BROKERS = "brokers"

    def __init__(self, quiet: bool = False):
        self.last_reason = ""
        self._quiet = quiet
        self._fatal_error: KafkaError | None = None
        self._good_rounds = 0
        self._errors: dict[Hashable, set[str]] = {}

    @property
    def brokers_away(self) -> bool:
        """Whether a connection is known to be lost."""
        return self.BROKERS in self._errors

    def set_quiet(self, quiet: bool) -> None:
        """Switch logging off (the caller logs it better) or on, and forget all errors."""
        self._quiet = quiet
        self._errors.clear()

    def record_error(self, where: Hashable, error: KafkaError) -> None:
        """Take note of an error: of the brokers, of a partition, or of a question."""
        self.last_reason = error.str()
        if is_fatal(error):
            self._fatal_error = error
        kinds = self._errors.setdefault(where, set())
        if error.name() in kinds:
            return
        kinds.add(error.name())
        if not self._quiet:
            log.warning("kafka_trouble", where=where, error=error.name(), reason=error.str())

    def record_recovery(self, where: Hashable) -> None:
        """Take note that something works (again)."""
        if self._errors and self._errors.pop(where, None) and not self._quiet:
            log.info("kafka_trouble_over", where=where)

    def check(self) -> None:
        """Raise SourceError if an error came that waiting does not mend."""
        if self._fatal_error is not None:
            raise SourceError(f"Kafka refuses: {self._fatal_error.name()}: {self._fatal_error.str()}")

    def on_error(self, error: KafkaError) -> None:
        """Take the client's errors that belong to no partition."""
        self._good_rounds = 0
        self.record_error(self.BROKERS, error)

    def on_statistics(self, text: str) -> None:
        """Look in the client's statistics whether lost connections are back.

        Once is not enough: while one connection is already reported lost, another may not have noticed yet.
        """
        if not self.brokers_away:
            return
        states = {broker["state"] for broker in json.loads(text).get("brokers", {}).values()}
        good = "UP" in states and states <= HEALTHY_BROKER_STATES
        self._good_rounds = self._good_rounds + 1 if good else 0
        if self._good_rounds >= MIN_GOOD_ROUNDS:
            self.record_recovery(self.BROKERS)


def connect(properties: Mapping[str, Any], health: ConnectionHealth) -> Consumer:
    """Return a consumer whose errors and states go to `health`, its log lines to our logs."""
    callbacks = {"error_cb": health.on_error, "stats_cb": health.on_statistics}
    return Consumer({**properties, **callbacks}, logger=ClientLog("consumer"))


def fetch(client: Consumer, timeout: float, limit: int) -> list[Message]:
    """Return the messages that have arrived, at most `limit`; wait up to `timeout` seconds for the first.

    `Consumer.consume` alone would wait until `limit` messages are there or the time is over.
    """
    first = client.poll(timeout)
    if first is None:
        return []
    return [first, *client.consume(limit - 1, 0)] if limit > 1 else [first]


def get_partition(message: Message) -> Partition:
    """Return the partition of a message or of an event."""
    return (message.topic() or "", -1 if (number := message.partition()) is None else number)


def get_offset(message: Message) -> int:
    """Return a message's offset, -1 if it has none."""
    return -1 if (offset := message.offset()) is None else offset


def build_raw_record(message: Message, clock: Callable[[], float]) -> RawRecord:
    """Return a message without an error as a record."""
    kind, milliseconds = message.timestamp()
    stamp = NO_STAMP if kind == TIMESTAMP_NOT_AVAILABLE else milliseconds
    return RawRecord(
        position=RecordPosition(*get_partition(message), get_offset(message)),
        time=compute_record_time(stamp, clock()),
        key=message.key(),
        value=message.value(),
        is_replayed=REPLAY_HEADER in (message.headers() or ()),
        stamp_ms=stamp,
    )
