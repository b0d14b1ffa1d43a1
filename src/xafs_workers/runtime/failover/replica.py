"""Copy of the shared ledger in the state folder, kept up to date from the ledger topic."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from xafs_workers.consumer.source import EndOfPartition, KafkaSource, RawRecord
from xafs_workers.logs import get_logger
from xafs_workers.runtime.failover.changes import APPLY_RETRY_SECONDS, Change, Lease, parse_item
from xafs_workers.runtime.failover.lease import LeaseWatch
from xafs_workers.services.slack.outbox import Outbox, PostChange
from xafs_workers.storage.errors import Unavailable
from xafs_workers.storage.ledger import EffectEntry, Ledger

log = get_logger("workers")

LOOK_BACK = 1000
"""Number of offsets before the stored one that are read again for the newest lease."""


class LedgerTopicInvalid(Exception):
    """The ledger topic cannot be used; the text gives the reason."""


class StateCopy:
    """Ledger and outbox of the state folder as a copy of what the instances share."""

    def __init__(self, ledger: Ledger, outbox: Outbox, topic: str):
        self._ledger, self._outbox, self._topic = ledger, outbox, topic

    def apply(self, changes: Sequence[Change], offset: int) -> None:
        """Store changes, and that everything up to `offset` is stored; doing it again changes nothing.

        Raises
        ------
        Unavailable, OSError
            The state folder cannot be written now.
        """
        for post in (post for change in changes for post in change.posts):
            self._outbox.apply(post)
        entries = [entry for change in changes for entry in change.entries]
        self._ledger.put_entries(entries, self._topic, offset + 1)

    def read_position(self) -> int:
        """Return the offset after the last stored change, 0 before the first."""
        return self._ledger.read_position(self._topic)

    def list_changes(self, size: int) -> list[Change]:
        """Return all that is stored, in changes of at most `size` entries or posts."""
        entries, posts = self._ledger.list_entries(), self._outbox.list_changes()
        found = [Change(entries=tuple(entries[at : at + size])) for at in range(0, len(entries), size)]
        return found + [Change(posts=tuple(posts[at : at + size])) for at in range(0, len(posts), size)]


class Replica:
    """Reader of the ledger topic; one thread uses it.

    Attributes
    ----------
    next_offset
        Offset of the next record to be read.
    is_empty
        Whether the topic held no record at the start.
    is_current
        Whether everything that was there has been read.
    """

    def __init__(self, source: KafkaSource, topic: str, state: StateCopy, watch: LeaseWatch):
        self._source, self._topic, self._state, self._watch = source, topic, state, watch
        self._stored = 0
        self._stop = threading.Event()
        self.next_offset = 0
        self.is_empty = False
        self.is_current = False

    def begin(self, stop: threading.Event) -> None:
        """Read from where the state folder's copy ends; `stop` ends the waits for the state folder.

        Raises
        ------
        LedgerTopicInvalid
            The topic has several partitions.
        SourceError
            No broker answers.
        """
        self._stop = stop
        marks = self._source.metadata.fetch_watermarks()
        if len(marks) != 1:
            raise LedgerTopicInvalid(f"topic {self._topic} has {len(marks)} partitions (expected one)")
        ((partition, (low, high)),) = marks.items()
        self._stored = position if low <= (position := self._state.read_position()) <= high else low
        self.is_empty = high == 0
        self.next_offset = max(low, self._stored - LOOK_BACK)
        self._source.assign({partition: self.next_offset})

    def poll(self, clock_time: float, timeout: float = 0.2) -> None:
        """Read what is there and store it; without a broker nothing is missed, so the lease is waited for again."""
        entries = self._source.poll(timeout)
        if self._source.brokers_away:
            self._watch.restart(clock_time)
        records = [entry for entry in entries if isinstance(entry, RawRecord)]
        if records:
            self._store(records, clock_time)
        if any(isinstance(entry, EndOfPartition) for entry in entries):
            self.is_current = True

    def close(self) -> None:
        """Leave the brokers."""
        self._source.close()

    def _store(self, records: Sequence[RawRecord], clock_time: float) -> None:
        changes = [change for record in records if (change := self._read_record(record, clock_time)) is not None]
        last = records[-1].position.offset
        while changes:
            try:
                self._state.apply(changes, last)
                break
            except (Unavailable, OSError) as away:  # the records are in hand only once
                log.warning("waiting_for", reason=str(away))
                if self._stop.wait(APPLY_RETRY_SECONDS):
                    return
        self.next_offset = last + 1

    def _read_record(self, record: RawRecord, clock_time: float) -> Change | None:
        """Take note of a lease; return any other item that the copy does not have."""
        try:
            item = parse_item(record.key, record.value)
        except ValueError as error:
            log.error("ledger_record_skipped", record=str(record.position), reason=str(error))
            return None
        if isinstance(item, Lease):
            self._watch.add_lease(item, clock_time)
            return None
        if item is None or record.position.offset < self._stored:
            return None
        return Change(posts=(item,)) if isinstance(item, PostChange) else _build_entry_change(item)


def _build_entry_change(entry: EffectEntry) -> Change:
    return Change(entries=(entry,))
