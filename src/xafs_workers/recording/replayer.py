"""Send a recorded session to Kafka again: in its order, with new record times; every lost record is reported."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import Any, Protocol

from xafs_workers.recording.pace import Pacer
from xafs_workers.recording.record import Record, Topic
from xafs_workers.recording.references import RunKeys
from xafs_workers.wire import REPLAY_HEADER

FLUSH_TIMEOUT = 120.0
STOPPED_FLUSH_TIMEOUT = 10.0
"""Longest wait for deliveries at the end of a replay, seconds: of a whole replay, and of a stopped one."""
MAX_REASONS = 10

PRODUCER_DEFAULTS: Mapping[str, Any] = {
    # One request at a time: a retried one must not arrive after the next.
    "max.in.flight.requests.per.connection": 1,
    "linger.ms": 5,
}


class Producer(Protocol):
    """Methods of `confluent_kafka.Producer` that a replay uses."""

    def produce(
        self,
        topic: str,
        value: bytes | None = ...,
        key: bytes | None = ...,
        *,
        timestamp: int = ...,
        headers: list[tuple[str, bytes]] = ...,
        on_delivery: Callable[[Any, Any], None] = ...,
    ) -> None:
        """Enqueue a record; BufferError if the queue is full."""
        ...

    def poll(self, timeout: float) -> int:
        """Call the callbacks of delivered records."""
        ...

    def flush(self, timeout: float) -> int:
        """Wait for deliveries; return the number of records that are not delivered yet."""
        ...


@dataclass(frozen=True, slots=True)
class ReplayTarget:
    """Topics, key and tag with which a replay is sent.

    Attributes
    ----------
    topics
        Names of the control and the documents topic.
    key
        Constant key of control messages.
    tag
        Name that marks control messages on the topic.
    """

    topics: Mapping[Topic, str]
    key: bytes
    tag: str


@dataclass(slots=True)
class ReplaySummary:
    """Result of a replay.

    Attributes
    ----------
    sent
        Number of records that Kafka's producer accepted, by topic.
    delivered
        Number of records that the broker confirmed, by topic.
    failed
        Number of records that were not delivered, or whose delivery was not confirmed.
    reasons
        Reasons of the first failures, each with the line of its record.
    seconds
        Duration of the replay.
    is_stopped
        Whether the replay was stopped before the last record.
    """

    sent: Counter[Topic] = field(default_factory=Counter)
    delivered: Counter[Topic] = field(default_factory=Counter)
    failed: int = 0
    reasons: list[str] = field(default_factory=list)
    seconds: float = 0.0
    is_stopped: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether every record of the recording was delivered."""
        return not self.is_stopped and self.failed == 0

    def add_failure(self, line: int, reason: str) -> None:
        """Count a record that was not delivered."""
        self.failed += 1
        if len(self.reasons) < MAX_REASONS:
            self.reasons.append(f"{line}: {reason}")


class Replayer:
    """Sends the records of a recording to Kafka.

    Parameters
    ----------
    producer
        Kafka producer.
    target
        Topics, key and tag with which the records are sent.
    recorded_tag
        Name of control messages in the recording; it is replaced by the target's tag. Other names do not change.
    stop
        Event that ends the replay when it is set.
    """

    def __init__(self, producer: Producer, target: ReplayTarget, *, recorded_tag: str, stop: Event):
        self._producer = producer
        self._target = target
        self._recorded_tag = recorded_tag
        self._stop = stop
        self._keys = RunKeys()
        self.summary = ReplaySummary()

    def replay(self, records: Iterable[Record], pace: Pacer, on_record: Callable[[Record], None]) -> ReplaySummary:
        """Send all records and wait until they are delivered.

        Parameters
        ----------
        on_record
            Function that is called with each record after it was sent.
        """
        began = time.monotonic()
        for record in records:
            stamp = pace.wait_until_due(record.time)
            if stamp is None or not self._send(record, stamp):
                self.summary.is_stopped = True
                break
            on_record(record)
        self._finish()
        self.summary.seconds = time.monotonic() - began
        return self.summary

    def _send(self, record: Record, stamp: int) -> bool:
        from confluent_kafka import KafkaException

        try:
            value = self._encode_value(record)
            accepted = self._enqueue(record, value, stamp)
        except (KafkaException, TypeError, ValueError) as error:
            self.summary.add_failure(record.line, f"{error!s:.300}")
            return True
        if accepted:
            self.summary.sent[record.topic] += 1
            self._producer.poll(0)
        return accepted

    def _enqueue(self, record: Record, value: bytes | None, stamp: int) -> bool:
        topic, key = self._target.topics[record.topic], self._find_key(record)
        on_delivery = partial(self._on_delivery, record.topic, record.line)
        while True:
            try:
                self._producer.produce(
                    topic, value, key, timestamp=stamp, headers=[REPLAY_HEADER], on_delivery=on_delivery
                )
            except BufferError:
                self._producer.poll(0.1)
                if self._stop.is_set():
                    return False
            else:
                return True

    def _encode_value(self, record: Record) -> bytes | None:
        if record.topic == "control" and record.raw is None and record.name == self._recorded_tag:
            record = Record(record.time, "control", self._target.tag, record.body)
        return record.encode_value()

    def _find_key(self, record: Record) -> bytes | None:
        if record.topic == "control":
            return self._target.key
        run = self._keys.find_key(record.name, record.body) if record.body is not None else None
        return record.key if run is None else run.encode("utf-8")

    def _on_delivery(self, topic: Topic, line: int, error: Any, _message: Any) -> None:
        if error is None:
            self.summary.delivered[topic] += 1
        else:
            self.summary.add_failure(line, f"not delivered: {error.str()}")

    def _finish(self) -> None:
        deadline = time.monotonic() + FLUSH_TIMEOUT
        left = self._producer.flush(0.5)
        while left and not self._stop.is_set() and time.monotonic() < deadline:
            left = self._producer.flush(0.5)
        if left:
            left = self._producer.flush(STOPPED_FLUSH_TIMEOUT)
        if left:
            self.summary.failed += left
            self.summary.reasons.append(f"{left} records: no delivery report from the broker")
