"""Both topics written to a file as they pass."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Protocol

from xafs_workers.consumer.records import EndOfPartition, Partition, RawRecord
from xafs_workers.logs import get_logger
from xafs_workers.recording.merge import Merge
from xafs_workers.recording.record import Record, Topic
from xafs_workers.wire import Undecodable, decode

log = get_logger("recording")

HOUSEKEEPING_SECONDS = 60.0
POLL_SECONDS = 0.2
BEGINNING = -math.inf
"""As `since`: everything that the broker has."""


class Source(Protocol):
    """What is used of `consumer.source.KafkaSource`."""

    def watermarks(self) -> dict[Partition, tuple[int, int]]:
        """Return the oldest and the next offset of each partition."""
        ...

    def offsets_at(self, topic: str, time: float) -> dict[Partition, int]:
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
class Written:
    """What went into a recording.

    Attributes
    ----------
    undecodable
        Records kept as bytes, because they are no message.
    """

    records: Counter[Topic] = field(default_factory=Counter)
    undecodable: int = 0
    seconds: float = 0.0


class Recorder:
    """Writes what a source brings, in the order of record times.

    Parameters
    ----------
    topics
        Names of the control and the documents topic.
    write
        Takes each record.
    settle
        How long a record is held back for an earlier one of another partition, seconds.
    """

    def __init__(
        self, source: Source, topics: Mapping[Topic, str], write: Callable[[Record], None], *, settle: float = 1.0
    ):
        self._source = source
        self._topics = dict(topics)
        self._kinds: dict[str, Topic] = {name: topic for topic, name in topics.items()}
        self._write = write
        self._settle = settle
        self._since = BEGINNING
        self._paused: set[Partition] = set()
        self.written = Written()

    def start(self, since: float | None) -> None:
        """Choose where to begin: None for now, `BEGINNING`, or a record time (POSIX seconds)."""
        marks = self._source.watermarks()
        positions = {place: (low if since == BEGINNING else high) for place, (low, high) in marks.items()}
        if since is not None and since != BEGINNING:
            self._since = since
            for name in self._topics.values():
                positions |= self._source.offsets_at(name, since)
        self._merge = Merge([self._place(place) for place in marks], settle=self._settle)
        self._source.assign(positions)

    def run(self, stop: Event, *, until_end: bool = False) -> Written:
        """Record until `stop` is set (with `until_end`: or until the end of every partition was seen)."""
        began = kept = time.monotonic()
        try:
            while not stop.is_set() and not (until_end and not self._merge.behind):
                self._take(self._source.poll(POLL_SECONDS))
                now = time.monotonic()
                self._put(self._merge.ready(now))
                self._hold_back()
                if now - kept >= HOUSEKEEPING_SECONDS:
                    kept = now
                    self._source.refresh_partitions()
                    log.info("recording", undecodable=self.written.undecodable, **self.written.records)
        finally:
            self._put(self._merge.rest())
            self.written.seconds = time.monotonic() - began
        return self.written

    def _place(self, partition: Partition) -> tuple[Topic, int]:
        return self._kinds[partition[0]], partition[1]

    def _take(self, items: Iterable[RawRecord | EndOfPartition]) -> None:
        now = time.monotonic()
        for item in items:
            if isinstance(item, EndOfPartition):
                self._merge.behind.discard(self._place(item.partition))
            elif item.time >= self._since:
                self._merge.add(self._record(item), now)

    def _record(self, item: RawRecord) -> Record:
        topic, partition = self._place(item.partition)
        bare = Record(item.time, topic, raw=item.value, key=item.key, partition=partition, offset=item.origin.offset)
        try:
            name, body = decode(item.value)
        except Undecodable:
            self.written.undecodable += 1
            return bare
        return Record(
            item.time, topic, name, body, raw=item.value, key=item.key, partition=partition, offset=bare.offset
        )

    def _hold_back(self) -> None:
        ahead = {(self._topics[topic], number) for topic, number in self._merge.ahead()}
        self._source.pause(ahead - self._paused)
        self._source.resume(self._paused - ahead)
        self._paused = ahead

    def _put(self, records: Iterable[Record]) -> None:
        for record in records:
            self._write(record)
            self.written.records[record.topic] += 1
