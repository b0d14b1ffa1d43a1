"""A figure as a user has chosen to see it."""

from __future__ import annotations

from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.line_marks import add_line_marks
from xafs_workers.figures.model import Figure
from xafs_workers.figures.view_options import ViewOptions
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan


def build_view(board: Board, scan: Scan, options: ViewOptions) -> Figure:
    """Build the figure of a scan from the present state of the board, with a user's options.

    Raises
    ------
    KeyError
        Scans of this kind have no figure.
    """
    figure = build_figure(board, scan, separate_channels=options.separate_channels)
    return add_line_marks(board, scan, figure) if options.has_statistics else figure
