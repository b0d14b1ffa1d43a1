"""Buffer that holds records for a moment, so that a late record of another partition is still sorted by its time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from xafs_workers.consumer.records import Partition, RawRecord
from xafs_workers.scans.items import RecordPosition


class ReorderBuffer:
    """Sorts records by their times; the order within a partition never changes.

    Two topics have no common order: of two records written at the same moment either may arrive first. A replay
    sends the lines of a file one after the other, so they must be in the order of record times.

    Parameters
    ----------
    seconds
        Time for which a record waits for an earlier one. It counts from the record's arrival, because the record
        times of a fast replay are already past when the records arrive.
    """

    def __init__(self, seconds: float):
        self._seconds = seconds
        self._heap: list[tuple[float, RecordPosition, float, RawRecord]] = []
        self._latest: dict[Partition, float] = {}

    def add(self, record: RawRecord, now: float) -> None:
        """Add a record that arrives now (seconds of a clock that is never set)."""
        time = max(record.time, self._latest.get(record.partition, record.time))
        self._latest[record.partition] = time
        heapq.heappush(self._heap, (time, record.position, now, record))

    def pop_ready(self, now: float) -> Iterator[RawRecord]:
        """Remove and yield the records that have waited long enough."""
        while self._heap and now - self._heap[0][2] >= self._seconds:
            yield heapq.heappop(self._heap)[-1]

    def drain(self) -> Iterator[RawRecord]:
        """Remove and yield all records."""
        while self._heap:
            yield heapq.heappop(self._heap)[-1]
