"""Measure the time from `add` to the drawn figure, repetitions 1 to 20, and the time to compute and draw all again."""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.canvases import DPI, WINDOW, Agg, Backend
from benchmarks.costs import Cost, print_costs
from benchmarks.frames import Compared
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.messages.parsing import parse
from xafs_workers.reduction.curves import sort_spectrum
from xafs_workers.reduction.process import Reducer
from xafs_workers.reduction.reduce import Edge, reduce
from xafs_workers.render.matplotlib.drawing import Drawing
from xafs_workers.scans.board import Board, BoardItem
from xafs_workers.scans.items import Document, ReceivedMessage, RecordPosition, ReductionResult
from xafs_workers.scans.reduction_requests import build_reduction_requests
from xafs_workers.scans.xafs_sequence import build_sequence

POINTS = 500
TENTH = 10
PAUSE = threading.Event()
EPOCH = 1_790_000_000.0
START = {"xafs_sequence": "start", "element": "Fe", "edge": "K", "repetitions": 20, "mode": "transmission"}


class Stream:
    """Builds board items with record times from messages and documents."""

    def __init__(self) -> None:
        self._n = 0

    def item(self, name: str, body: dict) -> BoardItem:
        self._n += 1
        time, origin = EPOCH + self._n * 1e-3, RecordPosition("topic", 0, self._n)
        made = {**body, "time": time} if name == "start" else body
        return ReceivedMessage(parse(body), time, origin) if name == "bmm" else Document(name, made, time, origin)


def repetition(count: int, rng: np.random.Generator) -> list[tuple[str, dict]]:
    """Build the documents of one run of `POINTS` points over the Fe K edge."""
    energy = np.concatenate([np.arange(6912.0, 7092.0, 10.0), np.linspace(7092.0, 7912.0, POINTS - 18)])
    k = np.sqrt(np.clip(energy - 7112.0, 0.0, None) * 0.262468)
    mu = (0.5 + np.arctan((energy - 7112.0) / 1.5) / np.pi) * (1 + 0.3 * np.sin(4 * k) / np.maximum(k, 1.0))
    mu = mu + rng.normal(0.0, 1e-3, POINTS)
    keys = {name: {"dtype": "number", "shape": [], "source": ""} for name in ("dcm_energy", "I0", "It")}
    run, stream = f"run-{count}", f"stream-{count}"
    start = {"uid": run, "time": EPOCH, "motors": ["dcm_energy"], "BMM_kafka": {"hint": "xafs trans", "count": count}}
    found = [("start", start), ("descriptor", {"uid": stream, "run_start": run, "name": "primary", "data_keys": keys})]
    for n in range(POINTS):
        data = {"dcm_energy": float(energy[n]), "I0": 1.0, "It": float(np.exp(-mu[n]))}
        found.append(("event", {"descriptor": stream, "seq_num": n + 1, "time": EPOCH, "data": data}))
    return [*found, ("stop", {"run_start": run, "time": EPOCH, "exit_status": "success"})]


def wait_for(reducer: Reducer, board: Board) -> Board:
    """Wait until all reduction requests of a board have results; return the new board."""
    missing = build_reduction_requests(board)
    for request in missing:
        reducer.ask(request)
    for _ in missing:
        for item in _next(reducer):
            board = board.apply(item)
        if not build_reduction_requests(board):
            break
    return board


def _next(reducer: Reducer) -> tuple[ReductionResult, ...]:
    """Wait for results and return them; polling more often would slow down the reducer's thread."""
    while not (found := reducer.take()):
        PAUSE.wait(5e-4)
    return found


