"""The plot of a time scan, drawn while it is measured."""

from __future__ import annotations

from typing import cast

from xafs_workers.figures.figure_builder import Options, views
from xafs_workers.figures.lines import line_figure
from xafs_workers.figures.model import Figure
from xafs_workers.figures.signal import Asked
from xafs_workers.messages.timescan import TimescanStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan


@views.register("timescan")
def figure(board: Board, scan: Scan, options: Options) -> Figure:
    """Return the figure of a time scan."""
    start = cast(TimescanStart, scan.start.message)
    asked = Asked(start.detector, fluo_detector=start.fluo_detector, channels=options.channels)
    return line_figure(board, scan, asked, "time scan")
