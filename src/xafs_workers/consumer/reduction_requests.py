"""Submit the board's reduction requests and fold their results between two turns of the loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from xafs_workers.consumer.scan_requests import ScanRequestCollector
from xafs_workers.logs import get_logger
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReductionResult
from xafs_workers.scans.reduction_requests import AnyRequest, build_pending_requests

log = get_logger("consumer")


class ReductionClient(Protocol):
    """Client that has spectra reduced. None of its methods may wait for anything."""

    @property
    def idle(self) -> bool:
        """Whether nothing is being reduced."""
        ...

    def ask(self, request: AnyRequest) -> None:
        """Have a request reduced; one that is in hand already is not repeated."""
        ...

    def take(self) -> Iterable[ReductionResult]:
        """Return the results that are ready, each once."""
        ...


class ReductionRequester:
    """Submits the board's requests and folds the results.

    Parameters
    ----------
    interval
        Least time between two submissions, seconds; 0 to submit whenever the board has changed.
    clock
        Monotonic time, seconds.
    """

    def __init__(self, client: ReductionClient, interval: float = 0.0, clock: Callable[[], float] = time.monotonic):
        self._client, self._interval, self._clock = client, interval, clock
        self._due = 0.0
        self._requests = ScanRequestCollector(build_pending_requests)
        self._requested_for: tuple[Board, bool] | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether results are on their way."""
        return not self._client.idle

    def fold(self, board: Board, *, live: bool) -> Board:
        """Return the board with the results that came.

        Parameters
        ----------
        live
            False while catching up: what is measured at this moment is then asked for only at the end.
        """
        for item in self._client.take():
            board = _apply_guarded(board, item)
        is_new = self._requested_for is None or self._requested_for[0] is not board or self._requested_for[1] != live
        if is_new and self._clock() >= self._due:
            self._requested_for, self._due = (board, live), self._clock() + self._interval
            for request in self._requests.collect(board):
                if live or request.task != "live":
                    self._client.ask(request)
        return board


def _apply_guarded(board: Board, item: ReductionResult) -> Board:
    """Apply a result; one that the board cannot take is logged, and those after it are applied."""
    try:
        return board.apply(item)
    except Exception:
        log.exception("result_not_applied", scan=item.scan_id, key=item.key)
        return board
