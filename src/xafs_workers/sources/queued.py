"""Base of the sources that deliver documents by a thread of their own into a queue: ZMQ, Tiled, a recording."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping

from xafs_workers.consumer.records import EndOfPartition, Partition, RawRecord, SourceEntry, TopicObservations
from xafs_workers.consumer.source_interface import Promise, SourceReport
from xafs_workers.scans.items import RecordPosition
from xafs_workers.threads import SupervisedThread

MICROSECONDS = 1_000_000
HISTORY_SPAN = 1000 * MICROSECONDS
"""Offsets of documents of the past lie below the assigned position by at most this."""


class QueuedSource:
    """Source of one partition, whose documents a thread puts into a queue; it is its own `metadata`.

    Offsets are times, microseconds. A source that knows the past reads it first, and reports the end of the partition
    after it.

    Parameters
    ----------
    topic
        Name of the partition's topic, and of the source.
    promise
        What is delivered of what was sent.
    wake
        Set whenever something has arrived.
    """

    def __init__(self, topic: str, promise: Promise, wake: threading.Event):
        self.topic = topic
        self.promise: Promise = promise
        self.partition: Partition = (topic, 0)
        self.metadata = self
        self.observations = TopicObservations()
        self._wake = wake
        self._queue: deque[SourceEntry] = deque()
        self._is_paused, self._is_live = False, False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._last_offset = 0
        self._problem = ""

    @property
    def waits_for(self) -> str:
        """Reason why nothing can be read, '' for none."""
        return self._problem

    @property
    def reports(self) -> tuple[SourceReport, ...]:
        """State of the source, for heartbeats."""
        return (SourceReport(self.topic, self.promise, self._problem),)

    def wait_for_topics(self, stop: threading.Event) -> bool:
        """Return at once: a server that is away is waited for while the worker runs."""
        return not stop.is_set()

    def fetch_cluster_id(self) -> str:
        """Return the source's name: it has no store of control messages."""
        return self.topic

    def list_partitions(self) -> tuple[Partition, ...]:
        """Return the one partition."""
        return (self.partition,)

    def fetch_committed_offsets(self) -> dict[Partition, int]:
        """Return nothing: no offset is stored."""
        return {}

    def fetch_watermarks(self) -> dict[Partition, tuple[int, int]]:
        """Return the present time as both marks: nothing older can be read."""
        now = time.time_ns() // 1000
        return {self.partition: (now, now)}

    def find_offsets(self, topic: str, time: float) -> dict[Partition, int]:
        """Return the offset that stands for a time."""
        return {self.partition: int(time * MICROSECONDS)} if topic == self.topic else {}

    def read_record(self, partition: Partition, offset: int) -> RawRecord | None:
        """Return None: no record is kept."""
        return None

    def assign(self, positions: Mapping[Partition, int]) -> None:
        """Begin to read; the thread starts once."""
        if self.partition in positions and self._thread is None:
            self._last_offset = positions[self.partition] - HISTORY_SPAN
            self._thread = SupervisedThread(self._run, self.topic, self._stop.is_set)
            self._thread.start()

    def poll(self, timeout: float, limit: int = 500) -> list[SourceEntry]:
        """Return the documents that have arrived; wait up to `timeout` seconds for the first."""
        if timeout > 0 and (self._is_paused or not self._queue):
            self._wake.wait(timeout)
        self._wake.clear()
        entries: list[SourceEntry] = []
        while self._queue and len(entries) < limit and not self._is_paused:
            entries.append(self._queue.popleft())
        if self._queue and not self._is_paused:
            self._wake.set()
        self._is_live = self._is_live or any(isinstance(entry, EndOfPartition) for entry in entries)
        if self._is_live and entries and isinstance(last := entries[-1], RawRecord) and not self._queue:
            entries.append(EndOfPartition(self.partition, last.position.offset + 1))
        return entries

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Stop handing out documents."""
        self._is_paused = self._is_paused or self.partition in partitions

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Go on handing them out."""
        self._is_paused = self._is_paused and self.partition not in partitions

    def refresh_partitions(self) -> tuple[Partition, ...]:
        """Return nothing: there is one partition."""
        return ()

    def compute_lag(self) -> int:
        """Return how many documents wait in the queue."""
        return len(self._queue)

    def is_at_end(self) -> bool:
        """Check whether nothing waits and the source can be read."""
        return not self._queue and not self._problem

    def store(self, positions: Mapping[Partition, int]) -> bool:
        """Store nothing."""
        return True

    def count_removed(self, partition: Partition, offset: int, oldest: int) -> None:
        """Count nothing: a position is a time."""

    def close(self) -> None:
        """Stop the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5.0)

    def _run(self) -> None:
        """Deliver documents until `_stop` is set; runs in the thread."""
        raise NotImplementedError

    def _put(self, value: bytes | None, record_time: float, problem: str = "") -> None:
        """Put a document into the queue."""
        self._last_offset += 1
        position = RecordPosition(self.topic, 0, self._last_offset)
        self._queue.append(RawRecord(position, record_time, None, value, problem=problem))
        self._wake.set()

    def _put_end(self) -> None:
        """Report that the past has been read: offsets go on with the present time."""
        self._last_offset = max(self._last_offset, time.time_ns() // 1000)
        self._queue.append(EndOfPartition(self.partition, self._last_offset + 1))
        self._wake.set()
