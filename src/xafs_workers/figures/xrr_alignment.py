"""Figure of an alignment of the goniometer: the peak, its width at half height, and its centre of mass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from xafs_workers.figures.figure_builder import FigureExample, FigureOptions, figure_builders, figure_examples
from xafs_workers.figures.model import Array, Figure, Line, Mark, Panel, Text, Trace
from xafs_workers.figures.position_digits import format_position
from xafs_workers.figures.signal import format_key_label
from xafs_workers.messages.xrr_alignment import XrrAlignment
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.peak_statistics import PeakStatistics
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.xrr_alignment import AlignmentState, find_alignment

NO_WIDTH = "no width: the scan shows one side of the peak"


@figure_builders.register("xrr_alignment")
def build_alignment_figure(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the figure of an alignment from its present state."""
    message, state = scan.start.get_message(XrrAlignment), find_alignment(board, scan)
    return Figure(
        scan.figure_id,
        scan.kind,
        _format_title(message, state),
        (_build_panel(message, state, board.config),),
        width=10.0,
    )


def _format_title(message: XrrAlignment, state: AlignmentState) -> str:
    delta = "" if message.delta is None else f", delta = {message.delta:g}"
    angle = "" if message.angle is None else f", {message.angle}"
    found, signal = state.statistics, state.signal
    title = f"{message.motor} scan{delta}{angle}"
    if found is None or signal is None or state.problem:
        return title
    return f"{title}: {_format_numbers(found, signal.x)}"


def _format_numbers(found: PeakStatistics, x: Array) -> str:
    values = (("peak", found.peakpos), ("com", found.com), ("center", found.fwhm_center), ("fwhm", found.fwhm))
    return ", ".join(f"{name} = {'none' if value is None else format_position(value, x)}" for name, value in values)


def _build_panel(message: XrrAlignment, state: AlignmentState, config: BoardConfig) -> Panel:
    signal, found = state.signal, state.statistics
    label = message.detector if signal is None else signal.label
    panel = Panel(
        "peak", "", format_key_label(message.motor, state.run, config), label, x_name=message.motor, y_name="peak"
    )
    if signal is None or found is None:
        return replace(panel, texts=_build_notes(state))
    if state.problem:
        return replace(panel, title=f"no result: {state.problem}", traces=tuple(_build_traces(state)), legend="full")
    com = () if found.com is None else (Line("com", found.com, "com"),)
    traces = tuple(_build_traces(state))
    mark = Mark("peak", found.peakpos, found.peak)
    title = NO_WIDTH if found.fwhm is None else ""
    return replace(panel, title=title, traces=traces, marks=(mark,), lines=com, legend="full")


def _build_traces(state: AlignmentState) -> Iterator[Trace]:
    signal, found = state.signal, state.statistics
    if signal is not None:
        yield Trace("data", signal.x, signal.y, signal.label, 0, "both")
    if state.reflected is not None:
        yield Trace("reflected", state.reflected.x, state.reflected.y, state.reflected.label, 1, "both")
    if found is not None and found.fwhm is not None and found.fwhm_center is not None:
        ends = found.fwhm_center + 0.5 * found.fwhm * np.array([-1.0, 1.0])
        yield Trace("fwhm", ends, np.full(2, found.peak / 2.0), "half height", 2, "line")


def _build_notes(state: AlignmentState) -> tuple[Text, ...]:
    """Build the note on what is missing."""
    return (Text("problem", state.problem or "waiting for the run"),) if state.signal is None else ()


@figure_examples.register("xrr_alignment")
def build_example() -> FigureExample:
    """Return a scan of eta across a peak, with the reflected region beside the direct one."""
    message = XrrAlignment.example
    eta = np.linspace(-0.5, 0.5, 51)
    columns = {
        "eta": eta.tolist(),
        "dir": (40.0 + 20_000.0 * np.exp(-(((eta - 0.06) / 0.12) ** 2))).tolist(),
        "refl": (30.0 + 9_000.0 * np.exp(-(((eta - 0.18) / 0.1) ** 2))).tolist(),
        "dwti_dwell_time": [2.0] * 51,
    }
    return FigureExample((message,), columns, {"uid": message["uid"], "motors": ["eta"]})
