"""Sessions folded and shown, for tests of figures."""

from __future__ import annotations

from typing import Any

from helpers.streams import EPOCH, Entry, fold, items_of, run_documents
from xafs_workers.figures.figure_builder import figure_of, figures_on_show
from xafs_workers.figures.model import Figure, Panel
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Tick


def board_of(*entries: Entry | dict[str, Any] | list[Entry], settled: bool = True) -> Board:
    """Fold messages (dicts), entries and lists of entries, then let time pass."""
    flat: list[Entry] = []
    for entry in entries:
        flat += entry if isinstance(entry, list) else [("bmm", entry) if isinstance(entry, dict) else entry]
    board = fold(items_of(flat))
    return board.apply(Tick(EPOCH + 1000.0)) if settled else board


def shown(*entries: Any, settled: bool = True, **options: Any) -> Figure:
    """Return the figure of the scan that started last."""
    board = board_of(*entries, settled=settled)
    return figure_of(board, board.scans[-1], **options)


def on_show(*entries: Any) -> list[tuple[str, str]]:
    """Return kind and title of each figure on show."""
    return [(figure.kind, figure.title) for figure in figures_on_show(board_of(*entries))]


def a_run(
    columns: dict[str, Any], hint: str | None = None, motors: list[str] | None = None, **more: Any
) -> list[Entry]:
    return list(run_documents(hint=hint, motors=motors, columns=columns, **more))


def uid_of(run: list[Entry]) -> str:
    return run[0][1]["uid"]


def said(figure: Figure) -> str:
    """Return all notes of a figure."""
    return " ".join(text.text for panel in figure.panels for text in panel.texts)


def only_panel(figure: Figure) -> Panel:
    (panel,) = figure.panels
    return panel
