"""Submit the board's run requests and fold the fetched runs between two turns of the loop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from xafs_workers.scans.board import Board
from xafs_workers.scans.run_requests import RunRequest, build_run_requests
from xafs_workers.scans.runs import FetchedRun


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
        self._requested_for: Board | None = None

    def fold(self, board: Board, *, live: bool) -> Board:
        """Return the board with the fetched runs.

        Parameters
        ----------
        live
            False while catching up: the documents may still bring what is missing.
        """
        for item in self._client.take():
            board = board.apply(item)
        if live and board is not self._requested_for:
            self._requested_for = board
            for wanted in build_run_requests(board):
                self._client.ask(wanted)
        return board
