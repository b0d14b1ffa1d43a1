"""Recorder of the control and the documents topic: writes their records in the order of record times."""

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
"""Limits of records, or of their bytes, that wait for another partition; beyond them a partition is paused."""
BEGINNING = -math.inf
"""Value of `since` that records everything from the oldest record of the broker."""


class RecorderMetadata(Protocol):
    """Methods of `consumer.topic_metadata.TopicMetadata` that the recorder uses."""

    def fetch_watermarks(self) -> dict[Partition, tuple[int, int]]:
        """Fetch the oldest and the next offset of each partition."""
        ...

    def find_offsets(self, topic: str, time: float) -> dict[Partition, int]:
        """Find, for each partition, the first offset with a record time at or after `time`."""
        ...


class RecorderSource(Protocol):
    """Methods of `consumer.source.KafkaSource` that the recorder uses."""

    @property
    def metadata(self) -> RecorderMetadata:
        """Metadata of the topics."""
        ...

    def assign(self, positions: Mapping[Partition, int]) -> None:
        """Start reading the partitions at these offsets."""
        ...

    def poll(self, timeout: float) -> list[RawRecord | EndOfPartition]:
        """Return the records and ends of partitions that arrived."""
        ...

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Stop reading these partitions for now."""
        ...

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Continue reading these partitions."""
        ...

    def refresh_partitions(self) -> tuple[Partition, ...]:
        """Add new partitions of the topics; return all partitions."""
        ...


@dataclass(slots=True)
class RecordingSummary:
    """Counts of a recording.

    Attributes
    ----------
    record_counts
        Number of written records, by topic.
    undecodable_count
        Number of records that could not be decoded and were written as bytes.
    seconds
        Duration of the recording.
    """

    record_counts: Counter[Topic] = field(default_factory=Counter)
    undecodable_count: int = 0
    seconds: float = 0.0


class Recorder:
    """Writes the records of a source in the order of record times.

    Parameters
    ----------
    source
        Reader of both topics.
    topics
        Names of the control and the documents topic.
    reorder_seconds
        Time for which a record waits for an earlier one of another partition, seconds.
    clock
        Returns seconds of a clock that is never set, for `reorder_seconds`.
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
        """Start reading at `since`: None for the present, `BEGINNING`, or a record time (POSIX seconds)."""
        marks = self._source.metadata.fetch_watermarks()
        positions = {partition: (low if since == BEGINNING else high) for partition, (low, high) in marks.items()}
        if since is not None and since != BEGINNING:
            self._since = since
            for name in self._topics:
                positions |= self._source.metadata.find_offsets(name, since)
        self._merger.add_partitions(positions)
        self.partitions_behind = set(positions)
        self._source.assign(positions)

    def run(self, write: Callable[[Record], None], stop: Event, *, until_end: bool = False) -> RecordingSummary:
        """Record until `stop` is set.

        Parameters
        ----------
        write
            Function that writes a record.
        until_end
            Whether to end also when every partition was read to its end.
        """
        began = logged_at = time.monotonic()
        try:
            while not stop.is_set() and not (until_end and not self.partitions_behind):
                self._step(write)
                if time.monotonic() - logged_at >= HOUSEKEEPING_SECONDS:
                    logged_at = time.monotonic()
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
        # While a partition is behind, the merger alone orders the records, and many records arrive in a second.
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
        ahead = {partition for partition, count in waiting if count >= AHEAD_RECORDS or sizes[partition] >= AHEAD_BYTES}
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
