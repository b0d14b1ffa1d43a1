"""Requests for the data files of runs that no message claims: made at their stop documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from xafs_workers.messages.base import ControlMessage, Example
from xafs_workers.scans.board import Board
from xafs_workers.scans.implied_scans import PREFIX
from xafs_workers.scans.items import ReceivedMessage, RecordPosition
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan_table import ScanTable


class RunData(ControlMessage):
    """Stands for the message that would ask for the data files of a run. It is never sent."""

    kind = "run"
    action = "data"
    owner = "file-manager"
    example: ClassVar[Example] = {}

    uid: str


class DataRequester:
    """Requests the data files of each run that has ended and that no message claims.

    Parameters
    ----------
    request
        Accepts a request as the message that it stands for; one that was done before is not done again.
    """

    def __init__(self, request: Callable[[ReceivedMessage, Board], object]):
        self._request = request
        self._requested: set[str] = set()
        self._table: ScanTable | None = None

    def poll(self, board: Board) -> None:
        """Request the files of the runs that have ended since the last call."""
        if board.table is self._table:
            return
        self._table = board.table
        self._requested &= board.runs.keys()
        implied = board.table.implied
        ended = [run.uid for group in (*implied.singles, *implied.sequences) for run in group.runs if run.has_stopped]
        for uid in ended:
            if uid not in self._requested and uid in board.runs:
                self._requested.add(uid)
                self._request(_build_request(board.runs[uid]), board)


def _build_request(run: Run) -> ReceivedMessage:
    """Build the request of a run: its place in the ledger is the run's uid, whichever source brought it."""
    name = f"{PREFIX}{run.uid}"
    time = float((run.stop or run.start)["time"])
    return ReceivedMessage(RunData(uid=run.uid, message_id=name), time, RecordPosition(name, 0, 0))
