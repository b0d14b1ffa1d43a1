"""Draw the same events with this project and with its peers: `python -m benchmarks.comparison`.

A frame is one event from its document to its pixels (Agg). All frames of a run are measured. The programs take turns
of ten events, so that other load of the machine affects all of them.
"""

from __future__ import annotations

import gc
import io
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from benchmarks.bmm_peers import BmmLine, BmmMap, BmmXafs
from benchmarks.canvases import Agg
from benchmarks.feeds import LINE_START, Document_, Run, area_start, line_scan, raster, repetition, xafs_start
from benchmarks.frames import TURN, Ours
from benchmarks.peers import live_grid, live_plots

LINE_POINTS = 400
REPETITIONS = 10
REPETITION_POINTS = 100
MAP_SIDE = 21
"""Side of the map, pixels: the costs of one peer grow with the square of their number."""
HEAD = ("", "", "median", "p99", "longest", "all frames", "ratio")


class Program(Protocol):
    """What draws documents."""

    def take(self, documents: list[Document_], /) -> None:
        """Draw each document."""


class BestEffort:
    """Bluesky's BestEffortCallback without its table; figures of the size that it chooses."""

    def __init__(self, hints: list[str]):
        from bluesky.callbacks.best_effort import BestEffortCallback

        self._described = {"hints": {"bench": {"fields": hints}}, "object_keys": {"bench": hints}}
        self._callback = BestEffortCallback(table_enabled=False)
        self._callback.disable_heading()

    def take(self, documents: list[Document_], /) -> None:
        """Call the callback as a RunEngine does."""
        for name, body in documents:
            self._callback(name, {**body, **self._described} if name == "descriptor" else body)


@dataclass(frozen=True)
class Measured:
    """Costs of all frames of one program, seconds."""

    what: str
    program: str
    costs: list[float]


def compare_line() -> list[Measured]:
    """Draw a line scan."""
    run = _plan(line_scan(LINE_POINTS), [["xafs_x"]])
    ours = Ours(Agg())
    ours.load([("bmm", LINE_START)])
    programs = {
        "xafs-workers": ours,
        "BMM's worker": BmmLine(Agg()),
        "LivePlot": live_plots(Agg(), "xafs_x", ("ratio",)),
        "BestEffortCallback": BestEffort(["ratio"]),
    }
    return _measure(f"line scan, {LINE_POINTS} points", programs, run)


def compare_xafs() -> list[Measured]:
    """Draw the last repetition of a sequence; the earlier ones are loaded without drawing each event."""
    signals = ("mut", "muf", "mur", "current")
    ours, bmm = Ours(Agg()), BmmXafs(Agg())
    ours.load([("bmm", xafs_start(REPETITIONS))])
    programs: dict[str, Any] = {
        "xafs-workers": ours,
        "BMM's worker": bmm,
        "four LivePlots": live_plots(Agg(), "dcm_energy", signals),
        "BestEffortCallback": BestEffort(list(signals)),
    }
    for count in range(1, REPETITIONS + 1):
        run = _plan(repetition(count, REPETITION_POINTS), [["dcm_energy"]])
        ours.load([("bmm", {"xafsscan": "next", "count": count})])
        bmm.begin()
        if count < REPETITIONS:
            ours.load(run.all)
            with _undrawn():
                for name, program in programs.items():
                    if name != "xafs-workers":
                        program.take(run.all)
    return _measure(f"XAFS 2x2, repetition {REPETITIONS} of {REPETITION_POINTS} points", programs, run)


def compare_map() -> list[Measured]:
    """Draw a map."""
    grid = {"gridding": "rectilinear"}
    run = _plan(raster(MAP_SIDE), [["xafs_y"], ["xafs_x"]], grid, extents=[[-1.0, 1.0], [-1.0, 1.0]])
    ours = Ours(Agg())
    ours.load([("bmm", area_start(MAP_SIDE))])
    programs = {
        "xafs-workers": ours,
        "BMM's worker": BmmMap(Agg(), MAP_SIDE),
        "LiveGrid": live_grid(Agg(), MAP_SIDE),
        "BestEffortCallback": BestEffort(["ratio"]),
    }
    return _measure(f"map, {MAP_SIDE} x {MAP_SIDE}", programs, run)


COMPARED: tuple[Callable[[], list[Measured]], ...] = (compare_line, compare_xafs, compare_map)


def main() -> int:
    """Print the table; return 1 if a peer's frames cost less than ours."""
    warnings.simplefilter("ignore")  # warnings of the peers
    os.environ["BLUESKY_DEBUG_CALLBACKS"] = "1"  # an exception of a callback ends the run
    rows, good = [HEAD], True
    for compare in COMPARED:
        with redirect_stdout(io.StringIO()):
            measured = compare()
        ours = sum(measured[0].costs)
        rows += [_row(one, ours) for one in measured]
        good &= all(sum(peer.costs) > ours for peer in measured[1:])
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0 if good else 1


def _plan(run: Run, dimensions: list[list[str]], hints: dict[str, Any] | None = None, **start: Any) -> Run:
    """Add to the start document what BestEffortCallback reads."""
    (name, body), *rest = run.head
    added = {"dimensions": [[fields, "primary"] for fields in dimensions], **(hints or {})}
    return Run([(name, {**body, **start, "hints": added}), *rest], run.events, run.tail)


def _measure(what: str, programs: dict[str, Program], run: Run) -> list[Measured]:
    costs: dict[str, list[float]] = {name: [] for name in programs}
    for program in programs.values():
        program.take(run.head)
    gc.collect()
    for begin in range(0, len(run.events), TURN):
        for name, program in programs.items():
            for event in run.events[begin : begin + TURN]:
                began = time.perf_counter()
                program.take([event])
                costs[name].append(time.perf_counter() - began)
    return [Measured(what, name, frames) for name, frames in costs.items()]


@contextmanager
def _undrawn() -> Iterator[None]:
    """Let canvases draw nothing, to load the earlier repetitions of the peers quickly."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    draw, FigureCanvasAgg.draw = FigureCanvasAgg.draw, lambda self: None  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        FigureCanvasAgg.draw = draw


def _row(one: Measured, ours: float) -> tuple[str, ...]:
    median, longest, total = statistics.median(one.costs), max(one.costs), sum(one.costs)
    p99 = float(np.percentile(one.costs, 99))
    times = tuple(f"{1e3 * cost:.1f} ms" for cost in (median, p99, longest))
    return one.what, one.program, *times, f"{total:.1f} s", f"{total / ours:.1f}"


if __name__ == "__main__":
    sys.exit(main())
