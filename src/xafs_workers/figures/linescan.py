"""Figure of a line scan."""

from __future__ import annotations

from xafs_workers.figures.figure_builder import (
    FigureExample,
    FigureOptions,
    answer_value_builders,
    figure_builders,
    figure_examples,
    implied_figure_builders,
)
from xafs_workers.figures.implied import build_implied_line
from xafs_workers.figures.line_marks import build_line_answer
from xafs_workers.figures.lines import build_line_figure
from xafs_workers.figures.model import Figure
from xafs_workers.figures.signal import SignalRequest
from xafs_workers.messages.linescan import LinescanStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan


@figure_builders.register("linescan")
def build_linescan_figure(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the figure of a line scan."""
    start = scan.start.get_message(LinescanStart)
    request = SignalRequest(
        start.detector,
        start.motor or "",
        start.fluo_detector,
        start.stack,
        separate_channels=options.separate_channels,
        with_reflected=start.add_refl,
    )
    return build_line_figure(board, scan, request, f"{start.motor} alignment scan" if start.motor else "time scan")


implied_figure_builders.register("linescan")(build_implied_line)
answer_value_builders.register("linescan")(build_line_answer)


@figure_examples.register("linescan")
def build_example() -> FigureExample:
    """Return a scan across a slit."""
    shape = [0.0, 0.1, 0.9, 1.0, 0.9, 0.1, 0.0]
    channels = {f"Fe{channel}": [channel + 300.0 * value for value in shape] for channel in range(1, 8)}
    columns = {"xafs_x": list(range(7)), "I0": [100.0] * 7, **channels}
    return FigureExample((LinescanStart.example,), columns, {"motors": ["xafs_x"]})
