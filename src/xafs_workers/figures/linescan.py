"""The plot of a line scan, drawn while it is measured."""

from __future__ import annotations

from typing import cast

from xafs_workers.figures.lines import Asked, line_figure
from xafs_workers.figures.model import Figure
from xafs_workers.figures.views import views
from xafs_workers.messages.linescan import LinescanStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan


@views.register("linescan")
def figure(board: Board, scan: Scan) -> Figure:
    """Return the figure of a line scan."""
    start = cast(LinescanStart, scan.start.message)
    asked = Asked(start.motor or "", start.detector, start.fluo_detector, start.stack)
    return line_figure(board, scan, asked, f"{start.motor} alignment scan" if start.motor else "time scan")
