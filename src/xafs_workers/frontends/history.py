"""Ended scans of the last time: their list, the search in it, and where the scan of a figure is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from xafs_workers.figures.figure_builder import figure_builders
from xafs_workers.figures.views import FoundScan
from xafs_workers.frontends.table import list_origins
from xafs_workers.scans.board import Board
from xafs_workers.scans.run_axes import find_axes
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan

MAX_ENTRIES = 50


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """An ended scan.

    Attributes
    ----------
    title
        Kind and number.
    about
        Sample or file, and what was moved.
    time
        Start, POSIX seconds.
    uids
        Uids of its runs.
    """

    figure_id: str
    title: str
    about: str
    time: float
    uids: tuple[str, ...]

    @property
    def when(self) -> str:
        """Local time of the start; with the date, because the list may reach back to yesterday."""
        return f"{datetime.fromtimestamp(self.time).astimezone():%d %b %H:%M}"

    def matches(self, query: str) -> bool:
        """Check whether each word of a query is in the title, sample, file, motors, time or uids."""
        text = " ".join((self.title, self.about, self.when, *self.uids)).casefold()
        return all(word in text for word in query.casefold().split())


def list_history(boards: Sequence[Board]) -> list[HistoryEntry]:
    """List the ended scans of some boards, newest first; a scan on several is taken from the first of them."""
    found: dict[str, HistoryEntry] = {}
    for board in boards:
        for scan in board.scans:
            if scan.id not in found and scan.has_ended and has_figure(scan):
                found[scan.id] = _build_entry(board, scan)
    return sorted(found.values(), key=lambda entry: entry.time, reverse=True)[:MAX_ENTRIES]


def find_board_scan(boards: Iterable[Board], figure: str) -> FoundScan | None:
    """Find the scan of a figure, and the first of some boards on which it is."""
    for board in boards:
        for scan in board.scans:
            if scan.figure_id == figure and has_figure(scan):
                return board, scan
    return None


def has_figure(scan: Scan) -> bool:
    """Check whether a scan has a figure."""
    return scan.kind in figure_builders and (scan.figure_message is not None or scan.is_implied)


def _build_entry(board: Board, scan: Scan) -> HistoryEntry:
    runs = board.get_runs(scan)
    number = f" #{runs[-1].start.get('scan_id', '?')}" if runs else ""
    sample = list_origins(board, scan)["sample"]
    file = (None if scan.end is None else scan.end.message.named_file) or getattr(scan.start.message, "filename", "")
    motors = ", ".join(dict.fromkeys(motor for run in runs for motor in _list_movers(run)))
    about = " · ".join(dict.fromkeys(filter(None, (sample, file, motors))))
    return HistoryEntry(scan.figure_id, f"{scan.kind}{number}", about, scan.start.time, tuple(run.uid for run in runs))


def _list_movers(run: Run) -> Iterable[str]:
    return run.motors or (key for fields in find_axes(run).entries for key in fields)
