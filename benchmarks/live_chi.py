"""Measure the cost of live chi(k): frames of an XAFS scan while its reduction runs, and without a reduction."""

from __future__ import annotations

import gc
import statistics
import threading
import time
from collections.abc import Iterator

from benchmarks.canvases import Agg, Backend
from benchmarks.feeds import Document_, Run, repetition, xafs_start
from benchmarks.frames import Compared, Ours
from xafs_workers.reduction.process import Reducer
from xafs_workers.scans.reduction_requests import build_reduction_requests

EVENTS = 120
"""Number of timed events: the last ones of the repetition, all beyond +60 eV."""
TURN = 20
LIKE_WITHOUT = 0.8
"""Least ratio: a frame with live chi(k) may cost a quarter more, because its curve changes with each result."""
PAUSE = threading.Event()


class Reducing(Ours):
    """View that also folds results and submits reduction requests before each frame, as the worker does."""

    def __init__(self, backend: Backend, reducer: Reducer):
        super().__init__(backend)
        self._reducer = reducer
        self.results = 0

    def load(self, entries: list[Document_]) -> None:
        """Fold the entries and the finished results, and submit the missing reduction requests."""
        super().load(entries)
        for item in self._reducer.take():
            self._board = self._board.apply(item)
            self.results += 1
        for request in build_reduction_requests(self._board):
            self._reducer.ask(request)

    def settle(self) -> None:
        """Wait for the results of all requests; the first one takes longer because Larch is loaded."""
        while build_reduction_requests(self._board):
            PAUSE.wait(1e-2)
            self.load([])


def compare(backend: Backend, rate: float) -> tuple[Compared, int]:
    """Measure frames at a rate, events per second; return the medians and the number of results meanwhile."""
    reducer = Reducer()
    reducer.start()
    try:
        with_chi, without = Reducing(backend, reducer), Ours(backend)
        last = [_before_the_end(ours) for ours in (with_chi, without)]
        with_chi.settle()
        begun = with_chi.results
        costs: list[list[float]] = [[], []]
        gc.collect()
        for turn in range(-EVENTS, 0, TURN):
            for ours, run, cost in zip((with_chi, without), last, costs, strict=True):
                cost.extend(_frames(ours, run, range(turn, turn + TURN), 1.0 / rate))
        ours, peer = (statistics.median(cost) for cost in costs)
        return Compared("XAFS 2x2, live chi(k)", ours, peer, "without", LIKE_WITHOUT), with_chi.results - begun
    finally:
        reducer.close()


def _frames(ours: Ours, run: Run, places: range, period: float) -> Iterator[float]:
    for n in places:
        PAUSE.wait(period)
        began = time.perf_counter()
        ours.take([run.events[n]])
        yield time.perf_counter() - began


def _before_the_end(ours: Ours) -> Run:
    first, last = repetition(1), repetition(2)
    ours.load([("bmm", xafs_start(2)), ("bmm", {"xafsscan": "next", "count": 1}), *first.all])
    ours.take([("bmm", {"xafsscan": "next", "count": 2}), *last.head, *last.events[:-EVENTS]])
    return last


def main() -> None:
    """Print the cost of a frame with and without live chi(k), at some rates."""
    for rate in (5.0, 20.0, 1000.0):
        one, results = compare(Agg(), rate)
        print(
            f"{rate:6.0f} events/s: {1e3 * one.ours:5.2f} ms, {one.peer_name} {1e3 * one.peer:5.2f} ms, "
            f"ratio {one.peer / one.ours:.2f}; {results} results in {EVENTS} frames"
        )


if __name__ == "__main__":
    main()
