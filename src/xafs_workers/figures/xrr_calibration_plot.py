"""Figure of a calibration of the Mythen detector: the angle of each pixel, measured and fitted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from xafs_workers.figures.figure_builder import FigureExample, FigureOptions, figure_builders, figure_examples
from xafs_workers.figures.model import Figure, Line, Panel, Text, Trace
from xafs_workers.messages.xrr_calibration_plot import XrrCalibrationPlot
from xafs_workers.scans.board import Board
from xafs_workers.scans.mythen import Geometry
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.xrr_calibration_plot import CalibrationState, find_calibration


@figure_builders.register("xrr_calibration_plot")
def build_calibration_figure(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the figure of a calibration from its present state."""
    state = find_calibration(board, scan)
    panel = Panel("angles", "", "pixel", "angle (deg)", x_name="pixel", y_name="angle")
    title = "Mythen calibration"
    if state.geometry is None:
        text = f"no result: {state.problem}" if state.problem else "waiting for the run and its images"
        return Figure(scan.figure_id, scan.kind, title, (replace(panel, texts=(Text("problem", text),)),))
    found = state.geometry
    distance = found.compute_distance(board.config.goniometer.pixel_width)
    title = f"{title}: pixel zero = {found.pixel_zero:.2f}, distance = {distance:.1f} mm"
    zero = Line("zero", found.pixel_zero, "pixel zero")
    panel = replace(panel, traces=tuple(_build_traces(state, found)), lines=(zero,), legend="full")
    return Figure(scan.figure_id, scan.kind, title, (panel,))


def _build_traces(state: CalibrationState, found: Geometry) -> Iterator[Trace]:
    """Yield the measured angles and the fitted curve, the same arrays for the same run."""
    pixels = found.pixels.astype(np.float64)
    run = state.run
    fitted = found.compute_angles(pixels)
    if run is not None:
        pixels, fitted = run.points.compute_once(("calibration curve", found.pixel_zero), lambda: (pixels, fitted))
    yield Trace("measured", pixels, found.angles, "measured", 0, "points")
    yield Trace("fit", pixels, fitted, "arctan((pixel - zero) × width / distance)", 1)


@figure_examples.register("xrr_calibration_plot")
def build_example() -> FigureExample:
    """Return a scan of the detector through the direct beam."""
    message = XrrCalibrationPlot.example
    delta = np.linspace(-3.0, 3.0, 121)
    pixels = np.arange(1280)
    beam = 640.0 - np.tan(np.radians(delta)) * 12_000.0
    image = np.round(5_000.0 * np.exp(-(((pixels - beam[:, np.newaxis]) / 4.0) ** 2)))
    image[:, 200:210] = 0.0  # dead pixels
    columns = {
        "delta": delta.tolist(),
        "eta": [0.0] * 121,
        "monitor": [1_000.0] * 121,
        "mythen-2_image": image.astype(np.int32).tolist(),
    }
    return FigureExample((message,), columns, {"uid": message["uid"], "motors": ["delta"]})
