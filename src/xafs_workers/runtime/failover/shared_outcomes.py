"""Outcomes, answers and dead letters of a leader: each with its ledger entry in one transaction."""

from __future__ import annotations

from xafs_workers.consumer.publisher import EncodedRecord, Publisher
from xafs_workers.consumer.record_parser import RejectedRecord
from xafs_workers.consumer.records import RawRecord
from xafs_workers.runtime.effect_ledger import (
    EffectLedger,
    build_ending,
    build_message_dead_letter,
    build_record_dead_letter,
)
from xafs_workers.runtime.failover.shared_ledger import SharedLedger
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.runtime.outcome_reporter import guard_step
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.wire import Answer


class LeaderOutcomes:
    """Outcomes of a leader's messages, as `SharedOutcomes` of the message engine.

    Parameters
    ----------
    keys
        Builds the ledger's keys.
    worker
        Name of the worker, for its dead letters.
    """

    def __init__(self, ledger: SharedLedger, keys: EffectLedger, publisher: Publisher, worker: str):
        self._ledger, self._keys, self._publisher, self._worker = ledger, keys, publisher, worker

    def send_early(self, control: ReceivedMessage, answer: Answer) -> None:
        """Send an answer that comes before a message's outcome, and the dead letter of a failure, once; do not wait."""
        key = self._keys.build_key(control, f"early {answer.state}")
        self._ledger.send_once(key, self._encode_answer(control, answer))

    def settle(self, control: ReceivedMessage, outcome: Outcome, answer: Answer) -> None:
        """Record an outcome and send its answer, and the dead letter of a failure, all or none."""
        records = self._encode_answer(control, answer)
        key = self._keys.build_key(control, "answer")
        self._ledger.finish_and_send(key, *build_ending(outcome), records=records)

    def reject(self, record: RawRecord, rejected: RejectedRecord, answer: Answer | None) -> None:
        """Record that a record cannot be used, and send its dead letter and the answer to its sender, all or none."""
        records = self._publisher.encode_dead_letter(build_record_dead_letter(record, rejected, self._worker))
        if answer is not None:
            records += self._publisher.encode_answer(answer)
        self._ledger.finish_and_send(self._keys.build_rejection_key(record), "done", records=records)

    def _encode_answer(self, control: ReceivedMessage, answer: Answer) -> tuple[EncodedRecord, ...]:
        """Return an answer as records, after the dead letter of a failure."""
        records = self._publisher.encode_answer(answer)
        if answer.state == "failed":
            with guard_step("dead_letter_failed", control):
                letter = build_message_dead_letter(control, answer.reason, self._worker)
                return self._publisher.encode_dead_letter(letter) + records
        return records
