"""The headless front end: draws only when a picture is due, in order, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from xafs_workers.figures.sequence_pictures import is_due, is_sequence_file_request
from xafs_workers.logs import get_logger
from xafs_workers.runtime.outcome import BACKOFF, Outcome, TryLater
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.picture_requests import requests_picture
from xafs_workers.scans.scan import Scan, scan_kinds
from xafs_workers.scans.scan_builder import affects_scans
from xafs_workers.wire import Answer

log = get_logger("headless")

IDLE_TIMEOUT = 0.5
"""How long the end waits for a desk that draws nothing, seconds."""


@dataclass(frozen=True, slots=True)
class PictureCallbacks:
    """What the desk hands things to.

    Attributes
    ----------
    draw
        Makes and publishes a picture from (message, scan, board); may raise `TryLater`.
    find_outcome
        The outcome recorded for a message, None for a new one.
    record_outcome
        Records an outcome.
    answer
        Sends an answer.
    give_up
        Told of a message that failed and why.
    warm_up
        Called once in the desk's thread: loads the drawing library.
    """

    draw: Callable[[ReceivedMessage, Scan, Board], Outcome]
    find_outcome: Callable[[ReceivedMessage], Outcome | None]
    record_outcome: Callable[[ReceivedMessage, Outcome], None]
    answer: Callable[[Answer], None]
    give_up: Callable[[ReceivedMessage, str], None]
    warm_up: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class _Job:
    control: ReceivedMessage
    scan: Scan
    board: Board


class PictureHandler:
    """Answers the messages that the headless worker owns, and draws the pictures they ask for.

    Its `on_message` and `poll` are called by the loop's thread; drawing and writing happen in the desk's own,
    one picture after another, each from the board as it was when its scan had settled.

    Parameters
    ----------
    reduces
        Reductions that a picture shows are waited for; False where nothing is reduced.
    """

    def __init__(self, callbacks: PictureCallbacks, worker: str = "headless", *, reduction_enabled: bool = False):
        self._callbacks, self._worker, self._reduction_enabled = callbacks, worker, reduction_enabled
        self._unsettled: list[ReceivedMessage] = []
        self._jobs: deque[_Job] = deque()
        self._received_at: dict[str, float] = {}
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run_jobs, name="desk", daemon=True)
        self.waits_for = ""
        self.last_files: tuple[str, ...] = ()

    def start(self) -> None:
        """Start the desk's thread."""
        self._thread.start()

    def on_message(self, control: ReceivedMessage, board: Board) -> None:
        """Answer a message, or put it down for a picture."""
        before = self._callbacks.find_outcome(control)
        if before is not None:
            self._send_answer(control, before)
            return
        if not affects_scans(control):
            log.info("not_acted_on", kind=control.message.kind, action=control.message.action)
            return
        scan = board.find_scan(control)
        if scan is None and control.message.kind in scan_kinds:
            self._fail(control, f"no {control.message.kind} is open")
        elif scan is not None and (
            requests_picture(control.message, scan) or is_sequence_file_request(control, scan, board)
        ):
            self._received_at[control.id] = time.monotonic()
            self._unsettled.append(control)
            self._send_answer(control, Outcome("accepted"))
        else:
            self._finish(control, Outcome("done"))

    def poll(self, board: Board) -> None:
        """Hand over the pictures that are due: of scans that have settled, and whose results are there."""
        if not self._unsettled:
            return
        for control in tuple(self._unsettled):
            scan = board.find_scan(control)
            if scan is None:
                self._unsettled.remove(control)
                self._fail(control, "its scan is no longer kept")
            elif is_due(control, scan, board, reduction_enabled=self._reduction_enabled):
                with self._changed:
                    self._jobs.append(_Job(control, scan, board))
                    self._unsettled.remove(control)
                    self._changed.notify_all()

    def pending(self) -> Iterable[ReceivedMessage]:
        """Return the messages whose pictures are not on disk."""
        with self._changed:
            return (*self._unsettled, *(job.control for job in self._jobs))

    def drain(self, timeout: float) -> bool:
        """Wait until all pictures that are due are done; return whether they are."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._jobs, timeout)

    def close(self, timeout: float = 3.0) -> None:
        """Stop after the picture in hand; what is left is done after the next start."""
        self._stop.set()
        with self._changed:
            busy = bool(self._jobs)
            self._changed.notify_all()
        if self._thread.is_alive():
            # Without a picture in hand it may still be loading the drawing library: that is not waited for.
            self._thread.join(timeout if busy else min(timeout, IDLE_TIMEOUT))

    def _run_jobs(self) -> None:
        self._callbacks.warm_up()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._jobs) or self._stop.is_set())
                if self._stop.is_set():
                    return
                job = self._jobs[0]
            if not self._do_job(job):
                return
            with self._changed:
                self._jobs.popleft()
                self._changed.notify_all()

    def _do_job(self, job: _Job) -> bool:
        """Do one job, however long storage is away; return False when told to stop meanwhile."""
        attempt = 0
        while (outcome := self._try_job(job)) is None:
            if self._stop.wait(BACKOFF[min(attempt, len(BACKOFF) - 1)]):
                return False
            attempt += 1
        self._report_waiting("")
        if outcome.state == "failed":
            self._fail(job.control, outcome.reason)
        else:
            self.last_files = outcome.paths or self.last_files
            self._finish(job.control, outcome)
        return True

    def _try_job(self, job: _Job) -> Outcome | None:
        """Return what became of a job, None where storage is away."""
        try:
            return self._callbacks.draw(job.control, job.scan, job.board)
        except TryLater as error:
            self._report_waiting(str(error))
            return None
        except Exception as error:
            log.exception("picture_failed", message=job.control.id)
            return Outcome("failed", reason=f"{type(error).__name__}: {error}")

    def _report_waiting(self, reason: str) -> None:
        if reason != self.waits_for:
            log.warning("waiting_for", reason=reason) if reason else log.info("wait_is_over", was=self.waits_for)
            self.waits_for = reason

    def _fail(self, control: ReceivedMessage, reason: str) -> None:
        log.warning("message_failed", kind=control.message.kind, action=control.message.action, reason=reason)
        self._callbacks.give_up(control, reason)
        self._finish(control, Outcome("failed", reason=reason))

    def _finish(self, control: ReceivedMessage, outcome: Outcome) -> None:
        self._callbacks.record_outcome(control, outcome)
        self._send_answer(control, outcome)

    def _send_answer(self, control: ReceivedMessage, outcome: Outcome) -> None:
        since = self._received_at.get(control.id)
        if outcome.state != "accepted":
            self._received_at.pop(control.id, None)
        self._callbacks.answer(
            Answer(
                message_id=control.id,
                worker=self._worker,
                kind=control.message.kind,
                action=control.message.action,
                state=outcome.state,
                value=outcome.value,
                paths=outcome.paths,
                reason=outcome.reason,
                seconds=0.0 if since is None else round(time.monotonic() - since, 6),
            )
        )
