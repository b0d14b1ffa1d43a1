"""Which figure shows which scan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xafs_workers.figures.model import Figure
from xafs_workers.registry import Registry
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.mca import SpectraLoader
from xafs_workers.scans.scan import Scan


@dataclass(frozen=True, slots=True)
class FigureOptions:
    """How a figure is asked for.

    Attributes
    ----------
    separate_channels
        Each fluorescence channel in place of their sum, where fluorescence is shown (to find a bad one).
    spectra_loader
        A catalog's spectra, for those that the documents do not hold.
    """

    separate_channels: bool = False
    spectra_loader: SpectraLoader | None = None


FigureBuilder = Callable[[Board, Scan, FigureOptions], Figure]

figure_builders: Registry[FigureBuilder] = Registry("xafs_workers.figures")
"""By kind of scan, each registered in the module that bears its name."""


PictureFigureBuilder = Callable[[Board, Scan, ReceivedMessage], Figure | None]

picture_figure_builders: Registry[PictureFigureBuilder] = Registry("xafs_workers.figures")
"""By kind of scan: the figure on the picture of a message, where it is not the figure of the scan; else None."""

answer_value_builders: Registry[Callable[[Board, Scan], str]] = Registry("xafs_workers.figures")
"""By kind of scan: the text that the answer to a picture's message carries; '' for none."""


def build_picture_figure(
    board: Board, scan: Scan, control: ReceivedMessage, spectra_loader: SpectraLoader | None = None
) -> Figure:
    """Return the figure that the picture of a message shows."""
    builder = picture_figure_builders.get(scan.kind)
    figure = None if builder is None else builder(board, scan, control)
    return build_figure(board, scan, spectra_loader=spectra_loader) if figure is None else figure


def build_figure(
    board: Board, scan: Scan, *, separate_channels: bool = False, spectra_loader: SpectraLoader | None = None
) -> Figure:
    """Return the figure of a scan as the board has it.

    Parameters
    ----------
    separate_channels, spectra_loader
        See `Options`.

    Raises
    ------
    KeyError
        No plot is made of scans of this kind.
    """
    return figure_builders[scan.kind](board, scan, FigureOptions(separate_channels, spectra_loader))


def list_shown_scans(board: Board) -> tuple[Scan, ...]:
    """Return the scans whose figures messages have not closed, in the order in which those opened.

    The figure of each has the id `figure_id`; a front end makes those that somebody looks at.
    """
    shown = [scan for scan in board.scans if scan.is_shown and scan.kind in figure_builders]
    return tuple(sorted(shown, key=lambda scan: (scan.figure_message or scan.start).time))


def build_shown_figures(
    board: Board, *, separate_channels: bool = False, spectra_loader: SpectraLoader | None = None
) -> tuple[Figure, ...]:
    """Return the figures that messages have not closed, in the order in which they opened."""
    return tuple(
        build_figure(board, scan, separate_channels=separate_channels, spectra_loader=spectra_loader)
        for scan in list_shown_scans(board)
    )
