"""Both topics written to a file as they pass."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Protocol

from xafs_workers.consumer.partition_merger import PartitionMerger
from xafs_workers.consumer.records import EndOfPartition, Partition, RawRecord
from xafs_workers.logs import get_logger
from xafs_workers.recording.record import Record, Topic
from xafs_workers.recording.reorder_buffer import ReorderBuffer
from xafs_workers.wire import DecodeError, decode

log = get_logger("recording")

HOUSEKEEPING_SECONDS = 60.0
POLL_SECONDS = 0.2
AHEAD_RECORDS = 5000
AHEAD_BYTES = 32 * 1024 * 1024
"""A partition that is so far ahead of the others is not read on until they follow."""
BEGINNING = -math.inf
"""As `since`: everything that the broker has."""


class RecorderSource(Protocol):
    """What is used of `consumer.source.KafkaSource`."""

    def fetch_watermarks(self) -> dict[Partition, tuple[int, int]]:
        """Return the oldest and the next offset of each partition."""
        ...

    def find_offsets(self, topic: str, time: float) -> dict[Partition, int]:
        """Return the first offset of that record time or later, for each partition."""
        ...

    def assign(self, positions: Mapping[Partition, int]) -> None:
        """Read from these offsets on."""
        ...

    def poll(self, timeout: float) -> list[RawRecord | EndOfPartition]:
        """Return what came."""
        ...

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Give nothing of these partitions for now."""
        ...

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Go on with them."""
        ...

    def refresh_partitions(self) -> tuple[Partition, ...]:
        """Take up partitions that were added."""
        ...


@dataclass(slots=True)
class RecordingSummary:
    """What went into a recording.

    Attributes
    ----------
    undecodable_count
        Records kept as bytes, because they are no message.
    """

    record_counts: Counter[Topic] = field(default_factory=Counter)
    undecodable_count: int = 0
    seconds: float = 0.0


class Recorder:
    """Writes what a source brings, in the order of record times.

    Parameters
    ----------
    topics
        Names of the control and the documents topic.
    settle
        How long a record is held back for an earlier one of another partition, seconds.
    clock
        Steady seconds, for `settle`.
    """

    def __init__(
        self,
        source: RecorderSource,
        topics: Mapping[Topic, str],
        *,
        reorder_seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._source = source
        self._topics: dict[str, Topic] = {name: topic for topic, name in topics.items()}
        self._clock = clock
        self._reorder_buffer = ReorderBuffer(reorder_seconds)
        self._merger = PartitionMerger(())
        self._since = BEGINNING
        self._paused: set[Partition] = set()
        self.partitions_behind: set[Partition] = set()
        self.summary = RecordingSummary()

    def start(self, since: float | None) -> None:
        """Choose where to begin: None for now, `BEGINNING`, or a record time (POSIX seconds)."""
        marks = self._source.fetch_watermarks()
        positions = {place: (low if since == BEGINNING else high) for place, (low, high) in marks.items()}
        if since is not None and since != BEGINNING:
            self._since = since
            for name in self._topics:
                positions |= self._source.find_offsets(name, since)
        self._merger.add_partitions(positions)
        self.partitions_behind = set(positions)
        self._source.assign(positions)

    def run(self, write: Callable[[Record], None], stop: Event, *, until_end: bool = False) -> RecordingSummary:
        """Record until `stop` is set.

        Parameters
        ----------
        write
            Takes each record.
        until_end
            End also when the end of every partition was seen.
        """
        began = kept = time.monotonic()
        try:
            while not stop.is_set() and not (until_end and not self.partitions_behind):
                self._step(write)
                if time.monotonic() - kept >= HOUSEKEEPING_SECONDS:
                    kept = time.monotonic()
                    self._merger.add_partitions(self._source.refresh_partitions())
                    log.info("recording", undecodable=self.summary.undecodable_count, **self.summary.record_counts)
        finally:
            self._add_to_buffer(self._merger.drain())
            self._write_records(self._reorder_buffer.drain(), write)
            self.summary.seconds = time.monotonic() - began
        return self.summary

    def _step(self, write: Callable[[Record], None]) -> None:
        for entry in self._source.poll(POLL_SECONDS):
            self._merger.add_entry(entry)
            if isinstance(entry, EndOfPartition):
                self.partitions_behind.discard(entry.partition)
        self._add_to_buffer(self._merger.release_ready())
        # While a partition is behind, the timeline alone keeps the order, and much passes in a second.
        self._write_records(
            self._reorder_buffer.drain() if self.partitions_behind else self._reorder_buffer.pop_ready(self._clock()),
            write,
        )
        self._pause_partitions_ahead()

    def _add_to_buffer(self, records: Iterable[RawRecord]) -> None:
        now = self._clock()
        for record in records:
            if record.time >= self._since:
                self._reorder_buffer.add(record, now)

    def _pause_partitions_ahead(self) -> None:
        sizes = self._merger.backlog_bytes
        waiting = self._merger.backlog.items()
        ahead = {place for place, count in waiting if count >= AHEAD_RECORDS or sizes[place] >= AHEAD_BYTES}
        self._source.pause(ahead - self._paused)
        self._source.resume(self._paused - ahead)
        self._paused = ahead

    def _write_records(self, records: Iterable[RawRecord], write: Callable[[Record], None]) -> None:
        for raw in records:
            record = self._build_record(raw)
            write(record)
            self.summary.record_counts[record.topic] += 1

    def _build_record(self, raw: RawRecord) -> Record:
        bare = Record(
            raw.time,
            self._topics[raw.position.topic],
            raw=raw.value,
            key=raw.key,
            partition=raw.position.partition,
            offset=raw.position.offset,
        )
        try:
            name, body = decode(raw.value)
        except DecodeError:
            self.summary.undecodable_count += 1
            return bare
        return replace(bare, name=name, body=body)
