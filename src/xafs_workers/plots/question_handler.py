"""Answers of the headless worker to questions about scans: as soon as the answer is known, and always soon."""

from __future__ import annotations

from xafs_workers.runtime.outcome import Outcome
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage, RecordPosition
from xafs_workers.scans.scan_questions import scan_questions

WAITING_SECONDS = 7.0
"""Time after which a question is answered from what is known, seconds: less than senders wait for an answer."""


class QuestionHandler:
    """Finds the outcome of each question; remembers since when it waits."""

    def __init__(self) -> None:
        self._asked_at: dict[RecordPosition, float] = {}

    def is_question(self, control: ReceivedMessage) -> bool:
        """Check whether a message is a question about a scan."""
        return control.message.get_key() in scan_questions

    def find_outcome(self, control: ReceivedMessage, board: Board) -> Outcome | None:
        """Return the outcome of a question; None while it waits for documents or results."""
        attended = board.reading.attended
        asked_at = self._asked_at.setdefault(control.position, attended)
        is_late = attended - asked_at >= WAITING_SECONDS
        value = scan_questions[control.message.get_key()](board, control, is_late=is_late)
        if value is None:
            return None
        del self._asked_at[control.position]
        return Outcome("value", value=value)
