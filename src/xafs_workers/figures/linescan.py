"""Figure of a line scan."""

from __future__ import annotations

from xafs_workers.figures.figure_builder import FigureOptions, figure_builders
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
        start.detector, start.motor or "", start.fluo_detector, start.stack, separate_channels=options.separate_channels
    )
    return build_line_figure(board, scan, request, f"{start.motor} alignment scan" if start.motor else "time scan")
