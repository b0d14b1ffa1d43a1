"""Figure of the alignment of a spinner at a glancing angle: each result, at the end the latest of each sort."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from xafs_workers.figures.curves import add_fit, build_curve_trace, format_center, format_mm_label
from xafs_workers.figures.figure_builder import FigureExample, FigureOptions, figure_builders, figure_examples
from xafs_workers.figures.fits import build_summary_panel
from xafs_workers.figures.model import Figure, Mark, Panel, Text
from xafs_workers.messages.base import ControlMessage
from xafs_workers.messages.glancing_angle import (
    GlancingAngleFluo,
    GlancingAngleLinear,
    GlancingAnglePitch,
    GlancingAngleStart,
)
from xafs_workers.scans.alignments import collect_fits, parse_direction
from xafs_workers.scans.board import Board
from xafs_workers.scans.fits import FitState
from xafs_workers.scans.scan import Scan

Result = GlancingAngleLinear | GlancingAnglePitch | GlancingAngleFluo
RESULTS = {"linear": GlancingAngleLinear, "pitch": GlancingAnglePitch, "fluo": GlancingAngleFluo}
"""Messages of the results by the parts of an alignment."""


@figure_builders.register("glancing_angle")
def build_glancing_angle_figure(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the figure of the latest result, or of all sorts of results once the alignment has ended."""
    results = [control.message for control in scan.result_messages]
    if scan.end is not None:
        return _build_summary(scan, results, collect_fits(board, scan))
    if not results:
        return Figure(scan.figure_id, scan.kind, "glancing angle alignment", ())
    title, panel = _build_result_panel(results[-1])
    return Figure(scan.figure_id, scan.kind, title, (panel,))


@figure_examples.register("glancing_angle")
def build_example() -> FigureExample:
    """Return the first result of an alignment."""
    return FigureExample((GlancingAngleStart.example, GlancingAngleLinear.example))


def _build_result_panel(message: ControlMessage) -> tuple[str, Panel]:
    """Build the title and the panel of one result."""
    if isinstance(message, GlancingAngleLinear):
        return f"fit to {parse_direction(message.motor)} {_describe_result(message)}", _build_linear_panel(message)
    if isinstance(message, GlancingAnglePitch):
        return f"pitch {_describe_result(message)}", _build_pitch_panel(message)
    assert isinstance(message, GlancingAngleFluo)  # noqa: S101 - no other action brings a result
    return f"{parse_direction(message.motor)} {_describe_result(message)}", _build_fluo_panel(message)


def _describe_result(message: Result) -> str:
    return f"scan, spinner {message.spinner}, {format_center(message.center, message.xaxis)}"


def _build_linear_panel(message: GlancingAngleLinear) -> Panel:
    y_label = f"{message.inverted}It/I0 and error function"
    panel = Panel("linear", "", format_mm_label(message.motor), y_label, x_name=message.motor)
    cross = (message.center, message.amplitude / 2)
    return add_fit(panel, message.xaxis, message.data, message.best_fit, cross)


def _build_pitch_panel(message: GlancingAnglePitch) -> Panel:
    return Panel(
        "pitch",
        "",
        f"{message.motor} (deg)",
        "It/I0",
        traces=(replace(build_curve_trace("data", message.xaxis, message.data), style="both"),),
        marks=(Mark("center", message.center, message.amplitude),),
        x_name=message.motor,
    )


def _build_fluo_panel(message: GlancingAngleFluo) -> Panel:
    return Panel(
        "fluo",
        "",
        format_mm_label(message.motor),
        f"{message.inverted}If/I0",
        traces=(replace(build_curve_trace("data", message.xaxis, message.data), style="both"),),
        marks=(Mark("center", message.center, message.amplitude),),
        x_name=message.motor,
    )


def _build_summary(scan: Scan, results: list[ControlMessage], fits: Mapping[str, FitState]) -> Figure:
    """Build the figure of all parts: the latest fit of each that a plan asked for, else its latest message."""
    panels = tuple(replace(_build_part(part, results, fits), column=column) for column, part in enumerate(RESULTS))
    spinners = [message.spinner for message in results if isinstance(message, Result)]
    spinners += [state.order.spinner for state in fits.values() if state.order.spinner is not None]
    title = f"alignment of spinner {spinners[-1] if spinners else 0}"
    return Figure(scan.figure_id, scan.kind, title, panels, columns=3, width=16.5, height=5.5)


def _build_part(part: str, results: list[ControlMessage], fits: Mapping[str, FitState]) -> Panel:
    """Build the panel of one part of the summary."""
    if part in fits:
        return build_summary_panel(fits[part], part)
    message = _find_latest(results, RESULTS[part])
    if message is None:
        return _build_missing_panel(part)
    _, panel = _build_result_panel(message)
    return replace(panel, title=format_center(message.center, message.xaxis))


def _find_latest(results: Iterable[ControlMessage], kind: type[Result]) -> Result | None:
    found = [message for message in results if isinstance(message, kind)]
    return found[-1] if found else None


def _build_missing_panel(key: str) -> Panel:
    return Panel(key, texts=(Text("missing", f"no {key} scan came to a result"),))