def additions(reducer: Reducer, backend: Backend, repetitions: int) -> Iterator[tuple[float, float]]:
    """Yield for each repetition the seconds from `add` to the drawn figure, and the seconds to do everything again.

    Everything again is what a program without memory does: all repetitions are reduced and merged, the merge is
    reduced, and a new matplotlib figure is drawn on Agg. Larch is loaded already, and reading the runs from a catalog,
    the largest part of that time, is left out. Both are measured in turns, so that other load of the machine affects
    both.
    """
    reduce(*_warm(), Edge("Fe", "K"))
    stream, rng = Stream(), np.random.default_rng(1)
    drawing = Drawing(backend.canvas(WINDOW))
    board = Board().apply(stream.item("bmm", START))
    for count in range(1, repetitions + 1):
        for name, body in repetition(count, rng):
            board = board.apply(stream.item(name, body))
        began = time.perf_counter()
        board = board.apply(stream.item("bmm", {"xafs_sequence": "add", "uid": f"run-{count}"}))
        board = wait_for(reducer, board)
        drawing.show(build_figure(board, board.scans[0]))
        backend.paint()
        added = time.perf_counter()
        _afresh(board, count)
        yield added - began, time.perf_counter() - added


def _afresh(board: Board, count: int) -> None:
    spectra = [
        sort_spectrum(one.energy, one.mu) for one in build_sequence(board, board.scans[0]).merged_spectra[:count]
    ]
    edge = Edge("Fe", "K")
    groups = [reduce(*one, edge) for one in spectra]
    energy = spectra[0][0]
    mu = np.mean([np.interp(energy, *one) for one in spectra], axis=0)
    group = reduce(energy, mu, edge, groups[0].e0)
    drawn = Figure(figsize=WINDOW, dpi=DPI, layout="tight")
    FigureCanvasAgg(drawn)
    grid = drawn.add_gridspec(2, 2)
    for place, curve, x_label, y_label in (
        (grid[0, :], (energy, mu), "energy (eV)", "µ(E)"),
        (grid[1, 0], (group.k, group.k**2 * group.chi), "wavenumber (Å⁻¹)", "k² χ(k)"),
        (grid[1, 1], (group.r, group.chir_mag), "radial distance (Å)", "|χ(R)|"),
    ):
        axes = drawn.add_subplot(place)
        axes.plot(*curve)
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.grid(visible=True)
    drawn.suptitle(f"Sequence: {count}")
    drawn.canvas.draw()


def _warm() -> tuple[np.ndarray, np.ndarray]:
    """Build a spectrum for the first reduction of a process, which takes much longer than the others."""
    energy = np.concatenate([np.arange(6912.0, 7100.0, 10.0), np.arange(7100.0, 7900.0, 3.0)])
    return energy, np.arctan((energy - 7112.0) / 2.0) / np.pi + 0.02 * np.sin((energy - 7112.0) / 20.0) * (
        energy > 7112.0
    )


def tenth(backend: Backend, rounds: int = 3) -> Compared:
    """Measure the time to add the tenth repetition: the median of some sequences."""
    reducer = Reducer()
    reducer.start()
    try:
        costs = [list(additions(reducer, backend, TENTH))[-1] for _ in range(rounds)]
    finally:
        reducer.close()
    ours, peer = (statistics.median(column) for column in zip(*costs, strict=True))
    return Compared("sequence, add the tenth repetition", ours, peer, "afresh", 3.0)


def compute_growth(rounds: list[list[tuple[float, float]]]) -> Iterator[Cost]:
    """Compute how the time to add the last repetition compares with the second: medians over some sequences."""
    second, last = (statistics.median(costs[at][0] for costs in rounds) for at in (1, -1))
    yield Cost("repetition 2", second, 0.25)
    yield Cost(f"repetition {len(rounds[0])}", last, 0.25)
    yield Cost(f"repetition {len(rounds[0])} against 2", last / second, 1.5, "ratio")


def main() -> int:
    """Print the times of each repetition, ms; return 1 if a goal is not reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    reducer = Reducer()
    reducer.start()
    rounds = [list(additions(reducer, Agg(), given.repetitions)) for _ in range(given.rounds)]
    reducer.close()
    for count, each in enumerate(zip(*rounds, strict=True), start=1):
        ours, fresh = (statistics.median(column) for column in zip(*each, strict=True))
        print(f"repetition {count:2d}: {1e3 * ours:6.1f} ms, afresh {1e3 * fresh:6.1f} ms, {fresh / ours:4.1f}")
    return 0 if print_costs(compute_growth(rounds)) else 1


if __name__ == "__main__":
    sys.exit(main())
