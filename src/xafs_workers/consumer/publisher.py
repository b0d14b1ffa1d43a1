"""Records that a worker publishes: answers, dead letters and its heartbeat."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from confluent_kafka import KafkaError, KafkaException, Producer

from xafs_workers import wire
from xafs_workers.logs import get_logger, mask_passwords
from xafs_workers.producer.clients import ClientLog
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.settings import Settings

log = get_logger("consumer")

EXCERPT_BYTES = 64 * 1024
"""How much of an unusable record a dead letter carries."""
PATIENT_PROPERTIES: Mapping[str, Any] = {"message.timeout.ms": 0}
"""Kafka's own limit of five minutes would lose the answers given while the brokers are away for longer."""
FULL_QUEUE_SECONDS = 0.5
"""How long a full queue may hold up the loop for one record."""


@dataclass(frozen=True, slots=True)
class EncodedRecord:
    """A record as it is sent: topic, key and value."""

    topic: str
    key: bytes
    value: bytes


class RecordProducer(Protocol):
    """Producer of records, with the methods of Kafka's."""

    def produce(
        self, topic: str, *, value: bytes, key: str | bytes, on_delivery: Callable[[KafkaError | None, Any], None]
    ) -> None:
        """Send a record in the background."""
        ...

    def poll(self, timeout: float) -> int:
        """Report the outcomes that are known."""
        ...

    def flush(self, timeout: float) -> int:
        """Wait for the outcomes; return how many records wait."""
        ...


class Publisher:
    """Sends a worker's records in the background; what cannot be sent is counted and never raised.

    Parameters
    ----------
    config
        Connection to Kafka; None where `producer` is given.
    settings
        Names of the topics.
    worker
        The worker's name, which is the records' key.
    producer
        Another producer than Kafka's.

    Raises
    ------
    ValueError
        Neither a connection nor a producer is given.
    """

    def __init__(
        self, config: KafkaConfig | None, settings: Settings, worker: str, producer: RecordProducer | None = None
    ):
        self._topics = {
            "answer": settings.get_topic("answers"),
            "dead-letter": settings.get_topic("dead_letters"),
            "status": settings.get_topic("status"),
        }
        self._worker = worker
        self._producer: RecordProducer = producer or _connect(config)
        self._lock = threading.Lock()
        self._lost_counts: dict[str, int] = dict.fromkeys(self._topics, 0)
        self._logged_once: set[tuple[str, str]] = set()

    @property
    def lost_counts(self) -> Mapping[str, int]:
        """Number of lost records, by tag."""
        with self._lock:
            return dict(self._lost_counts)

    def send_answer(self, answer: wire.Answer) -> None:
        """Send an answer; its reason shows no password."""
        self._send("answer", _build_answer_body(answer))

    def encode_answer(self, answer: wire.Answer) -> tuple[EncodedRecord, ...]:
        """Return an answer as `send_answer` sends it; nothing where it cannot be written, which is counted."""
        return self._encode_record("answer", _build_answer_body(answer))

    def send_click(self, click: Mapping[str, Any]) -> None:
        """Send a position that a user picked on a figure."""
        self._send("answer", {"click": dict(click)})

    def send_dead_letter(self, letter: wire.DeadLetter) -> None:
        """Send a dead letter, its excerpt clipped."""
        self._send("dead-letter", _build_letter_body(letter))

    def encode_dead_letter(self, letter: wire.DeadLetter) -> tuple[EncodedRecord, ...]:
        """Return a dead letter as `send_dead_letter` sends it; nothing where it cannot be written."""
        return self._encode_record("dead-letter", _build_letter_body(letter))

    def record_loss(self, topic: str, error: KafkaError) -> None:
        """Count and log a record that another producer of the worker could not send."""
        tag = next((tag for tag, name in self._topics.items() if name == topic), "answer")
        self._record_loss(tag, error.name(), error.str())

    def send_status(self, status: Mapping[str, Any]) -> None:
        """Send a heartbeat."""
        masked = {name: mask_passwords(value) if isinstance(value, str) else value for name, value in status.items()}
        self._send("status", masked)

    def flush(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until all is delivered or lost; return whether nothing waits any more."""
        return self._producer.flush(timeout) == 0

    def _encode_record(self, tag: str, body: Mapping[str, Any]) -> tuple[EncodedRecord, ...]:
        value = self._encode(tag, body)
        return () if value is None else (EncodedRecord(self._topics[tag], self._worker.encode(), value),)

    def _encode(self, tag: str, body: Mapping[str, Any]) -> bytes | None:
        try:
            return wire.encode(tag, body)
        except (TypeError, ValueError, OverflowError) as error:
            self._record_loss(tag, "unwritable", str(error))
            return None

    def _send(self, tag: str, body: Mapping[str, Any]) -> None:
        value = self._encode(tag, body)
        if value is None:
            return
        try:
            self._enqueue_with_retry(tag, value)
        except BufferError as error:
            self._record_loss(tag, "queue full", str(error))
        except KafkaException as problem:
            self._record_loss(tag, problem.args[0].name(), problem.args[0].str())
        self._producer.poll(0)

    def _enqueue_with_retry(self, tag: str, value: bytes) -> None:
        try:
            self._enqueue(tag, value)
        except BufferError:
            self._producer.poll(FULL_QUEUE_SECONDS)
            self._enqueue(tag, value)

    def _enqueue(self, tag: str, value: bytes) -> None:
        def report_delivery(error: KafkaError | None, _message: Any) -> None:
            if error is not None:
                self._record_loss(tag, error.name(), error.str())

        self._producer.produce(self._topics[tag], value=value, key=self._worker, on_delivery=report_delivery)

    def _record_loss(self, tag: str, kind: str, reason: str) -> None:
        with self._lock:
            self._lost_counts[tag] += 1
            first = (tag, kind) not in self._logged_once
            self._logged_once.add((tag, kind))
        if first:
            log.error("record_lost", topic=self._topics[tag], worker=self._worker, error=kind, reason=reason)


def _connect(config: KafkaConfig | None) -> Any:
    if config is None:
        raise ValueError("neither a connection to Kafka nor a producer is given")
    return Producer({**PATIENT_PROPERTIES, **config.get_producer_properties()}, logger=ClientLog("consumer"))


def _build_answer_body(answer: wire.Answer) -> Mapping[str, Any]:
    return {**answer.to_dict(), "reason": mask_passwords(answer.reason)}


def _build_letter_body(letter: wire.DeadLetter) -> Mapping[str, Any]:
    reason = mask_passwords(letter.reason)
    return dataclasses.replace(letter, reason=reason, excerpt=letter.excerpt[:EXCERPT_BYTES]).to_dict()
