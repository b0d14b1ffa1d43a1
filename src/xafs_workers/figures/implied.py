"""Figures of implied line, time and area scans: a panel for each signal of the run."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from xafs_workers.figures.figure_builder import FigureOptions
from xafs_workers.figures.model import Array, Figure, Mesh, Panel, Text
from xafs_workers.figures.plotted_signals import PlottedSignals, find_plotted_signals
from xafs_workers.figures.signal import format_key_label
from xafs_workers.figures.trace_builder import NO_POINTS, Curve, compute_traces
from xafs_workers.scans import spectra
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import NoChannelsError
from xafs_workers.scans.expected_range import find_motor_range, find_time_range
from xafs_workers.scans.map_layout import find_layout
from xafs_workers.scans.metadata import as_text
from xafs_workers.scans.outline import Outline
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.spectra import MissingColumnError
from xafs_workers.scans.units import find_unit


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What all panels of a figure share."""

    run: Run
    outline: Outline
    config: BoardConfig

    def format_label(self, key: str) -> str:
        """Format a column with its unit."""
        return format_key_label(key, self.run, self.config)


PanelBuilder = Callable[[str, Curve, _Drawn], Panel]


def build_implied_line(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the figure of an implied line scan."""
    return _build_figure(board, scan, _build_line_panel)


def build_implied_time(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the figure of an implied time scan."""
    return _build_figure(board, scan, _build_time_panel)


def build_implied_map(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the figure of an implied area scan."""
    return _build_figure(board, scan, _build_map_panel)


def _build_figure(board: Board, scan: Scan, build_panel: PanelBuilder) -> Figure:
    run, outline = board.runs[scan.run_uids[0]], scan.outline or Outline("", scan.start_position)
    drawn = _Drawn(run, outline, board.config)
    signals = find_plotted_signals(run, outline, board.config)
    columns = math.ceil(math.sqrt(len(signals.curves))) or 1
    rows = -(-len(signals.curves) // columns) or 1
    panels = tuple(
        replace(build_panel(label, curve, drawn), row=place // columns, column=place % columns)
        for place, (label, curve) in enumerate(signals.curves)
    )
    if not panels:
        panels = (Panel("signal", texts=(Text("nothing", signals.note or "no numbers to draw"),)),)
    size = (min(8.0 * columns, 18.0), min(6.0 * rows, 13.0))
    return Figure(scan.figure_id, scan.kind, format_title(run, outline, signals), panels, rows, columns, *size)


def format_title(run: Run, outline: Outline, signals: PlottedSignals) -> str:
    """Format the title of a run's figure: its plan, its number, its axes, and what is not drawn."""
    number = run.start.get("scan_id")
    plan = as_text(run.start.get("plan_name")) or outline.form
    axes = " × ".join(outline.axes)
    title = f"{plan} of {axes}" if axes else plan
    title += f"  (scan {number})" if isinstance(number, int) else ""
    return f"{title}  {signals.note}" if signals.note else title


def _format_axis(drawn: _Drawn) -> str:
    """Format the label of a line's axis, with the columns that are moved along."""
    (key,) = drawn.outline.axes
    label = drawn.format_label(key)
    if not drawn.outline.companions:
        return label
    unit = label.removeprefix(key).strip()
    return f"{key} (with {', '.join(drawn.outline.companions)}) {unit}".rstrip()


def _build_line_panel(label: str, curve: Curve, drawn: _Drawn) -> Panel:
    (axis,) = drawn.outline.axes
    placed = replace(curve, x=lambda run: spectra.get_column(run.points, axis))
    panel = Panel(curve.key, "", _format_axis(drawn), label, x_name=axis, y_name=curve.key)
    return replace(_add_trace(panel, placed, drawn.run), x_range=find_motor_range(drawn.run, axis))


def _build_time_panel(label: str, curve: Curve, drawn: _Drawn) -> Panel:
    panel = Panel(curve.key, "", "time (s)", label, x_name="time", y_name=curve.key)
    return replace(_add_trace(panel, curve, drawn.run), x_range=find_time_range(drawn.run))


def _add_trace(panel: Panel, curve: Curve, run: Run) -> Panel:
    if not len(run.points):
        return replace(panel, texts=NO_POINTS)
    traces, notes = compute_traces([(run, curve)], "both")
    return replace(panel, traces=traces, texts=notes)


def _build_map_panel(label: str, curve: Curve, drawn: _Drawn) -> Panel:
    run, (vertical, horizontal) = drawn.run, drawn.outline.axes
    x_label, y_label = drawn.format_label(horizontal), drawn.format_label(vertical)
    units = {find_unit(run, drawn.config, key) for key in (horizontal, vertical)}
    is_length = len(units) == 1 and units.pop().kind == "length"
    panel = Panel(curve.key, "", x_label, y_label, x_name=horizontal, y_name=vertical, is_to_scale=is_length)
    if not len(run.points):
        return replace(panel, texts=NO_POINTS)
    try:
        values = curve.y(run)
    except (MissingColumnError, NoChannelsError) as problem:
        return replace(panel, texts=(Text("problem", str(problem)),))
    layout = find_layout(run, vertical, horizontal)
    z: Array = run.points.compute_once(("implied map", vertical, horizontal, curve.key), lambda: layout.arrange(values))
    return replace(panel, meshes=(Mesh(curve.key, layout.x, layout.y, z, label),))
