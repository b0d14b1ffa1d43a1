"""Requests to Kafka that need an administrator's client, each made by a short-lived child process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from xafs_workers.producer.kafka_config import KafkaConfig

COMMAND = (sys.executable, "-m", "xafs_workers.consumer.admin_process")
REQUEST_SECONDS = 5.0
"""Longest wait for the broker's answer, seconds."""
PROCESS_SECONDS = 20.0
"""Longest time beyond it that the child may take to start and to end on a busy machine, seconds."""


class AdminRequestError(RuntimeError):
    """The request was not answered; the text gives the reason."""


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """Facts of a topic that only an administrator's request returns.

    Attributes
    ----------
    id
        Identity that Kafka gave to the topic; another one after it was created again. '' where it is not known.
    operations
        Operations that this account may do (``READ``, ``WRITE``, ...); empty where the broker does not list them.
    config
        Settings of the topic by Kafka's names; empty where they may not be read.
    errors
        Reasons for what is not known.
    """

    id: str = ""
    operations: frozenset[str] = frozenset()
    config: Mapping[str, str] = field(default_factory=dict[str, str])
    errors: tuple[str, ...] = ()


def describe_topics(
    config: KafkaConfig, topics: Iterable[str], timeout: float = REQUEST_SECONDS
) -> dict[str, TopicFacts]:
    """Return the facts of topics, by name.

    Raises
    ------
    AdminRequestError
        The child process gave no answer.
    """
    answer = _run_request(config, "describe", list(topics), timeout)
    return {
        name: TopicFacts(one["id"], frozenset(one["operations"]), one["config"], tuple(one["errors"]))
        for name, one in answer.items()
    }


def create_topics(config: KafkaConfig, topics: Mapping[str, int], timeout: float = 20.0) -> dict[str, str]:
    """Create topics with these numbers of partitions; return the reasons of those that could not be created.

    Raises
    ------
    AdminRequestError
        The child process gave no answer.
    """
    return _run_request(config, "create", dict(topics), timeout)


def _run_request(config: KafkaConfig, action: str, topics: Any, timeout: float) -> dict[str, Any]:
    request = {"action": action, "properties": config.get_admin_properties(), "topics": topics, "timeout": timeout}
    try:
        done = subprocess.run(  # noqa: S603 - our own module, no shell
            COMMAND,
            input=json.dumps(request),  # not as an argument: the properties contain passwords
            capture_output=True,
            text=True,
            timeout=timeout + PROCESS_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AdminRequestError(f"{action} topics: {error}") from error
    if done.returncode != 0:
        last_line = (done.stderr.strip().splitlines() or [""])[-1]
        raise AdminRequestError(f"{action} topics: the process ended with {done.returncode}: {last_line:.200}")
    return json.loads(done.stdout)
