"""Figure of the search for a slot of the sample wheel: each result, at the end both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xafs_workers.figures.curves import add_fit, format_center, format_mm_label
from xafs_workers.figures.figure_builder import FigureExample, FigureOptions, figure_builders, figure_examples
from xafs_workers.figures.fits import build_summary_panel
from xafs_workers.figures.model import Figure, Panel, Text
from xafs_workers.messages.align_wheel import AlignWheelFindSlot, AlignWheelStart
from xafs_workers.scans.alignments import collect_fits, parse_direction
from xafs_workers.scans.board import Board
from xafs_workers.scans.fits import FitState
from xafs_workers.scans.scan import Scan

SIGNAL_LABELS = {
    "transmission": "It/I0",
    "fluorescence": "If/I0",
    "xs1": "If/I0",
    "reference": "Ir/I0",
    "yield": "Iy/I0",
}
"""Axis labels of the detectors whose signal is divided by I0; any other detector's label is its name."""


@figure_builders.register("align_wheel")
def build_align_wheel_figure(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the figure of the latest result, or of both directions once the search has ended."""
    results = [control.get_message(AlignWheelFindSlot) for control in scan.result_messages]
    if scan.end is not None:
        return _build_summary(scan, results, collect_fits(board, scan))
    if not results:
        return Figure(scan.figure_id, scan.kind, "Sample wheel alignment", ())
    latest = results[-1]
    title = f"fit to {parse_direction(latest.motor)} scan, {format_center(latest.center, latest.xaxis)}"
    panel = _build_panel(latest, f"{_format_signal_label(latest)} and error function")
    return Figure(scan.figure_id, scan.kind, title, (panel,))


@figure_examples.register("align_wheel")
def build_example() -> FigureExample:
    """Return the first result of a search."""
    return FigureExample((AlignWheelStart.example, AlignWheelFindSlot.example))


def _build_summary(scan: Scan, results: list[AlignWheelFindSlot], fits: Mapping[str, FitState]) -> Figure:
    """Build the figure of both directions: the latest fit of each that a plan asked for, else its latest message."""
    latest = {parse_direction(result.motor): result for result in results}

    def build_direction(way: str) -> Panel:
        if way in fits:
            return build_summary_panel(fits[way], way)
        if way in latest:
            panel = _build_panel(latest[way], _format_signal_label(latest[way]))
            return replace(panel, title=format_center(latest[way].center, latest[way].xaxis))
        return _build_missing_panel(way)

    panels = tuple(replace(build_direction(way), key=way, row=row) for row, way in enumerate(("x", "y")))
    return Figure(scan.figure_id, scan.kind, "Sample wheel alignment", panels, rows=2, width=8.0, height=7.5)


def _build_panel(result: AlignWheelFindSlot, y_label: str) -> Panel:
    panel = Panel(parse_direction(result.motor), "", format_mm_label(result.motor), y_label, x_name=result.motor)
    cross = (result.center, abs(result.amplitude))
    return add_fit(panel, result.xaxis, result.data, result.best_fit, cross)


def _build_missing_panel(way: str) -> Panel:
    return Panel(way, "", f"{way} (mm)", "", texts=(Text("missing", f"no scan along {way} came to a result"),))


def _format_signal_label(result: AlignWheelFindSlot) -> str:
    return SIGNAL_LABELS.get(result.detector, result.detector)
