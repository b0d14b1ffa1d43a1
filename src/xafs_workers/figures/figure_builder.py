"""Registry of the functions that build figures, by kind of scan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from xafs_workers.figures.caption import build_caption
from xafs_workers.figures.model import Figure, Text
from xafs_workers.messages.base import Example
from xafs_workers.registry import Registry
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.mca import SpectraLoader
from xafs_workers.scans.passed_runs import describe_empty_windows
from xafs_workers.scans.scan import Scan, scan_kinds


@dataclass(frozen=True, slots=True)
class FigureOptions:
    """Options with which a front end requests a figure.

    Attributes
    ----------
    separate_channels
        True to show each fluorescence channel in place of their sum (to find a bad one).
    spectra_loader
        Function that loads spectra from a catalog, for runs whose documents do not contain them.
    """

    separate_channels: bool = False
    spectra_loader: SpectraLoader | None = None


FigureBuilder = Callable[[Board, Scan, FigureOptions], Figure]

figure_builders: Registry[FigureBuilder] = Registry("xafs_workers.figures", "figure_builders", scan_kinds.discover)
"""Builders of figures by kind of scan, each registered in the module of the same name."""

implied_figure_builders: Registry[FigureBuilder] = Registry(
    "xafs_workers.figures", "implied_figure_builders", scan_kinds.discover
)
"""Builders of the figures of implied scans, those of runs without a message, by kind of scan.

A kind without one shows an implied scan as it shows a scan of messages.
"""

PictureFigureBuilder = Callable[[Board, Scan, ReceivedMessage], Figure | None]

picture_figure_builders: Registry[PictureFigureBuilder] = Registry(
    "xafs_workers.figures", "picture_figure_builders", scan_kinds.discover
)
"""Builders of picture figures by kind of scan, where a picture differs from the scan's figure.

A builder returns None where the picture of a message shows the scan's figure.
"""

answer_value_builders: Registry[Callable[[Board, Scan], Mapping[str, Any]]] = Registry(
    "xafs_workers.figures", "answer_value_builders", scan_kinds.discover
)
"""Builders, by kind of scan, of the value of the answer to a picture's message; {} for none."""


@dataclass(frozen=True, slots=True)
class FigureExample:
    """A small session, whose figure shows in the gallery what a kind looks like.

    Attributes
    ----------
    messages
        Control messages as they are sent, in order.
    columns
        Readings of the run that starts after them, by column, one for each point; empty where there is no run.
    run_start
        Entries of the start document of that run.
    """

    messages: Sequence[Example]
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict[str, Sequence[Any]])
    run_start: Mapping[str, Any] = field(default_factory=dict[str, Any])


figure_examples: Registry[Callable[[], FigureExample]] = Registry(
    "xafs_workers.figures", "figure_examples", scan_kinds.discover
)
"""By kind of scan; every kind that has a figure has an example."""


def build_picture_figure(
    board: Board, scan: Scan, control: ReceivedMessage, spectra_loader: SpectraLoader | None = None
) -> Figure:
    """Build the figure that the picture of a message shows."""
    builder = picture_figure_builders.get(scan.kind)
    figure = None if builder is None else builder(board, scan, control)
    if figure is None:
        return build_figure(board, scan, spectra_loader=spectra_loader)
    return replace(figure, caption=build_caption(board, scan))


def build_figure(
    board: Board, scan: Scan, *, separate_channels: bool = False, spectra_loader: SpectraLoader | None = None
) -> Figure:
    """Build the figure of a scan from the present state of the board.

    Parameters
    ----------
    separate_channels, spectra_loader
        See `FigureOptions`.

    Raises
    ------
    KeyError
        Scans of this kind have no figure.
    """
    builder = implied_figure_builders.get(scan.kind) if scan.is_implied else None
    options = FigureOptions(separate_channels, spectra_loader)
    figure = (builder or figure_builders[scan.kind])(board, scan, options)
    if not scan.run_uids:
        figure = _explain_missing_runs(figure, describe_empty_windows(board, scan))
    figure = _mark_incomplete_runs(figure, board, scan)
    return replace(
        figure,
        is_finished=scan.has_ended,
        reading_order=figure.reading_order or _list_in_order(figure),
        caption=build_caption(board, scan),
    )


def _list_in_order(figure: Figure) -> tuple[str, ...]:
    """List the panels row by row."""
    return tuple(panel.key for panel in sorted(figure.panels, key=lambda panel: (panel.row, panel.column)))


def _explain_missing_runs(figure: Figure, reason: str) -> Figure:
    """Say in the first panel of a scan without runs why its windows closed empty."""
    if not reason or not figure.panels:
        return figure
    text = Text("no run", reason.replace(": ", ":\n", 2).replace(", ", ",\n"))
    first = replace(figure.panels[0], texts=(text,), traces=(), meshes=())
    return replace(figure, panels=(first, *figure.panels[1:]))


def _mark_incomplete_runs(figure: Figure, board: Board, scan: Scan) -> Figure:
    """Say in the first panel that points of the scan's runs never arrived."""
    reasons = [board.missing_runs[uid] for uid in scan.run_uids if uid in board.missing_runs and uid in board.runs]
    if not reasons or not figure.panels:
        return figure
    first = figure.panels[0]
    note = Text("incomplete", "\n".join(dict.fromkeys(reasons)), 0.5, 0.95)
    return replace(figure, panels=(replace(first, texts=(*first.texts, note)), *figure.panels[1:]))


def list_shown_scans(board: Board) -> tuple[Scan, ...]:
    """List the scans with an open figure, in the order in which the figures opened.

    The figure of each has the id `figure_id`; a front end builds only the figures that it shows.
    """
    shown = [scan for scan in board.scans if scan.is_shown and scan.kind in figure_builders]
    return tuple(sorted(shown, key=lambda scan: (scan.figure_message or scan.start).time))
