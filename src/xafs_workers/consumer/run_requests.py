"""Runs that the board wants from a catalog are asked for, and folded when they come: between two turns of the loop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Fetched
from xafs_workers.scans.run_requests import WantedRun, runs_wanted


class Messenger(Protocol):
    """Who fetches. None of its methods may wait for anything."""

    def ask(self, wanted: WantedRun) -> None:
        """Have a run fetched; one that is on its way already is not asked for again."""
        ...

    def take(self) -> Iterable[Fetched]:
        """Return what came, each once."""
        ...


class Fetches:
    """States what the board wants and folds what comes."""

    def __init__(self, messenger: Messenger):
        self._messenger = messenger
        self._asked_of: Board | None = None

    def fold(self, board: Board, *, live: bool) -> Board:
        """Return the board with what came.

        Parameters
        ----------
        live
            False while catching up: the documents may still bring what is missing.
        """
        for item in self._messenger.take():
            board = board.apply(item)
        if live and board is not self._asked_of:
            self._asked_of = board
            for wanted in runs_wanted(board):
                self._messenger.ask(wanted)
        return board
