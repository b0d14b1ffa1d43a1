"""A figure as a user has chosen to see it."""

from __future__ import annotations

from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.line_marks import add_line_marks
from xafs_workers.figures.model import Figure
from xafs_workers.figures.normalized_traces import normalize_figure
from xafs_workers.figures.overlays import add_overlay, describe_scan, find_previous_scan
from xafs_workers.figures.transformed_traces import show_derivatives, use_log_axes
from xafs_workers.figures.view_options import PREVIOUS, ViewOptions
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan

FoundScan = tuple[Board, Scan]
"""A scan and the board on which it is."""


def build_view(
    board: Board, scan: Scan, options: ViewOptions, earlier: FoundScan | None = None, present: Board | None = None
) -> Figure:
    """Build the figure of a scan from the present state of the board, with a user's options.

    Parameters
    ----------
    earlier
        Scan that is shown as an overlay, where the options name a figure.
    present
        Board that knows where motors are now; None for that of the scan.

    Raises
    ------
    KeyError
        Scans of this kind have no figure.
    """
    figure = _build_transformed(board, scan, options)
    if options.has_statistics:
        figure = add_line_marks(present or board, scan, figure, is_derivative=options.is_derivative)
    if options.overlay == PREVIOUS:
        previous = find_previous_scan(board, scan)
        earlier = None if previous is None else (board, previous)
    if options.overlay:
        other = None if earlier is None else _build_transformed(*earlier, options)
        figure = add_overlay(figure, other, "" if earlier is None else describe_scan(*earlier))
    return use_log_axes(figure) if options.is_log else figure


def _build_transformed(board: Board, scan: Scan, options: ViewOptions) -> Figure:
    figure = build_figure(board, scan, separate_channels=options.separate_channels)
    if options.is_normalized:
        figure = normalize_figure(board, scan, figure)
    return show_derivatives(figure) if options.is_derivative else figure
