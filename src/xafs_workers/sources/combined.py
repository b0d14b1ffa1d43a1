"""Several sources read as one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence

from xafs_workers.consumer.records import Partition, RawRecord, SourceEntry, TopicObservations
from xafs_workers.consumer.source_interface import Source, SourceReport

SLICE_SECONDS = 0.02
"""Longest wait before sources that cannot wake the reader are looked at again, seconds."""


class CombinedSource:
    """Reads several sources; each has partitions of its own. It is its own `metadata`.

    Parameters
    ----------
    parts
        The first one carries the control messages.
    wake
        Set by the sources that have threads of their own.
    """

    def __init__(self, parts: Sequence[Source], wake: threading.Event):
        self._parts, self._wake = tuple(parts), wake
        self._owners: dict[str, Source] = {}
        self.metadata = self

    @property
    def observations(self) -> TopicObservations:
        """Observations of all sources together."""
        joined = TopicObservations()
        for part in self._parts:
            joined.removed |= part.observations.removed
            joined.broker_stamped |= part.observations.broker_stamped
        return joined

    @property
    def reports(self) -> tuple[SourceReport, ...]:
        """State of each source."""
        return tuple(report for part in self._parts for report in part.reports)

    @property
    def waits_for(self) -> str:
        """What the sources wait for, '' for nothing."""
        return "; ".join(part.waits_for for part in self._parts if part.waits_for)

    def wait_for_topics(self, stop: threading.Event) -> bool:
        """Wait until each source can be read."""
        return all(part.metadata.wait_for_topics(stop) for part in self._parts)

    def fetch_cluster_id(self) -> str:
        """Return the id of the store of control messages."""
        return self._parts[0].metadata.fetch_cluster_id()

    def list_partitions(self) -> tuple[Partition, ...]:
        """Return the partitions of all sources."""
        return tuple(partition for part in self._parts for partition in part.metadata.list_partitions())

    def fetch_committed_offsets(self) -> dict[Partition, int]:
        """Return the stored offsets of all sources."""
        return {place: at for part in self._parts for place, at in part.metadata.fetch_committed_offsets().items()}

    def fetch_watermarks(self) -> dict[Partition, tuple[int, int]]:
        """Return the watermarks of all partitions."""
        return {place: marks for part in self._parts for place, marks in part.metadata.fetch_watermarks().items()}

    def find_offsets(self, topic: str, time: float) -> dict[Partition, int]:
        """Return the offsets of a topic by time."""
        return self._find_owner(topic).metadata.find_offsets(topic, time)

    def read_record(self, partition: Partition, offset: int) -> RawRecord | None:
        """Return the first record at or after an offset."""
        return self._find_owner(partition[0]).metadata.read_record(partition, offset)

    def assign(self, positions: Mapping[Partition, int]) -> None:
        """Read these partitions, and no others, from these offsets on."""
        for part in self._parts:
            part.assign({place: at for place, at in positions.items() if self._find_owner(place[0]) is part})

    def poll(self, timeout: float, limit: int = 500) -> list[SourceEntry]:
        """Return the entries that have arrived; wait up to `timeout` seconds for the first."""
        deadline = time.monotonic() + timeout
        while True:
            entries = [entry for part in self._parts for entry in part.poll(0.0, limit)]
            left = deadline - time.monotonic()
            if entries or left <= 0:
                return entries
            self._wake.wait(min(left, SLICE_SECONDS))

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Stop reading some partitions."""
        for part, own in self._divide(partitions):
            part.pause(own)

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Go on reading them."""
        for part, own in self._divide(partitions):
            part.resume(own)

    def refresh_partitions(self) -> tuple[Partition, ...]:
        """Take up partitions that were added."""
        return tuple(partition for part in self._parts for partition in part.refresh_partitions())

    def compute_lag(self) -> int:
        """Return how many records of all sources were not read."""
        return sum(part.compute_lag() for part in self._parts)

    def is_at_end(self) -> bool:
        """Check whether every source has been read to its end."""
        return all(part.is_at_end() for part in self._parts)

    def store(self, positions: Mapping[Partition, int]) -> bool:
        """Store the next offsets of each source; False if one could not."""
        owned = [
            (part, {place: at for place, at in positions.items() if self._find_owner(place[0]) is part})
            for part in self._parts
        ]
        outcomes = [part.store(own) for part, own in owned if own]  # each is tried
        return all(outcomes)

    def count_removed(self, partition: Partition, offset: int, oldest: int) -> None:
        """Count records that are no longer there."""
        self._find_owner(partition[0]).count_removed(partition, offset, oldest)

    def close(self) -> None:
        """Close all sources."""
        for part in self._parts:
            part.close()

    def _divide(self, partitions: Iterable[Partition]) -> list[tuple[Source, list[Partition]]]:
        given = list(partitions)
        owned = [(part, [place for place in given if self._find_owner(place[0]) is part]) for part in self._parts]
        return [(part, own) for part, own in owned if own]

    def _find_owner(self, topic: str) -> Source:
        """Return the source of a topic (KeyError for a topic of none)."""
        if topic not in self._owners:
            self._owners = {place[0]: part for part in self._parts for place in part.metadata.list_partitions()}
        return self._owners[topic]
