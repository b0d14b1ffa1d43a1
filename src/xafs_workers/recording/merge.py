"""Records of several partitions in the order of their record times, without waiting for what may never come."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from xafs_workers.recording.record import Record, Topic

Partition = tuple[Topic, int]

AHEAD = 5000
"""Records of one partition that are held before it is to be paused."""


@dataclass(order=True, slots=True)
class _Held:
    time: float
    topic: Topic
    partition: int
    offset: int
    arrived: float = field(compare=False)
    record: Record = field(compare=False)


class Merge:
    """Holds records back until none with an earlier time is to be expected.

    While a partition is behind (its end was not seen yet) its next record may be older than anything held: the
    others wait for it. When all have caught up, a record waits `settle` seconds for an earlier one from another
    partition, since two topics have no common order. Records of one partition keep their order even where their
    times do not rise.

    Parameters
    ----------
    behind
        Partitions that are still to reach their end.
    settle
        Seconds.
    """

    def __init__(self, behind: Collection[Partition], *, settle: float = 1.0):
        self.behind = set(behind)
        self._settle = settle
        self._heap: list[_Held] = []
        self._held: Counter[Partition] = Counter()
        self._latest: dict[Partition, float] = {}

    def add(self, record: Record, arrived: float) -> None:
        """Take in a record that arrived at that time (seconds of a steady clock)."""
        place = (record.topic, record.partition)
        self._latest[place] = max(record.time, self._latest.get(place, record.time))
        heapq.heappush(self._heap, _Held(self._latest[place], *place, record.offset, arrived, record))
        self._held[place] += 1

    def ready(self, now: float) -> Iterator[Record]:
        """Give out what may go at that time of the steady clock."""
        while self._heap and self._may_go(now):
            yield self._pop()

    def rest(self) -> Iterator[Record]:
        """Give out all that is held."""
        while self._heap:
            yield self._pop()

    def ahead(self) -> set[Partition]:
        """Return the partitions of which so much is held that reading them should wait."""
        return {place for place, count in self._held.items() if count >= AHEAD}

    def _may_go(self, now: float) -> bool:
        if self.behind:
            return all(self._held[place] for place in self.behind)
        return now - self._heap[0].arrived >= self._settle

    def _pop(self) -> Record:
        first = heapq.heappop(self._heap)
        self._held[first.topic, first.partition] -= 1
        return first.record
