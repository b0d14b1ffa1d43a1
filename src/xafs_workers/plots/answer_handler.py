"""Answers of the headless worker to messages for whose analysis a plan waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from xafs_workers.runtime.outcome import Outcome, Task
from xafs_workers.runtime.replies import ReplyWriter
from xafs_workers.scans.analysis import Analysis, analysis_rules
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.scan import Scan

ANSWER_QUEUE = "answers"
"""Queue in which results are written into the key store: it waits for no picture."""


class AnswerHandler:
    """Finds the task that answers an analysing message: key store first, answer second, picture last.

    Parameters
    ----------
    replies
        Writer of the key store.
    """

    def __init__(self, replies: ReplyWriter):
        self._replies = replies

    def find_task(
        self, control: ReceivedMessage, scan: Scan, board: Board, draw: Callable[[], Outcome] | None, queue: str
    ) -> Task | None:
        """Return the task of a message whose analysis is known; None before.

        Parameters
        ----------
        draw
            Draws the picture that the message asks for, in the queue of this name, after the answer; None for none.
        """
        analysis = analysis_rules[control.message.kind](board, scan)
        if analysis is None:
            return None
        picture = None if draw is None or analysis.problem else Task(queue, draw)
        return Task(ANSWER_QUEUE, partial(self._answer, control, analysis, picture), self._replies.reply_time)

    def _answer(self, control: ReceivedMessage, analysis: Analysis, picture: Task | None) -> Outcome | Task:
        problem = analysis.problem or self._replies.describe_staleness(control)
        unwritten = self._replies.write(control, analysis.replies)
        if not problem and unwritten and control.message.message_id is None:
            problem = unwritten  # its sender reads nothing but the key store
        value = dict(analysis.value) or None
        answer = Outcome("failed", reason=problem, value=value) if problem else Outcome("value", value=value)
        return answer if picture is None else replace(picture, first=answer)
