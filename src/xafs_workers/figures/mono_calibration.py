"""Figure of the monochromator's calibration: Bragg angle against energy, and what is left of each edge."""

from __future__ import annotations

from math import floor, isfinite, log10

import numpy as np

from xafs_workers.figures.cubic import interpolate_cubic
from xafs_workers.figures.curves import Floats, build_array, compute_once
from xafs_workers.figures.figure_builder import FigureExample, FigureOptions, figure_builders, figure_examples
from xafs_workers.figures.model import Array, Figure, Panel, Trace
from xafs_workers.messages.mono_calibration import MonoCalibration
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan

INTERPOLATION_POINTS = 100
"""Number of points of the interpolated curve."""

MAX_DECIMALS = 12


@figure_builders.register("mono_calibration")
def build_mono_calibration_figure(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the figure of a calibration: the tabulated edges as a curve, the measured ones as points, and residuals."""
    message = scan.start.get_message(MonoCalibration)
    x, y = compute_once(interpolate_edges, message.ee, message.tt)
    measured = Trace("measured", build_array(message.found), build_array(message.tt), "measured", 1, "points")
    traces = (Trace("tabulated", x, y, "tabulated"), measured)
    spacing, offset = format_with_error(message.dspacing, 8), format_with_error(message.offset, 5)
    title = f"d-spacing = {spacing} Å, offset = {offset}°"
    panel = Panel("calibration", title, "energy (eV)", "angle (deg)", traces=traces, legend="full")
    panels = (panel, _build_residual_panel(message))
    return Figure(
        scan.figure_id, scan.kind, f"Si({message.mono}) calibration curve", panels, rows=2, width=8.0, height=7.5
    )


def _build_residual_panel(message: MonoCalibration) -> Panel:
    """Build the panel of what the fit leaves: on the curve's scale an electron volt is not seen."""
    tabulated = build_array(message.ee)
    residual = Trace("residual", tabulated, build_array(message.found) - tabulated, "", 1, "points")
    zero = Trace("zero", tabulated[[0, -1]], np.zeros(2)) if len(tabulated) else None
    traces = (residual,) if zero is None else (zero, residual)
    return Panel("residual", "", "energy (eV)", "measured - tabulated (eV)", row=1, traces=traces)


@figure_examples.register("mono_calibration")
def build_example() -> FigureExample:
    """Return a calibration with three edges."""
    return FigureExample((MonoCalibration.example,))


def interpolate_edges(energies: Floats, angles: Floats) -> tuple[Array, Array]:
    """Interpolate the curve through the tabulated edges, sorted by energy; fewer than two are returned unchanged."""
    x, y = np.array(energies, dtype=np.float64), np.array(angles, dtype=np.float64)
    usable = np.isfinite(x) & np.isfinite(y)
    x, first = np.unique(x[usable], return_index=True)
    y = y[usable][first]
    if len(x) < 2:
        return x, y
    fine = np.linspace(x[0], x[-1], INTERPOLATION_POINTS)
    return fine, interpolate_cubic(x, y, fine)


def format_with_error(fitted: tuple[float, float | None], digits: int) -> str:
    """Format a number with its standard error, with two digits of the error; `digits` decimals where there is none."""
    value, error = fitted
    if error is None or not (isfinite(error) and error > 0.0):
        return f"{value:.{digits}f}"
    decimals = min(max(1 - floor(log10(error)), 0), MAX_DECIMALS)
    return f"{value:.{decimals}f} ± {error:.{decimals}f}"
