"""Figure of a time scan."""

from __future__ import annotations

from xafs_workers.figures.figure_builder import (
    FigureExample,
    FigureOptions,
    figure_builders,
    figure_examples,
    implied_figure_builders,
)
from xafs_workers.figures.implied import build_implied_time
from xafs_workers.figures.lines import build_line_figure
from xafs_workers.figures.model import Figure
from xafs_workers.figures.signal import SignalRequest
from xafs_workers.messages.timescan import TimescanStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan


@figure_builders.register("timescan")
def build_timescan_figure(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the figure of a time scan."""
    start = scan.start.get_message(TimescanStart)
    request = SignalRequest(
        start.detector, fluo_detector=start.fluo_detector, separate_channels=options.separate_channels
    )
    return build_line_figure(board, scan, request, "time scan")


implied_figure_builders.register("timescan")(build_implied_time)


@figure_examples.register("timescan")
def build_example() -> FigureExample:
    """Return a signal that decays."""
    columns = {"I0": [100.0] * 6, "It": [60.0, 50.0, 44.0, 41.0, 40.0, 40.0]}
    return FigureExample((TimescanStart.example,), columns)
