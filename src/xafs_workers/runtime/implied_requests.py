"""Requests for the files of runs that no message claims: they stand for messages that no plan sends."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from xafs_workers.runtime.message_engine import MessageEngine
from xafs_workers.scans.board import Board
from xafs_workers.scans.implied_scans import PREFIX, ImpliedScans
from xafs_workers.scans.items import AwaitedMessages, ReceivedMessage, RecordPosition
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan_table import ScanTable


class ImpliedRequester:
    """Requests files of implied scans, each once.

    Parameters
    ----------
    list_due
        Function that returns the uids of the runs whose files are due.
    build
        Function that builds the request for the files of a run.
    request
        Accepts a request as the message that it stands for; one that was done before is not done again.
    """

    def __init__(
        self,
        list_due: Callable[[ImpliedScans], Iterable[str]],
        build: Callable[[Run], ReceivedMessage],
        request: Callable[[ReceivedMessage, Board], object],
    ):
        self._list_due, self._build, self._request = list_due, build, request
        self._requested: set[str] = set()
        self._table: ScanTable | None = None

    def poll(self, board: Board) -> None:
        """Request the files that have become due since the last call."""
        if board.table is self._table:
            return
        self._table = board.table
        self._requested &= board.runs.keys()
        for uid in self._list_due(board.table.implied):
            if uid not in self._requested and uid in board.runs:
                self._requested.add(uid)
                self._request(self._build(board.runs[uid]), board)


class RequestingHandler:
    """A message engine as a handler that also requests the files of implied scans."""

    def __init__(self, engine: MessageEngine, requester: ImpliedRequester):
        self._engine, self._requester = engine, requester
        self.on_message, self.pending = engine.on_message, engine.pending

    @property
    def awaited(self) -> AwaitedMessages:
        """What the messages in hand need."""
        return self._engine.awaited

    def poll(self, board: Board) -> None:
        """Request the files that have become due, and queue the messages that are ready."""
        self._requester.poll(board)
        self._engine.poll(board)


def name_request(run: Run) -> str:
    """Return the id of a request: that of the implied scan that begins with the run, so that both are kept alike."""
    return f"{PREFIX}{run.uid}"


def find_request_time(run: Run) -> float:
    """Return the time of a request: that of the run's stop document, POSIX seconds."""
    return float((run.stop or run.start)["time"])


def place_request(run: Run) -> RecordPosition:
    """Return the place of a request in the ledger: the run's uid, whichever source brought it."""
    return RecordPosition(name_request(run), 0, 0)
