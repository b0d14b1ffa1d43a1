"""What one more point costs until its pixels are there: ours, and the peers'."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.canvases import WINDOW, Backend
from benchmarks.feeds import LINE_START, Document_, Stamp, area_start, line_scan, raster, repetition, xafs_start
from benchmarks.peers import fill_grid, live_grid, live_plots
from xafs_workers.figures.views import figure_of
from xafs_workers.render.matplotlib.drawing import Drawing
from xafs_workers.scans.board import Board

FRAMES = 60
"""Timed, as a rule the last ones of a measurement."""
FLAT = 0.5
"""A frame that may cost twice as much as its peer, one of the same measurement with fewer points, still is flat."""
LARGE_SIDE = 501


@dataclass(frozen=True)
class Compared:
    """Medians of a frame, seconds.

    Attributes
    ----------
    goal
        The least ratio of the peer's to ours.
    """

    what: str
    ours: float
    peer_name: str
    peer: float
    goal: float


class Ours:
    """The board, the figure and the drawing of this project."""

    def __init__(self, backend: Backend):
        self._backend, self._stamp, self._board = backend, Stamp(), Board()
        self._drawing = Drawing(backend.canvas(WINDOW))

    def load(self, entries: Sequence[Document_]) -> None:
        """Fold without drawing."""
        self._board = self._stamp.fold(self._board, entries)

    def take(self, entries: Sequence[Document_]) -> None:
        """Fold, and draw."""
        self.load(entries)
        self._drawing.show(figure_of(self._board, self._board.scans[-1]))
        self._backend.paint()


def compare_line(backend: Backend) -> Compared:
    """Time the end of a line scan of 1,000 points."""
    run = line_scan()
    ours = Ours(backend)
    ours.take([("bmm", LINE_START), *run.head, *run.events[:-FRAMES]])
    ours_cost = _median(run.events[-FRAMES:], ours.take)
    peers = live_plots(backend, "xafs_x", ("ratio",))
    peers.take(run.head)
    peers.load(run, len(run.events) - FRAMES)
    peer_cost = _median(run.events[-FRAMES:], peers.take)
    return Compared("line scan, 1,000 points", ours_cost, "LivePlot", peer_cost, 10.0)


def compare_xafs(backend: Backend, repetitions: int = 20) -> Compared:
    """Time the end of the last repetition of an XAFS sequence, 2x2."""
    runs, last = [repetition(count) for count in range(1, repetitions)], repetition(repetitions)
    ours_cost = _sequence(Ours(backend), repetitions)
    peers = live_plots(backend, "dcm_energy", ("mut", "muf", "mur", "current"))
    for run in runs:
        peers.whole(run)
    peers.take(last.head)
    peers.load(last, len(last.events) - FRAMES)
    peer_cost = _median(last.events[-FRAMES:], peers.take)
    return Compared("XAFS 2x2, 20 x 400 points", ours_cost, "four LivePlots", peer_cost, 60.0)


def compare_map(backend: Backend) -> Compared:
    """Time the end of a map of 91 x 91 pixels."""
    run = raster()
    ours = Ours(backend)
    ours.take([("bmm", area_start()), *run.head, *run.events[:-FRAMES]])
    ours_cost = _median(run.events[-FRAMES:], ours.take)
    peers = live_grid(backend)
    fill_grid(peers, run, len(run.events) - FRAMES)
    peer_cost = _median(run.events[-FRAMES:], peers.take)
    return Compared("map, 91 x 91", ours_cost, "LiveGrid", peer_cost, 4.0)


def compare_large_map(backend: Backend) -> Compared:
    """Time the end of a map of 501 x 501 pixels, beside its own empty beginning."""
    run = raster(LARGE_SIDE)
    ours = Ours(backend)
    ours.take([("bmm", area_start(LARGE_SIDE)), *run.head, *run.events[:LARGE_SIDE]])
    early_cost = _median(run.events[LARGE_SIDE : LARGE_SIDE + FRAMES], ours.take)
    ours.load(run.events[LARGE_SIDE + FRAMES : -FRAMES])
    ours.take(run.events[-FRAMES - 1 : -FRAMES])
    return Compared("map, 501 x 501, end", _median(run.events[-FRAMES:], ours.take), "its beginning", early_cost, FLAT)


def compare_length(backend: Backend) -> Compared:
    """Time a line scan at its 10,000th point beside its 100th."""
    run = line_scan(10_000)
    ours = Ours(backend)
    ours.take([("bmm", LINE_START), *run.head, *run.events[:70]])
    early_cost = _median(run.events[70:130], ours.take)
    ours.load(run.events[130:-FRAMES])
    return Compared("line scan, point 10,000", _median(run.events[-FRAMES:], ours.take), "point 100", early_cost, FLAT)


def compare_repetitions(backend: Backend) -> Compared:
    """Time the end of the twentieth repetition of an XAFS sequence beside the first."""
    first, last = _sequence(Ours(backend), 1), _sequence(Ours(backend), 20)
    return Compared("XAFS 2x2, scan 20", last, "scan 1", first, FLAT)


COMPARED: tuple[Callable[[Backend], Compared], ...] = (
    compare_line,
    compare_xafs,
    compare_map,
    compare_large_map,
    compare_length,
    compare_repetitions,
)


def _sequence(ours: Ours, repetitions: int) -> float:
    """Return the cost of a frame at the end of the last repetition."""
    ours.load([("bmm", xafs_start(repetitions))])
    for count in range(1, repetitions):
        ours.load([("bmm", {"xafsscan": "next", "count": count}), *repetition(count).all])
    last = repetition(repetitions)
    ours.take([("bmm", {"xafsscan": "next", "count": repetitions}), *last.head, *last.events[:-FRAMES]])
    return _median(last.events[-FRAMES:], ours.take)


def _median(events: Sequence[Document_], take: Callable[[list[Document_]], None]) -> float:
    """Return the median cost of events, one frame each; the first frames may have to draw everything."""
    costs: list[float] = []
    gc.collect()
    for event in events:
        began = time.perf_counter()
        take([event])
        costs.append(time.perf_counter() - began)
    return statistics.median(costs)
