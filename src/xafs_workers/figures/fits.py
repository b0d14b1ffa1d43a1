"""Panels of fits that plans ask for: data, fitted curve, and the result as a cross; or the reason for none."""

from __future__ import annotations

from dataclasses import replace

from xafs_workers.figures.curves import format_center
from xafs_workers.figures.figure_builder import FigureOptions
from xafs_workers.figures.model import Array, Figure, Mark, Panel, Text, Trace
from xafs_workers.figures.position_digits import format_position
from xafs_workers.scans.board import Board
from xafs_workers.scans.fits import FitState, find_fit
from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.scan import Scan

DATA, FIT = 0, 1
"""Series of the data and of the fitted curve."""


def build_fit_figure(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the figure of a fit from its present state."""
    state = find_fit(board, scan)
    return Figure(scan.figure_id, scan.kind, format_fit_title(state), (build_fit_panel(state),))


def format_fit_title(state: FitState) -> str:
    """Format the title of a fit: motor, spinner and result."""
    order = state.order
    what = f"{order.motor} scan" if state.best_fit is None else f"fit to {order.motor} scan"
    spinner = "" if order.spinner is None else f", spinner {order.spinner}"
    if state.position is None or state.signal is None:
        return f"{what}{spinner}"
    center = f", {format_center(state.position, state.signal.x)}"
    mode = "" if state.mode is None else f", maximum at {format_position(state.mode, state.signal.x)}"
    return f"{what}{spinner}{center}{mode}"


def build_fit_panel(state: FitState, key: str = "fit") -> Panel:
    """Build the panel of a fit; where there is no result, its title gives the reason and the marked estimate.

    The reason is not a note in the axes, where it would lie over the points.
    """
    panel = Panel(key, "", _format_motor_label(state), _format_signal_label(state), x_name=state.order.motor)
    if state.signal is None:
        return replace(panel, texts=(Text("problem", state.problem or "waiting for the run"),))
    x, y = state.signal.x, state.signal.y
    style = "both" if state.order.shape == "peak" else "points"
    traces = (Trace("data", x, y, "measured", DATA, style), *_build_fit_traces(state, x))
    legend = "full" if state.best_fit is not None else "none"
    return replace(panel, title=_format_problem(state), traces=traces, marks=_build_marks(state), legend=legend)


def build_summary_panel(state: FitState, key: str) -> Panel:
    """Build the panel of a fit beside others of an alignment: its own title gives the result."""
    panel = build_fit_panel(state, key)
    if state.position is None or state.signal is None or panel.title:
        return panel
    return replace(panel, title=format_center(state.position, state.signal.x))


def _build_fit_traces(state: FitState, x: Array) -> tuple[Trace, ...]:
    if state.best_fit is None:
        return ()
    return (Trace("fit", x, state.best_fit, "fit", FIT, "line"),)


def _build_marks(state: FitState) -> tuple[Mark, ...]:
    """Build the mark of the result; a fitted peak has one more at the largest value of its curve."""
    marks = () if state.cross is None else (Mark("center", *state.cross),)
    if state.mode is None or state.best_fit is None:
        return marks
    return (*marks, Mark("mode", state.mode, float(state.best_fit.max())))


def _format_problem(state: FitState) -> str:
    """Format the reason why there is no result, with the estimate, marked as such; '' for none."""
    if not state.is_known:
        return "waiting for the fit"
    if not state.problem:
        return ""
    if state.estimates is None or state.signal is None:
        return f"no result: {state.problem}"
    estimate = format_position(state.estimates.peak, state.signal.x)
    return f"no result: {state.problem}; estimate, not used: maximum at {estimate}"


def _format_motor_label(state: FitState) -> str:
    """Format the label of the motor's axis, with the unit of the run's descriptor, else that of most motors."""
    motor = state.order.motor
    keys = {} if state.run is None else as_mapping(state.run.data_keys.get(motor))
    unit = as_text(keys.get("units")) or ("deg" if motor.endswith("pitch") else "mm")
    return f"{motor} ({unit})"


def _format_signal_label(state: FitState) -> str:
    label = state.order.signal if state.signal is None else state.signal.label
    if state.order.shape == "peak":
        return label
    shape = "error function rectangle" if state.order.shape == "rectangle" else "error function"
    return f"{'inverted ' if state.inverted else ''}{label} and {shape}"


def build_example_columns(shape: str) -> dict[str, list[float]]:
    """Build the columns of a simulated line scan across a peak, a slot or an edge, for the gallery."""
    from math import erf, exp, sin

    x = [0.25 * i for i in range(41)]
    noise = [0.004 * sin(37.0 * i) for i in range(41)]
    curves = {
        "peak": [exp(-((at - 5.2) ** 2) / 4.0) for at in x],
        "rectangle": [0.5 * (erf((at - 2.9) / 0.3) - erf((at - 7.1) / 0.3)) for at in x],
        "step": [0.5 * (1.0 - erf((at - 4.4) / 0.5)) for at in x],
    }
    signal = [100.0 * (0.05 + value + error) for value, error in zip(curves[shape], noise, strict=True)]
    i0 = signal if shape == "peak" else [100.0] * 41
    return {"I0": i0, "It": signal}
