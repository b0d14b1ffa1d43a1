"""Measure the time from one more point to its pixels, for this project and for the peers."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from benchmarks.canvases import WINDOW, Backend
from benchmarks.feeds import (
    LINE_START,
    SIDE,
    Document_,
    Run,
    Stamp,
    area_start,
    line_scan,
    peak_scan,
    raster,
    repetition,
    xafs_start,
)
from benchmarks.peers import fill_grid, live_grid, live_plots
from xafs_workers.figures.view_options import ViewOptions
from xafs_workers.figures.views import build_view
from xafs_workers.render.matplotlib.drawing import Drawing
from xafs_workers.scans.board import Board

FRAMES = 60
"""Number of timed frames, usually the last ones of a measurement."""
TURN = 10
"""Number of frames of one side before the other side's turn."""
FLAT = 0.5
"""Least ratio for a flat cost: a frame may cost twice as much as one of far fewer points."""
LARGE = 0.2
"""Least ratio for a large map: thirty times the pixels may cost five times as much."""
LARGE_SIDE = 501


@dataclass(frozen=True)
class Compared:
    """Medians of a frame, seconds.

    Attributes
    ----------
    goal
        Least ratio of the peer's time to ours.
    """

    what: str
    ours: float
    peer: float
    peer_name: str
    goal: float


class Ours:
    """View of this project: its board, figure and drawing; for the pace of its texts, frames are 40 ms apart."""

    def __init__(self, backend: Backend):
        self._backend, self._stamp, self._board, self._frames = backend, Stamp(), Board(), 0
        self._drawing = Drawing(backend.window_canvas(WINDOW), clock=lambda: 0.04 * self._frames)

    def load(self, entries: Sequence[Document_]) -> None:
        """Fold the entries without drawing."""
        self._board = self._stamp.fold(self._board, entries)

    def take(self, entries: Sequence[Document_], /) -> None:
        """Fold the entries and draw the figure once."""
        self.load(entries)
        self._frames += 1
        self._drawing.show(build_view(self._board, self._board.scans[-1], ViewOptions()))
        self._backend.paint()


def compare_line(backend: Backend) -> Compared:
    """Time the end of a line scan of 1,000 points across an edge."""
    return _compare_line(backend, line_scan(), "line scan, 1,000 points")


def compare_peak(backend: Backend) -> Compared:
    """Time the end of a line scan across a peak, which has more marks and numbers."""
    return _compare_line(backend, peak_scan(), "the same, across a peak")


def _compare_line(backend: Backend, run: Run, what: str) -> Compared:
    ours = Ours(backend)
    ours.take([("bmm", LINE_START), *run.head, *run.events[:-FRAMES]])
    peers = live_plots(backend, "xafs_x", ("ratio",))
    peers.take(run.head)
    peers.load(run, len(run.events) - FRAMES)
    return Compared(what, *_medians(run, ours, peers), "LivePlot", 10.0)


def compare_xafs(backend: Backend, repetitions: int = 20) -> Compared:
    """Time the end of the last repetition of an XAFS sequence, 2x2."""
    ours, last = _sequence(backend, repetitions)
    peers = live_plots(backend, "dcm_energy", ("mut", "muf", "mur", "current"))
    for count in range(1, repetitions):
        peers.whole(repetition(count))
    peers.take(last.head)
    peers.load(last, len(last.events) - FRAMES)
    return Compared("XAFS 2x2, 20 x 400 points", *_medians(last, ours, peers), "four LivePlots", 60.0)


def compare_map(backend: Backend) -> Compared:
    """Time the end of a map of 91 x 91 pixels."""
    run = raster()
    ours = Ours(backend)
    ours.take([("bmm", area_start()), *run.head, *run.events[:-FRAMES]])
    peers = live_grid(backend)
    fill_grid(peers, run, len(run.events) - FRAMES)
    return Compared("map, 91 x 91", *_medians(run, ours, peers), "LiveGrid", 4.0)


def compare_large_map(backend: Backend) -> Compared:
    """Time the end of a map of 501 x 501 pixels and of one of 91 x 91."""
    drawn: list[tuple[Ours, Run]] = []
    for side in (LARGE_SIDE, SIDE):
        run, ours = raster(side), Ours(backend)
        ours.load([("bmm", area_start(side)), *run.head, *run.events[: -FRAMES - 1]])
        ours.take(run.events[-FRAMES - 1 : -FRAMES])
        drawn.append((ours, run))
    return Compared("map, 501 x 501", *_medians_of(*drawn), "91 x 91", LARGE)


def compare_length(backend: Backend) -> Compared:
    """Time a line scan at its 10,000th point and at its 100th."""
    drawn: list[tuple[Ours, Run]] = []
    for points in (10_000, 100 + FRAMES // 2):
        run, ours = line_scan(points), Ours(backend)
        ours.take([("bmm", LINE_START), *run.head, *run.events[:-FRAMES]])
        drawn.append((ours, run))
    return Compared("line scan, point 10,000", *_medians_of(*drawn), "point 100", FLAT)


def compare_repetitions(backend: Backend) -> Compared:
    """Time the end of the twentieth repetition of an XAFS sequence and of the first."""
    return Compared("XAFS 2x2, scan 20", *_medians_of(_sequence(backend, 20), _sequence(backend, 1)), "scan 1", FLAT)


COMPARED: tuple[Callable[[Backend], Compared], ...] = (
    compare_line,
    compare_peak,
    compare_xafs,
    compare_map,
    compare_large_map,
    compare_length,
    compare_repetitions,
)


def _sequence(backend: Backend, repetitions: int) -> tuple[Ours, Run]:
    """Build a view of a sequence shortly before the end of its last repetition; return it and that repetition."""
    ours = Ours(backend)
    ours.load([("bmm", xafs_start(repetitions))])
    for count in range(1, repetitions):
        ours.load([("bmm", {"xafsscan": "next", "count": count}), *repetition(count).all])
    last = repetition(repetitions)
    ours.take([("bmm", {"xafsscan": "next", "count": repetitions}), *last.head, *last.events[:-FRAMES]])
    return ours, last


class _Taker(Protocol):
    def take(self, documents: list[Document_], /) -> None: ...


def _medians(run: Run, *takers: _Taker) -> tuple[float, float]:
    return _medians_of(*((taker, run) for taker in takers))


def _medians_of(*measured: tuple[_Taker, Run]) -> tuple[float, float]:
    """Measure the median costs of the last events, one frame each.

    Both sides take turns, so that other load of the machine affects both.
    """
    costs: list[list[float]] = [[], []]
    gc.collect()
    for turn in range(-FRAMES, 0, TURN):
        for (taker, run), cost in zip(measured, costs, strict=True):
            for n in range(turn, turn + TURN):
                began = time.perf_counter()
                taker.take([run.events[n]])
                cost.append(time.perf_counter() - began)
    return statistics.median(costs[0]), statistics.median(costs[1])
