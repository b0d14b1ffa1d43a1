"""Effect ledger in terms of messages and records, and dead letters built from them."""

from __future__ import annotations

from typing import Literal

from xafs_workers.consumer.record_parser import RejectedRecord
from xafs_workers.consumer.records import RawRecord, StampedMessage
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.scans.items import ReceivedMessage, RecordPosition
from xafs_workers.storage.ledger import EffectEntry, EffectKey, EffectTable
from xafs_workers.wire import DeadLetter, encode


class EffectLedger:
    """Ledger of the effects of messages and records.

    Parameters
    ----------
    cluster
        Id of the Kafka cluster.
    """

    def __init__(self, ledger: EffectTable, cluster: str):
        self._ledger, self._cluster_id = ledger, cluster

    def find_outcome(self, control: ReceivedMessage) -> Outcome | None:
        """Return the recorded outcome of a message, None for a new one; wait for no writer, as the loop calls it."""
        entry = self._ledger.look_up(self.build_key(control, "answer"))
        return None if entry is None else Outcome(entry.state, entry.paths, entry.reason)

    def record_outcome(self, control: ReceivedMessage, outcome: Outcome) -> None:
        """Record the outcome of a message."""
        self._ledger.finish(self.build_key(control, "answer"), *build_ending(outcome))

    def is_rejection_recorded(self, record: RawRecord) -> bool:
        """Check whether the dead letter of a record was sent before."""
        return self._ledger.find_entry(self.build_rejection_key(record)) is not None

    def record_rejection(self, record: RawRecord) -> None:
        """Record that the dead letter of a record was sent."""
        self._ledger.finish(self.build_rejection_key(record), "done")

    def begin_publishing(self, control: ReceivedMessage, name: str, path: str, sha256: str) -> None:
        """Record a file before it gets its name."""
        self._ledger.begin(self._build_file_key(control, name), path, sha256)

    def finish_publishing(self, control: ReceivedMessage, name: str, path: str) -> None:
        """Record that a file has its name."""
        self._ledger.finish(self._build_file_key(control, name), "done", paths=[path])

    def find_file_entry(self, control: ReceivedMessage, name: str) -> EffectEntry | None:
        """Return the entry of a file that a message asks for, None where there is none."""
        return self._ledger.find_entry(self._build_file_key(control, name))

    def add_version(self, control: ReceivedMessage, name: str, path: str, sha256: str) -> None:
        """Record a later content of a page that a message asks for, before the file gets it."""
        self._ledger.finish(self._build_version_key(control, name, sha256), "done", paths=[path])
        self.add_page(path, sha256)

    def add_page(self, path: str, sha256: str) -> None:
        """Record the content of a page, for whatever message, before the file gets it."""
        self._ledger.finish(self._build_page_key(path, sha256), "done", paths=[path])

    def is_own_page(self, path: str, sha256: str) -> bool:
        """Check whether this worker gave a page this content, for whatever message."""
        return self._ledger.find_entry(self._build_page_key(path, sha256)) is not None

    def is_own_version(self, control: ReceivedMessage, name: str, sha256: str) -> bool:
        """Check whether this worker gave a file this content for this message."""
        first = self.find_file_entry(control, name)
        if first is not None and first.sha256 == sha256:
            return True
        return self._ledger.find_entry(self._build_version_key(control, name, sha256)) is not None

    def is_follow_up_finished(self, control: ReceivedMessage) -> bool:
        """Check whether nothing is left to do after a message."""
        return self._ledger.find_entry(self.build_key(control, "follow-up")) is not None

    def finish_follow_up(self, control: ReceivedMessage) -> None:
        """Record that nothing is left to do after a message."""
        self._ledger.finish(self.build_key(control, "follow-up"), "done")

    def _build_page_key(self, path: str, sha256: str) -> EffectKey:
        return EffectKey(self._cluster_id, "", 0, 0, 0, f"page {sha256} of {path}")  # of no single record

    def _build_version_key(self, control: ReceivedMessage, name: str, sha256: str) -> EffectKey:
        return self.build_key(control, f"version {sha256} of {name}")

    def _build_file_key(self, control: ReceivedMessage, name: str) -> EffectKey:
        return self.build_key(control, f"file {name}")

    def build_key(self, control: ReceivedMessage, effect: str) -> EffectKey:
        """Return the ledger's key of an effect of a message."""
        return self._build_key(control.position, get_stamp(control), effect)

    def build_rejection_key(self, record: RawRecord) -> EffectKey:
        """Return the ledger's key of the dead letter of a record."""
        return self._build_key(record.position, record.stamp_ms, "dead-letter")

    def _build_key(self, origin: RecordPosition, stamp_ms: int, effect: str) -> EffectKey:
        return EffectKey(self._cluster_id, origin.topic, origin.partition, origin.offset, stamp_ms, effect)


def get_stamp(control: ReceivedMessage) -> int:
    """Return the stamp of a message's record, milliseconds.

    It identifies the record, which the record time does not: that is the arrival time if the stamp is far in the
    future, and another one after a restart.
    """
    return control.stamp_ms if isinstance(control, StampedMessage) else round(control.time * 1000)


def build_ending(outcome: Outcome) -> tuple[Literal["done", "failed"], str, tuple[str, ...]]:
    """Return the state, the reason and the paths with which an outcome is recorded."""
    reason = outcome.reason.encode(errors="backslashreplace").decode()  # it may quote a file name that is no text
    return "done" if outcome.state == "done" else "failed", reason, outcome.paths


def build_record_dead_letter(record: RawRecord, bad: RejectedRecord, worker: str) -> DeadLetter:
    """Return the dead letter of a record that could not be used."""
    return DeadLetter(
        worker,
        record.position.topic,
        record.position.partition,
        record.position.offset,
        record.time,
        bad.outcome,
        bad.reason,
        bad.kind,
        bad.field,
        (record.value or b"")[: 64 * 1024],
    )


def build_message_dead_letter(control: ReceivedMessage, reason: str, worker: str) -> DeadLetter:
    """Return the dead letter of a message that could not be carried out."""
    message = control.message
    excerpt = encode("", message.to_body())
    origin = control.position
    return DeadLetter(
        worker, origin.topic, origin.partition, origin.offset, control.time, "failed", reason, message.kind, "", excerpt
    )
