"""Reports of the outcomes of messages: ledger, answer and dead letter, in the order that loses nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from xafs_workers.logs import get_logger
from xafs_workers.runtime.effect_ledger import get_stamp
from xafs_workers.runtime.engine_callbacks import EngineCallbacks
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.runtime.retry import retry_until_done
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.storage.errors import Unavailable
from xafs_workers.wire import Answer

log = get_logger("workers")


class OutcomeReporter:
    """Reporter of the outcomes of one worker's messages.

    Parameters
    ----------
    worker
        Name of the worker, for its answers.
    """

    def __init__(self, callbacks: EngineCallbacks, worker: str):
        self._callbacks, self._worker = callbacks, worker

    def accept(self, control: ReceivedMessage, since: float) -> None:
        """Answer that a message is accepted; wait for nothing.

        Parameters
        ----------
        since
            Time of the message's arrival, by the monotonic clock.

        Raises
        ------
        Unavailable
            It is not known whether this was answered before.
        """
        self._send_early(control, self._build_answer(control, since, Outcome("accepted")))

    def answer_first(
        self,
        control: ReceivedMessage,
        since: float,
        outcome: Outcome,
        stop: threading.Event,
        note: Callable[[str], None],
    ) -> bool:
        """Answer before the files of a message are made; return False when asked to stop meanwhile."""
        self._log_failure(control, outcome)
        if outcome.state == "failed" and self._callbacks.shared is None:
            with guard_step("dead_letter_failed", control):
                self._callbacks.give_up(control, outcome.reason)
        self._write_reply(control, outcome)
        answer = self._build_answer(control, since, outcome)
        return (
            retry_until_done(
                lambda: self._try_to_record(lambda kept: self._send_early(control, answer), control, outcome, note),
                stop,
            )
            is not None
        )

    def repeat(self, control: ReceivedMessage, since: float, before: Outcome) -> None:
        """Answer a message that was done before a restart, unless its answer was sent."""
        if self._callbacks.shared is None:
            self._send_answer(control, self._build_answer(control, since, before))

    def settle(
        self,
        control: ReceivedMessage,
        since: float,
        outcome: Outcome,
        stop: threading.Event,
        note: Callable[[str], None],
    ) -> bool:
        """Record an outcome and send what belongs to it; return False when asked to stop meanwhile."""
        self._log_failure(control, outcome)
        self._write_reply(control, outcome)
        answer = self._build_answer(control, since, outcome)
        settled = retry_until_done(self._build_attempt(control, outcome, answer, note), stop) is not None
        if settled:
            note("")
            if self._callbacks.shared is None and outcome.state != "value":
                self._send_answer(control, answer)
        return settled

    def _build_attempt(
        self, control: ReceivedMessage, outcome: Outcome, answer: Answer, note: Callable[[str], None]
    ) -> Callable[[], bool | None]:
        """Return the attempt to repeat; what is sent before the record of the outcome is sent once."""
        shared = self._callbacks.shared
        if shared is not None:
            return lambda: self._try_to_record(
                lambda kept: shared.settle(control, kept, answer), control, outcome, note
            )
        if outcome.state == "failed":
            with guard_step("dead_letter_failed", control):
                self._callbacks.give_up(control, outcome.reason)
        elif outcome.state == "value":
            self._send_answer(control, answer)
        return lambda: self._try_to_record(
            lambda kept: self._callbacks.record_outcome(control, kept), control, outcome, note
        )

    def _write_reply(self, control: ReceivedMessage, outcome: Outcome) -> None:
        if outcome.state == "value":
            with guard_step("reply_failed", control):
                self._callbacks.write_reply(control.message.kind, outcome.value)

    def _log_failure(self, control: ReceivedMessage, outcome: Outcome) -> None:
        if outcome.state == "failed":
            log.warning(
                "message_failed",
                kind=control.message.kind,
                action=control.message.action,
                message=control.id,
                reason=outcome.reason,
            )

    def _try_to_record(
        self,
        record: Callable[[Outcome], object],
        control: ReceivedMessage,
        outcome: Outcome,
        note: Callable[[str], None],
    ) -> bool | None:
        """Record an outcome; return None where the ledger cannot be written now."""
        recorded = Outcome("done") if outcome.state == "value" else outcome
        try:
            try:
                record(recorded)
            except (TypeError, ValueError, OverflowError):  # its texts, not the ledger
                log.exception("outcome_shortened", message=control.id)
                record(Outcome(recorded.state))
        except Unavailable as away:
            note(away.reason)
            return None
        return True

    def _build_answer(self, control: ReceivedMessage, since: float, outcome: Outcome) -> Answer:
        message = control.message
        return Answer(
            message_id=control.id,
            worker=self._worker,
            kind=message.kind,
            action=message.action,
            state=outcome.state,
            value=outcome.value,
            paths=outcome.paths,
            reason=outcome.reason,
            seconds=round(time.monotonic() - since, 6),
            origin=f"{control.position}@{get_stamp(control)}",
        )

    def _send_early(self, control: ReceivedMessage, answer: Answer) -> None:
        if self._callbacks.shared is not None:
            self._callbacks.shared.send_early(control, answer)
        else:
            self._send_answer(control, answer)

    def _send_answer(self, control: ReceivedMessage, answer: Answer) -> None:
        with guard_step("answer_failed", control):
            self._callbacks.answer(answer)


@contextmanager
def guard_step(event: str, control: ReceivedMessage) -> Iterator[None]:
    """Log an error of one step of a message: it must not end the thread, which has other messages to carry out."""
    try:
        yield
    except Exception:
        log.exception(event, message=control.id)
