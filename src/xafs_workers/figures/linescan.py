"""The plot of a line scan, drawn while it is measured."""

from __future__ import annotations

from typing import cast

from xafs_workers.figures.figure_builder import Options, views
from xafs_workers.figures.lines import line_figure
from xafs_workers.figures.model import Figure
from xafs_workers.figures.signal import Asked
from xafs_workers.messages.linescan import LinescanStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan


@views.register("linescan")
def figure(board: Board, scan: Scan, options: Options) -> Figure:
    """Return the figure of a line scan."""
    start = cast(LinescanStart, scan.start.message)
    asked = Asked(start.detector, start.motor or "", start.fluo_detector, start.stack, channels=options.channels)
    return line_figure(board, scan, asked, f"{start.motor} alignment scan" if start.motor else "time scan")
