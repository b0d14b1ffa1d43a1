"""One signal of one run against a motor or time: the panels that line and time scans share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from xafs_workers.figures.model import Array, Figure, Panel
from xafs_workers.figures.signal import (
    FLUORESCENCE_DETECTORS,
    SignalRequest,
    build_fluorescence_curves,
    build_ratio_curve,
    build_signal_curves,
    format_with_unit,
)
from xafs_workers.figures.trace_builder import Curve, compute_traces
from xafs_workers.scans import spectra
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan


def build_line_figure(board: Board, scan: Scan, asked: SignalRequest, title: str) -> Figure:
    """Return the figure of a line or time scan: one panel, or fluorescence over transmission."""
    run = board.runs.get(scan.run_uids[0]) if scan.run_uids else None
    panels = tuple(replace(panel, row=row) for row, panel in enumerate(_build_panels(asked, run, board.config)))
    if len(panels) == 2:
        return Figure(scan.figure_id, scan.kind, title, panels, rows=2, width=6.5, height=9.5)
    return Figure(scan.figure_id, scan.kind, title, panels)


def _build_panels(asked: SignalRequest, run: Run | None, rules: BoardConfig) -> Iterator[Panel]:
    if asked.detector in FLUORESCENCE_DETECTORS and asked.stacked:
        name = asked.fluo_detector or ("dante" if asked.detector == "dante" else "SDD")
        fluorescence = build_fluorescence_curves(asked, run, rules)
        yield _build_panel("fluorescence", f"fluorescence ({name})", fluorescence, asked, run)
        yield _build_panel(
            "transmission", "transmission", (build_ratio_curve("It/I0", rules.columns.it, rules),), asked, run
        )
        return
    label, curves = build_signal_curves(asked, run, rules)
    yield _build_panel("signal", label, curves, asked, run)


def _build_panel(key: str, y_label: str, curves: tuple[Curve, ...], asked: SignalRequest, run: Run | None) -> Panel:
    x_label = format_with_unit(asked.motor, run) if asked.motor else "time (seconds)"
    panel = Panel(key, "", x_label, y_label, x_name=asked.motor or "time", y_name=key)
    if run is None or not len(run.points):
        return panel
    placed = (replace(curve, x=_select_abscissa(asked), series=series) for series, curve in enumerate(curves))
    traces, notes = compute_traces(((run, curve) for curve in placed), "both")
    legend = "full" if any(trace.label for trace in traces) else "none"
    return replace(panel, traces=traces, texts=notes, legend=legend)


def _select_abscissa(asked: SignalRequest) -> Callable[[Run], Array]:
    if asked.motor:
        return lambda run: spectra.get_column(run.points, asked.motor)
    return lambda run: spectra.compute_elapsed_time(run.points)
