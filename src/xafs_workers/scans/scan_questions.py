"""Questions of plans about a scan: messages that change nothing and are answered with a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from xafs_workers.messages.base import kinds
from xafs_workers.registry import Registry
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage


class ScanQuestion(Protocol):
    """Function that finds the value with which a question is answered, without numpy's types."""

    def __call__(self, board: Board, control: ReceivedMessage, *, is_late: bool) -> Mapping[str, Any] | None:
        """Return the value; None while documents or results that it needs are missing, unless `is_late`."""
        ...


scan_questions: Registry[ScanQuestion] = Registry("xafs_workers.scans", "scan_questions", kinds.discover)
"""Questions by message, as in `messages.base.kinds`; the headless worker answers them."""
