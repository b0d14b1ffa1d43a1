"""What the board asks to have reduced goes out, what comes back is folded: between two turns of the loop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Reduced
from xafs_workers.scans.reduction_requests import Request, requests


class Bench(Protocol):
    """Who reduces. None of its methods may wait for anything."""

    @property
    def idle(self) -> bool:
        """Whether nothing is being reduced."""
        ...

    def ask(self, request: Request) -> None:
        """Have a request reduced; one that is in hand already is not repeated."""
        ...

    def take(self) -> Iterable[Reduced]:
        """Return the results that are ready, each once."""
        ...


class Reductions:
    """States the board's requests and folds the results."""

    def __init__(self, bench: Bench):
        self._bench = bench
        self._asked_of: tuple[Board, bool] | None = None

    @property
    def waiting(self) -> bool:
        """Whether results are on their way."""
        return not self._bench.idle

    def fold(self, board: Board, *, live: bool) -> Board:
        """Return the board with the results that came.

        Parameters
        ----------
        live
            False while catching up: what is measured at this moment is then asked for only at the end.
        """
        for item in self._bench.take():
            board = board.apply(item)
        if self._asked_of is None or self._asked_of[0] is not board or self._asked_of[1] != live:
            self._asked_of = (board, live)
            for request in requests(board):
                if live or request.task != "live":
                    self._bench.ask(request)
        return board
