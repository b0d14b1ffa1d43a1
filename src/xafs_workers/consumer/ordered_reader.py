"""What is read, in the order of record times, and whether all that was there at the start has been."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from xafs_workers.consumer.partition_merger import Timeline
from xafs_workers.consumer.records import EndOfPartition, Partition, RawRecord

AHEAD_RECORDS = 20_000
AHEAD_BYTES = 64 * 1024 * 1024
"""A partition that is held back by another is read no further ahead than this."""

NEW_PARTITIONS = 60.0
"""How often it is looked whether topics have more partitions, seconds."""


class Source(Protocol):
    """What is needed of Kafka."""

    def poll(self, timeout: float, limit: int = 500) -> list[RawRecord | EndOfPartition]:
        """Return what arrived."""
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


class Intake:
    """Reads a source through a timeline.

    Attributes
    ----------
    caught_up
        True once all that was there at the start has been released.
    idle
        True where nothing arrived in the last turn.
    """

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic):
        self.caught_up = False
        self.idle = True
        self._source, self._clock = source, clock
        self._timeline = Timeline(())
        self._goal: dict[Partition, int] = {}
        self._ended: dict[Partition, int] = {}
        self._paused: set[Partition] = set()
        self._look_due = 0.0

    def begin(self, positions: Mapping[Partition, int], ends: Mapping[Partition, int]) -> None:
        """Start from these offsets; what lies before `ends` was there at the start."""
        self._timeline = Timeline(tuple(positions))
        self._goal = {p: end for p, end in ends.items() if positions.get(p, end) < end}
        self._look_due = self._clock() + NEW_PARTITIONS
        self.caught_up = not self._goal

    @property
    def behind(self) -> int:
        """How many records wait for their turn."""
        return sum(self._timeline.backlog.values())

    def take(self, timeout: float) -> list[RawRecord]:
        """Return the records whose turn has come; wait up to `timeout` seconds for something to arrive."""
        self._look_for_partitions()
        entries = self._source.poll(timeout)
        self.idle = not entries
        for entry in entries:
            self._timeline.feed(entry)
        released = self._timeline.ready()
        if self._goal:
            self._look_at_goal(released, entries)
        self._hold_back()
        return released

    def _look_at_goal(self, released: Iterable[RawRecord], entries: Iterable[RawRecord | EndOfPartition]) -> None:
        """Strike off partitions: by their last record, or by their end (the last offset need not hold a record)."""
        reached = {record.partition: record.origin.offset + 1 for record in released}
        self._ended |= {entry.partition: entry.offset for entry in entries if isinstance(entry, EndOfPartition)}
        backlog = self._timeline.backlog
        for partition, goal in tuple(self._goal.items()):
            # What was read up to its end may still be held back by another partition.
            ended = 0 if backlog[partition] else self._ended.get(partition, 0)
            if max(reached.get(partition, 0), ended) >= goal:
                del self._goal[partition]
        self.caught_up = not self._goal

    def _hold_back(self) -> None:
        if not self._paused and self.behind < AHEAD_RECORDS and self._bytes() < AHEAD_BYTES:
            return
        sizes = self._timeline.backlog_bytes
        waiting = self._timeline.backlog.items()
        ahead = {place for place, count in waiting if count >= AHEAD_RECORDS or sizes[place] >= AHEAD_BYTES}
        self._source.pause(ahead - self._paused)
        self._source.resume(self._paused - ahead)
        self._paused = ahead

    def _bytes(self) -> int:
        return sum(self._timeline.backlog_bytes.values())

    def _look_for_partitions(self) -> None:
        if self.caught_up and self._clock() >= self._look_due:
            self._look_due = self._clock() + NEW_PARTITIONS
            self._timeline.add(self._source.refresh_partitions())
