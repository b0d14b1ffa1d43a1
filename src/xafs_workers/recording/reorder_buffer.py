"""Records held for a moment, so that a late one of another partition still takes its place by record time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from xafs_workers.consumer.records import Partition, RawRecord
from xafs_workers.scans.items import RecordPosition


class ReorderBuffer:
    """Gives records out in the order of their times; one partition's own order is always kept.

    Two topics have no common order: of two records written at the same moment either may arrive first. A replay
    sends the lines of a file one after the other, so their order must be that of the record times.

    Parameters
    ----------
    seconds
        How long a record waits for an earlier one, counted from its arrival: a fast replay stamps records with times
        that are past when they arrive.
    """

    def __init__(self, seconds: float):
        self._seconds = seconds
        self._heap: list[tuple[float, RecordPosition, float, RawRecord]] = []
        self._latest: dict[Partition, float] = {}

    def add(self, record: RawRecord, now: float) -> None:
        """Take in a record that arrives now (seconds of a steady clock)."""
        time = max(record.time, self._latest.get(record.partition, record.time))
        self._latest[record.partition] = time
        heapq.heappush(self._heap, (time, record.position, now, record))

    def pop_ready(self, now: float) -> Iterator[RawRecord]:
        """Give out what has waited long enough."""
        while self._heap and now - self._heap[0][2] >= self._seconds:
            yield heapq.heappop(self._heap)[-1]

    def drain(self) -> Iterator[RawRecord]:
        """Give out all."""
        while self._heap:
            yield heapq.heappop(self._heap)[-1]
