"""Work of the headless plot manager: each picture is drawn when it is due, one after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from xafs_workers.figures.figure_builder import answer_value_builders
from xafs_workers.logs import get_logger
from xafs_workers.plots.actions.registry import immediate_actions
from xafs_workers.plots.answer_handler import AnswerHandler
from xafs_workers.plots.question_handler import QuestionHandler
from xafs_workers.plots.run_pictures import RunPictures, SequenceEnds
from xafs_workers.runtime.engine_callbacks import EngineCallbacks
from xafs_workers.runtime.message_engine import MessageEngine
from xafs_workers.runtime.outcome import Outcome, Task
from xafs_workers.scans.analysis import is_analysing
from xafs_workers.scans.board import Board
from xafs_workers.scans.implied_pictures import are_pictures_complete, find_implied_scans
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.picture_requests import is_picture_due, requests_picture
from xafs_workers.scans.scan import Scan, scan_kinds
from xafs_workers.scans.scan_builder import affects_scans

log = get_logger("headless")

RunPictureMaker = Callable[[ReceivedMessage, Sequence[Scan], Board], Outcome]

WORKER = "headless"
PICTURE_QUEUE = "pictures"
"""Queue in which all pictures are drawn, in order."""


class PictureHandler:
    """Handler that decides which picture a message asks for; each is drawn from the board on which its scan settled.

    Parameters
    ----------
    draw
        Makes and publishes a picture from (message, scan, board); may raise `TryLater`.
    answers
        Finds the tasks of messages that ask for an analysis.
    reduction_enabled
        Whether reductions that a picture shows are waited for; False where nothing is reduced.
    draw_run
        Makes and publishes the pictures of implied scans from (request, scans, board).
    """

    def __init__(
        self,
        draw: Callable[[ReceivedMessage, Scan, Board], Outcome],
        answers: AnswerHandler,
        *,
        reduction_enabled: bool = False,
        draw_run: RunPictureMaker | None = None,
    ):
        self._draw, self._answers, self._reduction_enabled = draw, answers, reduction_enabled
        self._draw_run, self._ends = draw_run, SequenceEnds()
        self._questions = QuestionHandler()

    def is_relevant(self, control: ReceivedMessage) -> bool:
        """Check whether a message affects scans, asks about one, or has an action without a picture."""
        has_action = control.message.get_key() in immediate_actions or self._questions.is_question(control)
        if has_action or affects_scans(control) or isinstance(control.message, RunPictures):
            return True
        log.info("not_acted_on", kind=control.message.kind, action=control.message.action)
        return False

    def is_answered_again(self, control: ReceivedMessage) -> bool:
        """Check whether a plan may wait for the answer: to every message but a request that none sent."""
        return not isinstance(control.message, RunPictures)

    def examine(self, control: ReceivedMessage, board: Board) -> Outcome | None:
        """Return the outcome of a message that asks for neither picture nor answer; None for one that does."""
        act = immediate_actions.get(control.message.get_key())
        if act is not None:
            return act(control, board)
        if self._questions.is_question(control) or isinstance(control.message, RunPictures):
            return None
        scan = board.find_scan(control)
        if scan is None and control.message.kind in scan_kinds:
            return Outcome("failed", reason=f"no {control.message.kind} is open")
        if scan is not None and (
            is_analysing(control) or requests_picture(control, scan, board) or _is_reporting_end(control, scan)
        ):
            return None
        return Outcome("done")

    def find_task(self, control: ReceivedMessage, board: Board) -> Task | Outcome | None:
        """Return the task of a message whose picture can be drawn, or whose answer is known; None before."""
        if self._questions.is_question(control):
            return self._questions.find_outcome(control, board)
        if isinstance(control.message, RunPictures):
            return self._find_run_task(control, control.message.uid, board)
        scan = board.find_scan(control)
        if scan is None:
            return Outcome("failed", reason="its scan is no longer kept")
        if is_analysing(control):
            draw = partial(self._draw, control, scan, board) if requests_picture(control, scan, board) else None
            return self._answers.find_task(control, scan, board, draw, PICTURE_QUEUE)
        if is_picture_due(control, scan, board, reduction_enabled=self._reduction_enabled):
            if not requests_picture(control, scan, board):
                return Outcome("done", value=answer_value_builders[scan.kind](board, scan) or None)
            missing = _describe_missing_runs(control, scan, board)
            if missing:
                return Outcome("failed", reason=missing)
            return Task(PICTURE_QUEUE, partial(self._draw, control, scan, board))
        return None

    def _find_run_task(self, control: ReceivedMessage, uid: str, board: Board) -> Task | Outcome | None:
        """Return the task that draws implied scans once they are over; None before."""
        if uid not in board.runs:
            return Outcome("failed", reason=f"run {uid}: no longer kept")
        scans = find_implied_scans(uid, board)
        if not scans or self._draw_run is None:
            return Outcome("done", reason=f"run {uid}: a message asks for its pictures")
        if scans[0].run_uids[0] != uid:
            return Outcome("done", reason=f"run {uid}: shown with run {scans[0].run_uids[0]}")
        is_over = self._ends.are_over(scans, board)
        if not is_over or not are_pictures_complete(scans, board, reduction_enabled=self._reduction_enabled):
            return None
        return Task(PICTURE_QUEUE, partial(self._draw_run, control, scans, board))


def _is_reporting_end(control: ReceivedMessage, scan: Scan) -> bool:
    """Check whether a message ends a scan whose answer has a value, also where it asks for no picture."""
    return control == scan.end and scan.kind in answer_value_builders


def _describe_missing_runs(control: ReceivedMessage, scan: Scan, board: Board) -> str:
    """Return which runs that the picture must show are not there: those of its message, at the end the scan's."""
    own = control.message.named_run
    return board.describe_missing_runs(scan.named_run_uids if control == scan.end else (own,) if own else ())


def build_picture_engine(
    draw: Callable[[ReceivedMessage, Scan, Board], Outcome],
    callbacks: EngineCallbacks,
    answers: AnswerHandler,
    *,
    reduction_enabled: bool = False,
    draw_run: RunPictureMaker | None = None,
) -> MessageEngine:
    """Return the message engine of the headless plot manager."""
    handler = PictureHandler(draw, answers, reduction_enabled=reduction_enabled, draw_run=draw_run)
    return MessageEngine(handler, callbacks, WORKER)
