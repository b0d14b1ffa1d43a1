"""Reader of records in the order of their times; it knows when all that existed at the start is read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from xafs_workers.consumer.partition_merger import PartitionMerger
from xafs_workers.consumer.records import EndOfPartition, Partition, RawRecord

MAX_AHEAD_RECORDS = 20_000
MAX_AHEAD_BYTES = 64 * 1024 * 1024
"""A partition that is held back by another is read no further ahead than this."""

PARTITION_REFRESH_SECONDS = 60.0
"""How often it is looked whether topics have more partitions, seconds."""


class RecordSource(Protocol):
    """Methods of a source that the reader uses."""

    def poll(self, timeout: float, limit: int = 500) -> list[RawRecord | EndOfPartition]:
        """Return the entries that have arrived."""
        ...

    def store(self, positions: dict[Partition, int]) -> bool:
        """Store offsets."""
        ...

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Stop reading some partitions."""
        ...

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Go on reading them."""
        ...

    def refresh_partitions(self) -> tuple[Partition, ...]:
        """Take up partitions that were added."""
        ...

    def is_at_end(self) -> bool:
        """Check whether, as far as is known, everything that exists has been returned."""
        ...


class OrderedReader:
    """Reads a source through a timeline.

    Attributes
    ----------
    caught_up
        True once all that was there at the start has been released.
    idle
        True where nothing arrived in the last turn.
    """

    def __init__(self, source: RecordSource, clock: Callable[[], float] = time.monotonic):
        self.caught_up = False
        self.idle = True
        self._source, self._clock = source, clock
        self._merger = PartitionMerger(())
        self._target_offsets: dict[Partition, int] = {}
        self._end_offsets: dict[Partition, int] = {}
        self._paused: set[Partition] = set()
        self._next_refresh_time = 0.0

    def begin(self, positions: Mapping[Partition, int], ends: Mapping[Partition, int]) -> None:
        """Start from these offsets; what lies before `ends` was there at the start."""
        self._merger = PartitionMerger(tuple(positions))
        self._target_offsets = {p: end for p, end in ends.items() if positions.get(p, end) < end}
        self._next_refresh_time = self._clock() + PARTITION_REFRESH_SECONDS
        self.caught_up = not self._target_offsets

    @property
    def backlog_size(self) -> int:
        """Number of records that wait for their turn."""
        return sum(self._merger.backlog.values())

    def is_at_end(self) -> bool:
        """Check whether everything that exists has been released, as far as is known."""
        return self.caught_up and not self.backlog_size and self._source.is_at_end()

    def take(self, timeout: float, *, is_held: bool = False) -> list[RawRecord]:
        """Return the records whose turn has come; wait up to `timeout` seconds for something to arrive.

        Parameters
        ----------
        is_held
            True to return nothing for now; the source stays in use, and is read no further ahead than usual.
        """
        self._refresh_partitions()
        entries = self._source.poll(timeout)
        self.idle = not entries
        for entry in entries:
            self._merger.add_entry(entry)
        released = [] if is_held else self._merger.release_ready()
        if self._target_offsets:
            self._update_targets(released, entries)
        self._pause_ahead()
        return released

    def _update_targets(self, released: Sequence[RawRecord], entries: Iterable[RawRecord | EndOfPartition]) -> None:
        """Strike off partitions: by their last record, or by their end (the last offset need not hold a record)."""
        reached: dict[Partition, int] = {}
        backlog = self._merger.backlog
        for record in reversed(released):  # the last of each partition is the first here
            reached.setdefault(record.partition, record.position.offset + 1)
            if len(reached) == len(backlog):
                break
        self._end_offsets |= {entry.partition: entry.offset for entry in entries if isinstance(entry, EndOfPartition)}
        for partition, goal in tuple(self._target_offsets.items()):
            # What was read up to its end may still be held back by another partition.
            ended = 0 if backlog[partition] else self._end_offsets.get(partition, 0)
            if max(reached.get(partition, 0), ended) >= goal:
                del self._target_offsets[partition]
        self.caught_up = not self._target_offsets

    def _pause_ahead(self) -> None:
        if not self._paused and self.backlog_size < MAX_AHEAD_RECORDS and self._count_bytes() < MAX_AHEAD_BYTES:
            return
        sizes = self._merger.backlog_bytes
        waiting = self._merger.backlog.items()
        ahead = {place for place, count in waiting if count >= MAX_AHEAD_RECORDS or sizes[place] >= MAX_AHEAD_BYTES}
        self._source.pause(ahead - self._paused)
        self._source.resume(self._paused - ahead)
        self._paused = ahead

    def _count_bytes(self) -> int:
        return sum(self._merger.backlog_bytes.values())

    def _refresh_partitions(self) -> None:
        if self.caught_up and self._clock() >= self._next_refresh_time:
            self._next_refresh_time = self._clock() + PARTITION_REFRESH_SECONDS
            self._merger.add_partitions(self._source.refresh_partitions())
