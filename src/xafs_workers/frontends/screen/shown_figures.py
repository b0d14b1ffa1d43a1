"""Figures of the window: those of the present board, and those of the past that the user recalled."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from xafs_workers.figures.figure_builder import list_shown_scans
from xafs_workers.figures.model import Figure
from xafs_workers.figures.view_options import PREVIOUS, ViewOptions
from xafs_workers.figures.views import FoundScan
from xafs_workers.frontends.figure_factory import FigureFactory
from xafs_workers.frontends.history import HistoryEntry, find_board_scan, list_history
from xafs_workers.frontends.side_by_side import find_live_view, find_merge
from xafs_workers.frontends.status import Feed
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan


class ShownFigures:
    """Finds the scans that the window shows, and builds their figures.

    Parameters
    ----------
    read_options
        Returns the options of all views.

    Attributes
    ----------
    feed
        Newest state.
    recalled
        Ids of the figures of the past that the user recalled.
    """

    def __init__(self, read_options: Callable[[], ViewOptions]):
        self._read_options, self._factory = read_options, FigureFactory()
        self.feed = Feed(Board())
        self.recalled: set[str] = set()

    def list_on_show(self, closed: Collection[str]) -> dict[str, FoundScan]:
        """List the scans with an open figure, and before them those recalled and not closed since."""
        self.recalled.difference_update(closed)
        past = {figure: found for figure in self.recalled if (found := self.find(figure)) is not None}
        return past | {scan.figure_id: (self.feed.board, scan) for scan in list_shown_scans(self.feed.board)}

    def list_history(self) -> list[HistoryEntry]:
        """List the ended scans, newest first."""
        return list_history((self.feed.board, self.feed.history))

    def find(self, figure: str) -> FoundScan | None:
        """Find the scan of a figure, and its board."""
        return find_board_scan((self.feed.board, self.feed.history), figure)

    def find_scan(self, figure: str) -> Scan | None:
        """Find the scan of a figure."""
        found = self.find(figure)
        return None if found is None else found[1]

    def find_live_view(self, figure: str) -> str | None:
        """Find the figure of the live view beside which a wide window shows a merge."""
        scan = self.find_scan(figure)
        live = find_live_view(self.feed.board, scan) if scan is not None else None
        return None if live is None else live.figure_id

    def make(self, board: Board, scan: Scan, *, is_wide: bool = False) -> Figure:
        """Build the figure of a scan with the options of the views; in a wide window with its merge beside it."""
        figure = self._make(board, scan, self._read_options())
        merge = find_merge(board, scan) if is_wide else None
        return figure if merge is None else replace(figure, beside=self.make(board, merge))

    def make_past(self, figure: str) -> Figure | None:
        """Build a figure by its id, None where its scan is gone."""
        found = self.find(figure)
        return None if found is None else self.make(*found)

    def make_unmarked(self, board: Board, scan: Scan) -> Figure:
        """Build the figure of a scan as it is shown, without marks: its numbers are those of the curves alone."""
        return self._make(board, scan, replace(self._read_options(), has_statistics=False))

    def _make(self, board: Board, scan: Scan, options: ViewOptions) -> Figure:
        overlay = None if options.overlay in ("", PREVIOUS) else self.find(options.overlay)
        return self._factory.make(board, scan, options, overlay, self.feed.board)
