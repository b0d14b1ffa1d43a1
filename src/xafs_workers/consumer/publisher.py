"""What a worker says on Kafka: answers, dead letters and its heartbeat."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from xafs_workers import wire
from xafs_workers.logs import get_logger
from xafs_workers.producer.clients import ClientLog
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.settings import Settings

log = get_logger("consumer")

EXCERPT_BYTES = 64 * 1024
"""How much of an unusable record a dead letter carries."""
ROOM_SECONDS = 0.5
"""How long a full queue may hold up the loop for one record."""


class Publisher:
    """Sends a worker's records in the background; what cannot be sent is counted and never raised.

    Parameters
    ----------
    config
        How Kafka is reached.
    settings
        Names of the topics.
    worker
        The worker's name, which is the records' key.
    """

    def __init__(self, config: KafkaConfig, settings: Settings, worker: str):
        self._topics = {
            "answer": settings.topic("answers"),
            "dead-letter": settings.topic("dead_letters"),
            "status": settings.topic("status"),
        }
        self._worker = worker
        self._producer = Producer(config.for_producer(), logger=ClientLog("consumer"))
        self._lock = threading.Lock()
        self._lost: dict[str, int] = dict.fromkeys(self._topics, 0)
        self._told: set[tuple[str, str]] = set()

    @property
    def lost(self) -> Mapping[str, int]:
        """How many records were lost, by tag."""
        with self._lock:
            return dict(self._lost)

    def answer(self, answer: wire.Answer) -> None:
        """Send an answer."""
        self._send("answer", answer.as_dict())

    def click(self, click: Mapping[str, Any]) -> None:
        """Send a position that somebody picked on a figure."""
        self._send("answer", {"click": dict(click)})

    def dead_letter(self, letter: wire.DeadLetter) -> None:
        """Send a dead letter, its excerpt clipped."""
        clipped = dataclasses.replace(letter, excerpt=letter.excerpt[:EXCERPT_BYTES])
        self._send("dead-letter", clipped.as_dict())

    def status(self, status: Mapping[str, Any]) -> None:
        """Send a heartbeat."""
        self._send("status", status)

    def flush(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until all is delivered or lost; return whether nothing waits any more."""
        return self._producer.flush(timeout) == 0

    def _send(self, tag: str, body: Mapping[str, Any]) -> None:
        try:
            value = wire.encode(tag, body)
        except (TypeError, ValueError, OverflowError) as error:
            self._lose(tag, "unwritable", str(error))
            return
        try:
            self._produce_patiently(tag, value)
        except BufferError as error:
            self._lose(tag, "queue full", str(error))
        except KafkaException as problem:
            self._lose(tag, problem.args[0].name(), problem.args[0].str())
        self._producer.poll(0)

    def _produce_patiently(self, tag: str, value: bytes) -> None:
        try:
            self._produce(tag, value)
        except BufferError:
            self._producer.poll(ROOM_SECONDS)
            self._produce(tag, value)

    def _produce(self, tag: str, value: bytes) -> None:
        def note_delivery(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                self._lose(tag, error.name(), error.str())

        self._producer.produce(self._topics[tag], value=value, key=self._worker, on_delivery=note_delivery)

    def _lose(self, tag: str, kind: str, reason: str) -> None:
        with self._lock:
            self._lost[tag] += 1
            first = (tag, kind) not in self._told
            self._told.add((tag, kind))
        if first:
            log.error("record_lost", topic=self._topics[tag], worker=self._worker, error=kind, reason=reason)
