"""A producer that appends to the topics of the state folder, with the methods of Kafka's that the publisher calls."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from confluent_kafka import KafkaError

from xafs_workers.sources.local_topics import LocalTopics


class LocalProducer:
    """Appends records at once."""

    def __init__(self, topics: LocalTopics):
        self._topics = topics

    def produce(
        self, topic: str, *, value: bytes, key: str | bytes, on_delivery: Callable[[KafkaError | None, None], None]
    ) -> None:
        """Append a record; the outcome is reported before this returns."""
        try:
            self._topics.append(topic, value, key.encode() if isinstance(key, str) else key)
        except sqlite3.Error as error:
            on_delivery(KafkaError(KafkaError._FAIL, f"the topics of the state folder: {error}"), None)  # noqa: SLF001
            return
        on_delivery(None, None)

    def poll(self, timeout: float) -> int:
        """Return at once: nothing is in the background."""
        return 0

    def flush(self, timeout: float) -> int:
        """Return 0: nothing waits."""
        return 0
