"""What a worker remembers of each message, in its ledger, and the dead letters made of records and messages."""

from __future__ import annotations

from collections.abc import Callable

from xafs_workers.consumer.record_parser import Bad
from xafs_workers.consumer.source import RawRecord
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.scans.items import Control, Origin
from xafs_workers.storage.ledger import Entry, Key, Ledger
from xafs_workers.wire import DeadLetter, encode


class Records:
    """The ledger in the terms of messages and records.

    Parameters
    ----------
    cluster
        Id of the Kafka cluster.
    """

    def __init__(self, ledger: Ledger, cluster: str):
        self._ledger, self._cluster = ledger, cluster

    def outcome(self, control: Control) -> Outcome | None:
        """Return what became of a message, None for a new one."""
        entry = self._ledger.entry(self.key(control.origin, control.time, "answer"))
        return None if entry is None else Outcome(entry.state, entry.paths, entry.reason)

    def record(self, control: Control, outcome: Outcome) -> None:
        """Remember what became of a message."""
        key = self.key(control.origin, control.time, "answer")
        self._ledger.finish(key, "done" if outcome.state == "done" else "failed", outcome.reason, outcome.paths)

    def once(self, record: RawRecord, act: Callable[[], None]) -> None:
        """Do something about a record unless it was done before."""
        key = self.key(record.origin, record.time, "dead-letter")
        if self._ledger.entry(key) is None:
            act()
            self._ledger.finish(key, "done")

    def about_to_publish(self, control: Control, name: str, path: str, sha256: str) -> None:
        """Remember a file before it gets its name."""
        self._ledger.begin(self._file(control, name), path, sha256)

    def published(self, control: Control, name: str, path: str) -> None:
        """Remember that a file is in its place."""
        self._ledger.finish(self._file(control, name), "done", paths=[path])

    def file_entry(self, control: Control, name: str) -> Entry | None:
        """Return what is known of a file that a message asks for, None where nothing is."""
        return self._ledger.entry(self._file(control, name))

    def _file(self, control: Control, name: str) -> Key:
        return self.key(control.origin, control.time, f"file {name}")

    def key(self, origin: Origin, time: float, effect: str) -> Key:
        """Return the ledger's key of an effect of a record."""
        return Key(self._cluster, origin.topic, origin.partition, origin.offset, round(time * 1000), effect)


def dead_letter_of_record(record: RawRecord, bad: Bad, worker: str) -> DeadLetter:
    """Return the dead letter of a record that could not be used."""
    return DeadLetter(
        worker,
        record.origin.topic,
        record.origin.partition,
        record.origin.offset,
        record.time,
        bad.outcome,
        bad.reason,
        bad.kind,
        bad.field,
        (record.value or b"")[: 64 * 1024],
    )


def dead_letter_of_message(control: Control, reason: str, worker: str) -> DeadLetter:
    """Return the dead letter of a message that could not be carried out."""
    message = control.message
    excerpt = encode("", message.model_dump(mode="python", exclude_unset=True))
    origin = control.origin
    return DeadLetter(
        worker, origin.topic, origin.partition, origin.offset, control.time, "failed", reason, message.kind, "", excerpt
    )
