"""Figure of one run's signal against a motor or time, for line and time scans."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from xafs_workers.figures.model import Array, Figure, Panel
from xafs_workers.figures.signal import (
    FLUORESCENCE_DETECTORS,
    SignalRequest,
    build_ratio_curve,
    build_signal_curves,
    format_key_label,
)
from xafs_workers.figures.trace_builder import NO_POINTS, Curve, compute_traces
from xafs_workers.scans import spectra
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.expected_range import find_motor_range, find_time_range
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan


def build_line_figure(board: Board, scan: Scan, request: SignalRequest, title: str) -> Figure:
    """Build the figure of a line or time scan: one panel, or fluorescence above transmission."""
    run = board.runs.get(scan.run_uids[0]) if scan.run_uids else None
    panels = tuple(replace(panel, row=row) for row, panel in enumerate(_build_panels(request, run, board.config)))
    if len(panels) == 2:
        return Figure(scan.figure_id, scan.kind, title, panels, rows=2, width=6.5, height=9.5)
    return Figure(scan.figure_id, scan.kind, title, panels)


def _build_panels(request: SignalRequest, run: Run | None, config: BoardConfig) -> Iterator[Panel]:
    if request.stacked and request.detector in (*FLUORESCENCE_DETECTORS, "pips"):
        names = {"dante": "dante", "pips": "PIPS"}
        name = names.get(request.detector) or request.fluo_detector or "SDD"
        _, fluorescence = build_signal_curves(request, run, config)
        yield _build_panel("fluorescence", f"fluorescence ({name})", fluorescence, request, run, config)
        yield _build_panel(
            "transmission",
            "transmission",
            (build_ratio_curve("It/I0", config.columns.it, config),),
            request,
            run,
            config,
        )
        return
    label, curves = build_signal_curves(request, run, config)
    yield _build_panel("signal", label, curves, request, run, config)


def _build_panel(
    key: str, y_label: str, curves: tuple[Curve, ...], request: SignalRequest, run: Run | None, config: BoardConfig
) -> Panel:
    x_label = format_key_label(request.motor, run, config) if request.motor else "time (s)"
    panel = Panel(key, "", x_label, y_label, x_name=request.motor or "time", y_name=key)
    if run is None or not len(run.points):
        return replace(panel, texts=NO_POINTS)
    placed = (replace(curve, x=_select_abscissa(request), series=series) for series, curve in enumerate(curves))
    traces, notes = compute_traces(((run, curve) for curve in placed), "both")
    legend = "full" if any(trace.label for trace in traces) else "none"
    x_range = find_motor_range(run, request.motor) if request.motor else find_time_range(run)
    return replace(panel, traces=traces, texts=notes, legend=legend, x_range=x_range)


def _select_abscissa(request: SignalRequest) -> Callable[[Run], Array]:
    if request.motor:
        return lambda run: spectra.get_column(run.points, request.motor)
    return lambda run: spectra.compute_elapsed_time(run.points)
