"""Records of the topics of the state folder, read as those of Kafka are."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from xafs_workers.consumer.client import SourceError
from xafs_workers.consumer.records import EndOfPartition, Partition, RawRecord, SourceEntry, TopicObservations
from xafs_workers.consumer.source_interface import SourceReport
from xafs_workers.logs import get_logger
from xafs_workers.scans.items import RecordPosition
from xafs_workers.sources.local_topics import LocalRecord, LocalTopics

T = TypeVar("T")

log = get_logger("sources")

POLL_SECONDS = 0.02
"""Pause between two looks for new records, seconds."""


class LocalSource:
    """Reads topics of the state folder; it is its own `metadata`.

    Parameters
    ----------
    reader
        Name under which offsets are stored.
    """

    def __init__(self, topics: LocalTopics, names: Sequence[str], reader: str):
        self._topics, self._names, self._reader = topics, tuple(names), reader
        self._next: dict[str, int] = {}
        self._paused: set[str] = set()
        self._reported_ends: dict[str, int] = {}
        self._pause = threading.Event()
        self.metadata = self
        self.observations = TopicObservations()
        self.waits_for = ""

    @property
    def reports(self) -> tuple[SourceReport, ...]:
        """State of the topics, for heartbeats."""
        return (SourceReport("control", "at-least-once", self.waits_for),)

    def wait_for_topics(self, stop: threading.Event) -> bool:
        """Return at once: the file has been opened."""
        return not stop.is_set()

    def fetch_cluster_id(self) -> str:
        """Return the id of the file."""
        return self._topics.id

    def list_partitions(self) -> tuple[Partition, ...]:
        """Return one partition of each topic."""
        return tuple((name, 0) for name in self._names)

    def fetch_committed_offsets(self) -> dict[Partition, int]:
        """Return the stored offsets."""
        stored = self._ask(lambda: self._topics.fetch_committed(self._reader))
        return {(topic, 0): offset for topic, offset in stored.items() if topic in self._names}

    def fetch_watermarks(self) -> dict[Partition, tuple[int, int]]:
        """Return of each topic the oldest offset kept and the next one to be written."""
        return {(name, 0): self._ask(lambda n=name: self._topics.fetch_watermarks(n)) for name in self._names}

    def find_offsets(self, topic: str, time: float) -> dict[Partition, int]:
        """Return the first offset whose time is `time` or later."""
        return {(topic, 0): self._ask(lambda: self._topics.find_offset(topic, time))} if topic in self._names else {}

    def read_record(self, partition: Partition, offset: int) -> RawRecord | None:
        """Return the first record at or after an offset."""
        found = self._ask(lambda: self._topics.read(partition[0], offset, 1))
        return _build_raw_record(partition[0], found[0]) if found else None

    def assign(self, positions: Mapping[Partition, int]) -> None:
        """Read these topics from these offsets on."""
        self._next = {topic: offset for (topic, _), offset in positions.items()}
        self._paused.clear()
        self._reported_ends.clear()

    def poll(self, timeout: float, limit: int = 500) -> list[SourceEntry]:
        """Return the records that have arrived; wait up to `timeout` seconds for the first."""
        deadline = time.monotonic() + timeout
        while True:
            entries = self._read(limit)
            left = deadline - time.monotonic()
            if entries or left <= 0:
                return entries
            self._pause.wait(min(left, POLL_SECONDS))

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Stop reading some topics."""
        self._paused |= {topic for topic, _ in partitions}

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Go on reading them."""
        self._paused -= {topic for topic, _ in partitions}

    def refresh_partitions(self) -> tuple[Partition, ...]:
        """Return nothing: a topic has one partition."""
        return ()

    def compute_lag(self) -> int:
        """Return how many records were not read."""
        try:
            return sum(max(0, self._topics.fetch_watermarks(topic)[1] - at) for topic, at in self._next.items())
        except sqlite3.Error:
            return 0

    def is_at_end(self) -> bool:
        """Check whether everything has been returned."""
        return not self.waits_for and self.compute_lag() == 0

    def store(self, positions: Mapping[Partition, int]) -> bool:
        """Store the next offsets to be read; False, logged, if that failed."""
        chosen = {topic: offset for (topic, _), offset in positions.items() if topic in self._names}
        try:
            if chosen:
                self._topics.commit(self._reader, chosen)
        except sqlite3.Error as error:
            self._note_trouble(error)
            return False
        return True

    def count_removed(self, partition: Partition, offset: int, oldest: int) -> None:
        """Count the records between the offset to be read and the oldest one kept."""
        if oldest > offset >= 0 and (partition, offset) not in self.observations.removed:
            self.observations.removed[partition, offset] = oldest - offset
            log.error("records_removed_unread", partition=partition, count=oldest - offset, reason="retention")

    def close(self) -> None:
        """Close the file."""
        self._topics.close()

    def _read(self, limit: int) -> list[SourceEntry]:
        entries: list[SourceEntry] = []
        for topic in self._next.keys() - self._paused:
            try:
                found = self._topics.read(topic, self._next[topic], limit)
            except sqlite3.Error as error:
                self._note_trouble(error)
                return entries
            self._note_recovery()
            entries += [_build_raw_record(topic, record) for record in found]
            if found:
                self._next[topic] = found[-1].offset + 1
            if len(found) < limit and self._reported_ends.get(topic) != self._next[topic]:
                self._reported_ends[topic] = self._next[topic]
                entries.append(EndOfPartition((topic, 0), self._next[topic]))
        return entries

    def _ask(self, question: Callable[[], T]) -> T:
        try:
            return question()
        except sqlite3.Error as error:
            raise SourceError(f"the topics of the state folder cannot be read: {error}") from error

    def _note_trouble(self, error: sqlite3.Error) -> None:
        reason = f"the topics of the state folder: {error}"
        if reason != self.waits_for:
            log.warning("local_topics_unusable", reason=str(error))
        self.waits_for = reason

    def _note_recovery(self) -> None:
        if self.waits_for:
            log.info("local_topics_usable")
            self.waits_for = ""


def _build_raw_record(topic: str, record: LocalRecord) -> RawRecord:
    position = RecordPosition(topic, 0, record.offset)
    return RawRecord(position, record.time, record.key, record.value, stamp_ms=round(record.time * 1000))
