"""Submit the board's run requests and fold the fetched runs between two turns of the loop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from xafs_workers.consumer.scan_requests import ScanRequestCollector
from xafs_workers.logs import get_logger
from xafs_workers.scans.board import Board
from xafs_workers.scans.run_requests import RunRequest, build_scan_run_requests
from xafs_workers.scans.runs import FetchedRun

log = get_logger("consumer")


class RunClient(Protocol):
    """Client that fetches runs. None of its methods may wait for anything."""

    def ask(self, wanted: RunRequest) -> None:
        """Have a run fetched; one that is on its way already is not asked for again."""
        ...

    def take(self) -> Iterable[FetchedRun]:
        """Return the fetched runs, each once."""
        ...


class RunRequester:
    """Submits the board's run requests and folds the fetched runs."""

    def __init__(self, client: RunClient):
        self._client = client
        self._requests = ScanRequestCollector(build_scan_run_requests)
        self._requested_for: Board | None = None

    def fold(self, board: Board, *, live: bool) -> Board:
        """Return the board with the fetched runs.

        Parameters
        ----------
        live
            False while catching up: the documents may still bring what is missing.
        """
        for item in self._client.take():
            board = _apply_guarded(board, item)
        if live and board is not self._requested_for:
            self._requested_for = board
            for wanted in dict.fromkeys(self._requests.collect(board)):
                self._client.ask(wanted)
        return board

    def request_run(self, uid: str) -> None:
        """Request a run of which something never arrived."""
        self._client.ask(RunRequest(uid))


def _apply_guarded(board: Board, item: FetchedRun) -> Board:
    """Apply a fetched run; one that the board cannot take counts as missing."""
    try:
        return board.apply(item)
    except Exception as error:
        log.exception("run_not_applied", run=item.uid)
        return board.apply(FetchedRun(item.uid, None, f"{type(error).__name__}: {error!s:.200}"))
