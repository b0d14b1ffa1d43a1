"""Which figure shows which scan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xafs_workers.figures.model import Figure
from xafs_workers.registry import Registry
from xafs_workers.scans.board import Board
from xafs_workers.scans.mca import SpectraOf
from xafs_workers.scans.scan import Scan


@dataclass(frozen=True, slots=True)
class Options:
    """How a figure is asked for.

    Attributes
    ----------
    channels
        Each fluorescence channel in place of their sum, where fluorescence is shown (to find a bad one).
    spectra_of
        A catalog's spectra, for those that the documents do not hold.
    """

    channels: bool = False
    spectra_of: SpectraOf | None = None


View = Callable[[Board, Scan, Options], Figure]

views: Registry[View] = Registry("xafs_workers.figures")
"""By kind of scan, each registered in the module that bears its name."""


def figure_of(board: Board, scan: Scan, *, channels: bool = False, spectra_of: SpectraOf | None = None) -> Figure:
    """Return the figure of a scan as the board has it.

    Parameters
    ----------
    channels, spectra_of
        See `Options`.

    Raises
    ------
    KeyError
        No plot is made of scans of this kind.
    """
    return views[scan.kind](board, scan, Options(channels, spectra_of))


def scans_on_show(board: Board) -> tuple[Scan, ...]:
    """Return the scans whose figures messages have not closed, in the order in which those opened.

    The figure of each has the id `figure_id`; a front end makes those that somebody looks at.
    """
    shown = [scan for scan in board.scans if scan.shown and scan.kind in views]
    return tuple(sorted(shown, key=lambda scan: (scan.figure or scan.start).time))


def figures_on_show(board: Board, *, channels: bool = False, spectra_of: SpectraOf | None = None) -> tuple[Figure, ...]:
    """Return the figures that messages have not closed, in the order in which they opened."""
    return tuple(figure_of(board, scan, channels=channels, spectra_of=spectra_of) for scan in scans_on_show(board))
