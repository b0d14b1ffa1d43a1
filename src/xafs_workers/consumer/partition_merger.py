"""The partitions of several topics, merged by record time."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from xafs_workers.consumer.records import EndOfPartition, Partition, RawRecord


@dataclass(slots=True)
class _PartitionQueue:
    """One partition's records that wait, and whether more are known to come."""

    records: deque[RawRecord] = field(default_factory=deque[RawRecord])
    is_at_end: bool = False
    size: int = 0


class PartitionMerger:
    """Merges partitions by record time, so that catching up happens in the order of events.

    A record is released once each other partition has one waiting too, or was read to its end. Live, every partition
    is at its end and records pass at once. At equal times topic and number decide. One partition's own order is
    always kept, even where its times run backwards.
    """

    def __init__(self, partitions: Iterable[Partition]):
        self._queues: dict[Partition, _PartitionQueue] = {}
        self._heads: list[tuple[float, Partition]] = []
        self._blocking_count = 0  # partitions that are empty but not at their end
        self.add_partitions(partitions)

    def add_partitions(self, partitions: Iterable[Partition]) -> None:
        """Follow more partitions."""
        for partition in partitions:
            if partition not in self._queues:
                self._queues[partition] = _PartitionQueue()
                self._blocking_count += 1

    def add_entry(self, entry: RawRecord | EndOfPartition) -> None:
        """Add an entry of the source, each partition in its order (KeyError for a partition that is not followed)."""
        lane = self._queues[entry.partition]
        if isinstance(entry, EndOfPartition):
            self._blocking_count -= not lane.records and not lane.is_at_end
            lane.is_at_end = True
            return
        if not lane.records:
            self._blocking_count -= not lane.is_at_end
            self._push_head(entry)
        lane.records.append(entry)
        lane.size += len(entry.value or b"")
        lane.is_at_end = False

    def release_ready(self) -> list[RawRecord]:
        """Release the records whose turn has come."""
        released: list[RawRecord] = []
        while self._heads and not self._blocking_count:
            if len(self._heads) == 1:
                released.extend(self._release_all(self._heads.pop()[1]))
            else:
                released.append(self._release_next())
        return released

    def drain(self) -> list[RawRecord]:
        """Release all that waits, in order, without waiting for partitions of which nothing comes."""
        released: list[RawRecord] = []
        while self._heads:
            released.append(self._release_next())
        return released

    @property
    def backlog(self) -> Mapping[Partition, int]:
        """Records that wait, of each partition."""
        return {partition: len(lane.records) for partition, lane in self._queues.items()}

    @property
    def backlog_bytes(self) -> Mapping[Partition, int]:
        """Size of the values that wait, bytes, of each partition."""
        return {partition: lane.size for partition, lane in self._queues.items()}

    def _push_head(self, record: RawRecord) -> None:
        heapq.heappush(self._heads, (record.time, record.partition))

    def _release_all(self, partition: Partition) -> Iterable[RawRecord]:
        """Release the records of the one partition that has any."""
        lane = self._queues[partition]
        records, lane.records, lane.size = lane.records, deque(), 0
        self._blocking_count += not lane.is_at_end
        return records

    def _release_next(self) -> RawRecord:
        lane = self._queues[heapq.heappop(self._heads)[1]]
        record = lane.records.popleft()
        lane.size -= len(record.value or b"")
        if lane.records:
            self._push_head(lane.records[0])
        else:
            self._blocking_count += not lane.is_at_end
        return record
