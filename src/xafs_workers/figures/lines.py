"""One signal of one run against a motor or time: the panels that line and time scans share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from xafs_workers.figures.model import Array, Figure, Panel
from xafs_workers.figures.signal import FLUORESCENCE, Asked, fluorescence_curves, ratio, signal, with_unit
from xafs_workers.figures.trace_builder import Curve, traced
from xafs_workers.scans import spectra
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan


def line_figure(board: Board, scan: Scan, asked: Asked, title: str) -> Figure:
    """Return the figure of a line or time scan: one panel, or fluorescence over transmission."""
    run = board.runs.get(scan.runs[0]) if scan.runs else None
    panels = tuple(replace(panel, row=row) for row, panel in enumerate(_panels(asked, run, board.rules)))
    if len(panels) == 2:
        return Figure(scan.figure_id, scan.kind, title, panels, rows=2, width=6.5, height=9.5)
    return Figure(scan.figure_id, scan.kind, title, panels)


def _panels(asked: Asked, run: Run | None, rules: Rules) -> Iterator[Panel]:
    if asked.detector in FLUORESCENCE and asked.stack:
        name = asked.fluo_detector or ("dante" if asked.detector == "dante" else "SDD")
        fluorescence = fluorescence_curves(asked, run, rules)
        yield _panel("fluorescence", f"fluorescence ({name})", fluorescence, asked, run)
        yield _panel("transmission", "transmission", (ratio("It/I0", rules.columns.it, rules),), asked, run)
        return
    label, curves = signal(asked, run, rules)
    yield _panel("signal", label, curves, asked, run)


def _panel(key: str, y_label: str, curves: tuple[Curve, ...], asked: Asked, run: Run | None) -> Panel:
    x_label = with_unit(asked.motor, run) if asked.motor else "time (seconds)"
    panel = Panel(key, "", x_label, y_label, x_name=asked.motor or "time", y_name=key)
    if run is None or not len(run.points):
        return panel
    placed = (replace(curve, x=_abscissa(asked), series=series) for series, curve in enumerate(curves))
    traces, notes = traced(((run, curve) for curve in placed), "both")
    legend = "full" if any(trace.label for trace in traces) else "none"
    return replace(panel, traces=traces, texts=notes, legend=legend)


def _abscissa(asked: Asked) -> Callable[[Run], Array]:
    if asked.motor:
        return lambda run: spectra.column(run.points, asked.motor)
    return lambda run: spectra.elapsed(run.points)
