"""Sessions folded and shown, for tests of figures."""

from __future__ import annotations

from typing import Any

from helpers.streams import EPOCH, Entry, build_run_documents, fold, stamp_entries
from xafs_workers.figures.figure_builder import build_figure, list_shown_scans
from xafs_workers.figures.model import Figure, Panel
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ClockTick, ReceivedMessage
from xafs_workers.scans.scan import Scan


def fold_board(*entries: Entry | dict[str, Any] | list[Entry], settled: bool = True) -> Board:
    """Fold messages (dicts), entries and lists of entries, then let time pass."""
    flat: list[Entry] = []
    for entry in entries:
        flat += entry if isinstance(entry, list) else [("bmm", entry) if isinstance(entry, dict) else entry]
    board = fold(stamp_entries(flat))
    return board.apply(ClockTick(EPOCH + 1000.0)) if settled else board


def build_last_figure(*entries: Any, settled: bool = True, **options: Any) -> Figure:
    """Return the figure of the scan that started last."""
    board = fold_board(*entries, settled=settled)
    return build_figure(board, board.scans[-1], **options)


def build_shown_figures(board: Board) -> tuple[Figure, ...]:
    """Build the open figures of a board, in the order in which they opened."""
    return tuple(build_figure(board, scan) for scan in list_shown_scans(board))


def find_last_message(board: Board) -> tuple[ReceivedMessage, Scan]:
    """Return the last message of a board and its scan."""
    control = max(board.messages, key=lambda control: control.position)
    scan = board.find_scan(control)
    assert scan is not None
    return control, scan


def list_shown_figures(*entries: Any) -> list[tuple[str, str]]:
    """Return kind and title of each figure on show."""
    return [(figure.kind, figure.title) for figure in build_shown_figures(fold_board(*entries))]


def make_run(
    columns: dict[str, Any], hint: str | None = None, motors: list[str] | None = None, **more: Any
) -> list[Entry]:
    return list(build_run_documents(hint=hint, motors=motors, columns=columns, **more))


def get_run_uid(run: list[Entry]) -> str:
    return run[0][1]["uid"]


def join_notes(figure: Figure) -> str:
    """Return all notes of a figure."""
    return " ".join(text.text for panel in figure.panels for text in panel.texts)


def get_only_panel(figure: Figure) -> Panel:
    (panel,) = figure.panels
    return panel
