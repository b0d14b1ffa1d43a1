"""What one more point costs until its pixels are there: ours, and the peers'."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.canvases import WINDOW, Backend
from benchmarks.feeds import AREA_START, LINE_START, Document_, Run, Stamp, line_scan, raster, repetition, xafs_start
from benchmarks.peers import fill_grid, live_grid, live_plots
from xafs_workers.figures.views import figure_of
from xafs_workers.render.matplotlib.drawing import Drawing
from xafs_workers.scans.board import Board

FRAMES = 60
"""Timed, the last ones of a measurement."""


@dataclass(frozen=True)
class Compared:
    """Medians of a frame, seconds."""

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
    ours_cost = _median(run, ours.take)
    peers = live_plots(backend, "xafs_x", ("ratio",))
    peers.take(run.head)
    peers.load(run, len(run.events) - FRAMES)
    peer_cost = _median(run, peers.take)
    return Compared("line scan, 1,000 points", ours_cost, "LivePlot", peer_cost, 10.0)


def compare_xafs(backend: Backend, repetitions: int = 20) -> Compared:
    """Time the end of the last repetition of an XAFS sequence, 2x2."""
    runs = [repetition(count) for count in range(1, repetitions + 1)]
    ours = Ours(backend)
    ours.load([("bmm", xafs_start(repetitions))])
    for count, run in enumerate(runs[:-1], 1):
        ours.load([("bmm", {"xafsscan": "next", "count": count}), *run.all])
    last = runs[-1]
    ours.take([("bmm", {"xafsscan": "next", "count": repetitions}), *last.head, *last.events[:-FRAMES]])
    ours_cost = _median(last, ours.take)
    peers = live_plots(backend, "dcm_energy", ("mut", "muf", "mur", "current"))
    for run in runs[:-1]:
        peers.whole(run)
    peers.take(last.head)
    peers.load(last, len(last.events) - FRAMES)
    peer_cost = _median(last, peers.take)
    return Compared("XAFS 2x2, 20 x 400 points", ours_cost, "four LivePlots", peer_cost, 60.0)


def compare_map(backend: Backend) -> Compared:
    """Time the end of a map of 91 x 91 pixels."""
    run = raster()
    ours = Ours(backend)
    ours.take([("bmm", AREA_START), *run.head, *run.events[:-FRAMES]])
    ours_cost = _median(run, ours.take)
    peers = live_grid(backend)
    fill_grid(peers, run, len(run.events) - FRAMES)
    peer_cost = _median(run, peers.take)
    return Compared("map, 91 x 91", ours_cost, "LiveGrid", peer_cost, 4.0)


COMPARED: tuple[Callable[[Backend], Compared], ...] = (compare_line, compare_xafs, compare_map)


def _median(run: Run, take: Callable[[list[Document_]], None]) -> float:
    """Return the median cost of the last events, one frame each; the first frames may have to draw everything."""
    costs: list[float] = []
    gc.collect()
    for event in run.events[-FRAMES:]:
        began = time.perf_counter()
        take([event])
        costs.append(time.perf_counter() - began)
    return statistics.median(costs)
