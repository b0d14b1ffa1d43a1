"""Which figure shows which scan."""

from __future__ import annotations

from collections.abc import Callable

from xafs_workers.figures.model import Figure
from xafs_workers.registry import Registry
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan

View = Callable[[Board, Scan], Figure]

views: Registry[View] = Registry("xafs_workers.figures")
"""By kind of scan, each registered in the module that bears its name."""


def figure_of(board: Board, scan: Scan) -> Figure:
    """Return the figure of a scan as the board has it.

    Raises
    ------
    KeyError
        No plot is made of scans of this kind.
    """
    return views[scan.kind](board, scan)


def figures_on_show(board: Board) -> tuple[Figure, ...]:
    """Return the figures that messages have not closed, oldest first."""
    return tuple(figure_of(board, scan) for scan in board.scans if scan.shown and scan.kind in views)
