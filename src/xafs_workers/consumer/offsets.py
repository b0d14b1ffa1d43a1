"""Offsets stored under a group's name, within a bounded time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from xafs_workers.consumer.client import ConnectionHealth, build_consumer_properties, check_answers, extract_error
from xafs_workers.consumer.records import Partition
from xafs_workers.producer.kafka_config import KafkaConfig

STORE_SECONDS = 3.0
"""Longest time that storing may hold up the loop."""
RETRY_SECONDS = 0.1
"""Between two attempts while the group's coordinator gets ready."""
POLL_SECONDS = 0.05
"""Longest wait of the client for one callback."""
BACKOFF_SECONDS = 5.0
"""After a failure nothing is tried for so long."""
LOST_SECONDS = 60.0
"""A commit without an outcome for so long is sent again."""
TIMED_OUT = -185
"""The client's code of an answer that did not come in time."""
NOT_READY_ERRORS = frozenset({"COORDINATOR_LOAD_IN_PROGRESS", "COORDINATOR_NOT_AVAILABLE", "NOT_COORDINATOR"})

CLIENT_PROPERTIES: Mapping[str, object] = {
    "statistics.interval.ms": 0,
    "log_level": 0,  # its errors come as the outcome of a commit, those of the brokers to the source's client too
    "socket.timeout.ms": 10_000,
}
"""Properties of the client that only commits."""


class CommitClient:
    """Consumer without partitions that commits offsets for its group; one commit is on its way at most.

    The synchronous commit of the library waits for a broker that hangs without any limit, and an AdminClient aborts the
    process when its broker dies with a request in flight (librdkafka #4605). So the commit is asynchronous, and its
    callback is waited for.

    Parameters
    ----------
    connect
        Makes the consumer; called at the first commit with the function that takes outcomes.
    """

    def __init__(self, connect: Callable[[Callable[..., None]], Consumer]):
        self._connect = connect
        self._client: Consumer | None = None
        self._outcomes: list[tuple[KafkaError | None, list[TopicPartition]]] = []
        self._sent_time: float | None = None

    def commit(self, offsets: Mapping[Partition, int], seconds: float) -> None:
        """Commit offsets and wait for the outcome; a commit that is still on its way is waited for first.

        Raises
        ------
        KafkaException
            The commit was refused, or has no outcome within `seconds`.
        """
        deadline = time.monotonic() + seconds
        if self._client is None:
            self._client = self._connect(self._on_commit)
        if self._sent_time is not None:
            self._wait_for_outcome(self._client, deadline)
        self._outcomes.clear()
        self._client.commit(offsets=[TopicPartition(*partition, at) for partition, at in offsets.items()])
        self._sent_time = time.monotonic()
        error, answers = self._wait_for_outcome(self._client, deadline)
        if error is not None:
            raise KafkaException(error)
        check_answers(answers)

    def close(self) -> None:
        """Leave the brokers."""
        if self._client is not None:
            self._client.close()

    def _on_commit(self, error: KafkaError | None, answers: list[TopicPartition]) -> None:
        self._outcomes.append((error, answers))

    def _wait_for_outcome(self, client: Consumer, deadline: float) -> tuple[KafkaError | None, list[TopicPartition]]:
        while not self._outcomes:
            message = client.poll(POLL_SECONDS)
            if message is not None and (error := message.error()) is not None:
                self._outcomes.append((error, []))
            elif time.monotonic() >= deadline and not self._outcomes:
                self._forget_lost_commit()
                raise KafkaException(KafkaError(TIMED_OUT))
        self._sent_time = None
        return self._outcomes.pop()

    def _forget_lost_commit(self) -> None:
        if self._sent_time is not None and time.monotonic() - self._sent_time > LOST_SECONDS:
            self._sent_time = None


class OffsetStore:
    """Stores offsets for a group that has no members.

    Parameters
    ----------
    config
        Connection to Kafka.
    group
        Name under which the offsets are stored.
    health
        Takes note of failures.
    """

    HEALTH_KEY = "stored offsets"

    def __init__(self, config: KafkaConfig, group: str, health: ConnectionHealth):
        properties = {**build_consumer_properties(config, group), **CLIENT_PROPERTIES}
        self._health = health
        self._client = CommitClient(lambda on_commit: Consumer({**properties, "on_commit": on_commit}))
        self._stored: dict[Partition, int] = {}
        self._retry_time = 0.0
        self._pause = threading.Event()

    def store(self, positions: Mapping[Partition, int]) -> bool:
        """Store the next offsets to be read; False, logged, if that failed (try again later)."""
        changed = {p: offset for p, offset in positions.items() if self._stored.get(p) != offset}
        if not changed:
            return True
        if self._health.brokers_away or time.monotonic() < self._retry_time:
            return False
        try:
            self._store_with_retry(changed, time.monotonic() + STORE_SECONDS)
        except KafkaException as problem:
            self._health.record_error(self.HEALTH_KEY, extract_error(problem))
            self._retry_time = time.monotonic() + BACKOFF_SECONDS
            return False
        self._health.record_recovery(self.HEALTH_KEY)
        self._stored.update(changed)
        return True

    def close(self) -> None:
        """Leave the brokers. Nothing can be stored any more."""
        self._client.close()

    def _store_with_retry(self, changed: Mapping[Partition, int], deadline: float) -> None:
        while True:
            try:
                return self._client.commit(changed, deadline - time.monotonic())
            except KafkaException as problem:
                if (
                    extract_error(problem).name() not in NOT_READY_ERRORS
                    or time.monotonic() + RETRY_SECONDS >= deadline
                ):
                    raise
            self._pause.wait(RETRY_SECONDS)
