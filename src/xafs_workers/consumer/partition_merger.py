"""The partitions of several topics, merged by record time."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from xafs_workers.consumer.records import EndOfPartition, Partition, RawRecord


@dataclass(slots=True)
class _Lane:
    """One partition's records that wait, and whether more are known to come."""

    records: deque[RawRecord] = field(default_factory=deque[RawRecord])
    at_end: bool = False
    size: int = 0


class Timeline:
    """Merges partitions by record time, so that catching up happens in the order in which things were.

    A record is released once each other partition has one waiting too, or was read to its end. Live, every partition
    stands at its end and records pass at once. At equal times topic and number decide. One partition's own order is
    always kept, even where its times run backwards.
    """

    def __init__(self, partitions: Iterable[Partition]):
        self._lanes: dict[Partition, _Lane] = {}
        self._heads: list[tuple[float, Partition]] = []
        self._silent = 0  # lanes that are empty but not at their end
        self.add(partitions)

    def add(self, partitions: Iterable[Partition]) -> None:
        """Follow more partitions."""
        for partition in partitions:
            if partition not in self._lanes:
                self._lanes[partition] = _Lane()
                self._silent += 1

    def feed(self, entry: RawRecord | EndOfPartition) -> None:
        """Take what the source gave, each partition in its order (KeyError for a partition that is not followed)."""
        lane = self._lanes[entry.partition]
        if isinstance(entry, EndOfPartition):
            self._silent -= not lane.records and not lane.at_end
            lane.at_end = True
            return
        if not lane.records:
            self._silent -= not lane.at_end
            self._show(entry)
        lane.records.append(entry)
        lane.size += len(entry.value or b"")
        lane.at_end = False

    def ready(self) -> list[RawRecord]:
        """Release the records whose turn has come."""
        released: list[RawRecord] = []
        while self._heads and not self._silent:
            released.append(self._release())
        return released

    def drain(self) -> list[RawRecord]:
        """Release all that waits, in order, without waiting for partitions of which nothing comes."""
        released: list[RawRecord] = []
        while self._heads:
            released.append(self._release())
        return released

    @property
    def backlog(self) -> Mapping[Partition, int]:
        """Records that wait, of each partition."""
        return {partition: len(lane.records) for partition, lane in self._lanes.items()}

    @property
    def backlog_bytes(self) -> Mapping[Partition, int]:
        """Size of the values that wait, bytes, of each partition."""
        return {partition: lane.size for partition, lane in self._lanes.items()}

    @property
    def waits_for(self) -> tuple[Partition, ...]:
        """Partitions that hold the others back: nothing of them waits and their end is not reached."""
        silent = (partition for partition, lane in self._lanes.items() if not lane.records and not lane.at_end)
        return tuple(silent)

    def _show(self, record: RawRecord) -> None:
        heapq.heappush(self._heads, (record.time, record.partition))

    def _release(self) -> RawRecord:
        lane = self._lanes[heapq.heappop(self._heads)[1]]
        record = lane.records.popleft()
        lane.size -= len(record.value or b"")
        if lane.records:
            self._show(lane.records[0])
        else:
            self._silent += not lane.at_end
        return record
