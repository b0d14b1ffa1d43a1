"""Offsets stored under a group's name, within a bounded time."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from xafs_workers.consumer.client import ConnectionHealth, check_answers, extract_error
from xafs_workers.consumer.records import Partition
from xafs_workers.producer.clients import ClientLog
from xafs_workers.producer.kafka_config import KafkaConfig

STORE_SECONDS = 3.0
"""Longest time that storing may hold up the loop."""
RETRY_SECONDS = 0.1
"""Between two attempts while the group's coordinator gets ready."""
BACKOFF_SECONDS = 5.0
"""After a failure nothing is tried for so long."""
NOT_READY_ERRORS = frozenset({"COORDINATOR_LOAD_IN_PROGRESS", "COORDINATOR_NOT_AVAILABLE", "NOT_COORDINATOR"})


class OffsetStore:
    """Stores offsets for a group that has no members.

    A consumer's own commit waits for a broker that hangs without any limit; this asks as an administrator does, which
    has one.

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
        self._config = config
        self._group = group
        self._health = health
        self._client: Any = None  # made at the first store; its answers have no types
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

    def _store_with_retry(self, changed: Mapping[Partition, int], deadline: float) -> None:
        while True:
            try:
                return self._request(changed, deadline - time.monotonic())
            except KafkaException as problem:
                if (
                    extract_error(problem).name() not in NOT_READY_ERRORS
                    or time.monotonic() + RETRY_SECONDS >= deadline
                ):
                    raise
            self._pause.wait(RETRY_SECONDS)

    def _request(self, changed: Mapping[Partition, int], seconds: float) -> None:
        if self._client is None:
            self._client = AdminClient(self._config.get_admin_properties(), logger=ClientLog("consumer"))
        offsets = [TopicPartition(*partition, offset) for partition, offset in changed.items()]
        request = ConsumerGroupTopicPartitions(self._group, offsets)
        answer: Future[ConsumerGroupTopicPartitions] = self._client.alter_consumer_group_offsets(
            [request], request_timeout=seconds
        )[self._group]
        check_answers(answer.result().topic_partitions or [])
