"""Gallery that all viewers share: the newest board and its figures, each built once and only on demand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from xafs_workers.figures.figure_builder import list_shown_scans
from xafs_workers.figures.model import Figure
from xafs_workers.figures.view_options import PREVIOUS, ViewOptions
from xafs_workers.figures.views import FoundScan
from xafs_workers.frontends.figure_factory import DEFAULT_VIEW, FigureFactory
from xafs_workers.frontends.history import find_board_scan, list_history
from xafs_workers.frontends.progress import estimate_progress
from xafs_workers.frontends.side_by_side import find_live_view, find_merge
from xafs_workers.frontends.status import STALE_AFTER, Feed, Status, build_status, find_running_scan
from xafs_workers.frontends.tab_policy import find_new_result
from xafs_workers.render.sketch import render_sketch
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan

CARD_INTERVAL = 2.0
"""Minimum time between two updates of a figure's card, seconds."""


class Gallery:
    """The figures of the newest board.

    Parameters
    ----------
    feed
        Returns the newest state.
    stale_after
        Age above which the data of a running scan are marked as stale, seconds.
        clock
            Returns the time, POSIX seconds.
    request_results
        Has the scan of a figure of the past reduced.

    Attributes
    ----------
    board
        Newest board that `refresh` has read.
    status
        Texts of the status line, and the measured fraction of the running scan.
    cards
        Cards of the shown figures, newest first: id, title, opening time, whether the scan is still measured.
    past
        Cards of the ended scans, newest first, also of those before the worker's start.
    pictures
        Thumbnails of the shown figures (SVG) by figure id.
    """

    def __init__(
        self,
        feed: Callable[[], Feed],
        *,
        stale_after: float = STALE_AFTER,
        clock: Callable[[], float] = time.time,
        request_results: Callable[[str], object] = lambda figure: None,
    ):
        self._request_results = request_results
        self._feed, self._stale_after, self._clock = feed, stale_after, clock
        self.board = self.history = Board()
        self.is_reading_history = False
        self.status: dict[str, Any] = {}
        self.cards: list[dict[str, Any]] = []
        self.past: list[dict[str, Any]] = []
        self.pictures: dict[str, str] = {}
        self._shown_scans: dict[str, Scan] = {}
        self._titles: dict[str, str] = {}
        self._drawn_versions: dict[str, tuple[float, int]] = {}
        self._figure_cache: dict[tuple[str, ViewOptions], tuple[tuple[int, int], Figure]] = {}
        self._requested_results: set[str] = set()
        self._figure_factory = FigureFactory()

    def refresh(self) -> None:
        """Read the newest state and draw at most one thumbnail; fast if nothing has changed."""
        feed, now = self._feed(), self._clock()
        if feed.board is not self.board:
            self.board = feed.board
            self._arrange()
        self.is_reading_history = feed.is_reading_history
        if feed.history is not self.history:
            self.history = feed.history
            self._list_history()
        self._update_status(build_status(feed, now, stale_after=self._stale_after), now)
        if self._redraw_one():
            self._update_cards()

    @property
    def newest(self) -> str | None:
        """Id of the shown figure that was opened last, or of a sequence that ended later; None if none is shown."""
        return find_new_result(self._shown_scans.values()) or next(reversed(self._shown_scans), None)

    def find_scan(self, figure: str) -> Scan | None:
        """Find the scan of a figure, also if the figure was closed, or is one of the past."""
        found = self.find_board_scan(figure)
        return None if found is None else found[1]

    def find_board_scan(self, figure: str) -> FoundScan | None:
        """Find the scan of a figure and the board on which it is."""
        shown = self._shown_scans.get(figure)
        return (self.board, shown) if shown is not None else find_board_scan((self.board, self.history), figure)

    def get_sketch(self, figure: str) -> str | None:
        """Return the thumbnail of a figure (SVG), None if there is no such figure."""
        if figure in self.pictures:
            return self.pictures[figure]
        model = self.get_figure(figure)
        return None if model is None else render_sketch(model)

    def get_figure(self, figure: str, options: ViewOptions = DEFAULT_VIEW) -> Figure | None:
        """Return the current figure with a given id, None if the board no longer has it."""
        found = self.find_board_scan(figure)
        if found is None:
            return None
        board, scan = found
        if board is self.history and figure not in self._requested_results:
            self._requested_results.add(figure)
            self._request_results(figure)
        version = (self.board.version, self.history.version)
        cached = self._figure_cache.get((figure, options))
        if cached is None or cached[0] != version:
            cached = self._figure_cache[figure, options] = (
                version,
                self._figure_factory.make(board, scan, options, self._find_overlay(options), self.board),
            )
        return cached[1]

    def find_live_view(self, figure: str) -> str | None:
        """Return the id of the live view that belongs to the figure of a sequence, None if there is none."""
        found = self.find_board_scan(figure)
        live = None if found is None else find_live_view(*found)
        return None if live is None else live.figure_id

    def get_beside(self, figure: str) -> Figure | None:
        """Return the current figure that a wide page shows beside another one, None for none."""
        found = self.find_board_scan(figure)
        merge = None if found is None else find_merge(*found)
        return None if merge is None else self.get_figure(merge.figure_id)

    def _arrange(self) -> None:
        self._shown_scans = {scan.figure_id: scan for scan in list_shown_scans(self.board)}
        self._list_history()
        ids = {*self._shown_scans, *(card["id"] for card in self.past)}
        self._figure_cache = {key: cached for key, cached in self._figure_cache.items() if key[0] in ids}
        for by_figure in (self.pictures, self._titles, self._drawn_versions):
            for figure in by_figure.keys() - self._shown_scans.keys():
                del by_figure[figure]
        self._update_cards()

    def _find_overlay(self, options: ViewOptions) -> FoundScan | None:
        return None if options.overlay in ("", PREVIOUS) else self.find_board_scan(options.overlay)

    def _list_history(self) -> None:
        """List the ended scans of the present and of the past."""
        past = [
            {"id": entry.figure_id, "title": entry.title, "when": entry.when, "about": entry.about, "uids": entry.uids}
            for entry in list_history((self.board, self.history))
        ]
        self.past = past if past != self.past else self.past

    def _update_cards(self) -> None:
        cards = [
            {**_build_card(figure, self._titles.get(figure, scan.kind), scan), "live": not self.board.is_closed(scan)}
            for figure, scan in reversed(self._shown_scans.items())
        ]
        self.cards = cards if cards != self.cards else self.cards

    def _update_status(self, status: Status, now: float) -> None:
        scan = find_running_scan(self.board)
        progress = estimate_progress(self.board, scan, now) if scan is not None else None
        self.status = {**asdict(status), "done": None if progress is None else round(progress.fraction, 3)}

    def _redraw_one(self) -> bool:
        """Update the title and thumbnail that have been outdated for longest; return whether there was one."""
        now, version = time.monotonic(), self.board.version
        never = (0.0, -1)
        due = [
            figure
            for figure in self._shown_scans
            if (last := self._drawn_versions.get(figure, never))[1] != version
            and (last[1] < 0 or now - last[0] >= CARD_INTERVAL)
        ]
        if not due:
            return False
        figure = min(due, key=lambda one: self._drawn_versions.get(one, never)[0])
        self._drawn_versions[figure] = now, version
        model = self.get_figure(figure)
        if model is not None:
            self._titles[figure], self.pictures[figure] = model.title, render_sketch(model)
        return True


def _build_card(figure: str, title: str, scan: Scan) -> dict[str, Any]:
    when = datetime.fromtimestamp((scan.figure_message or scan.start).time).astimezone()
    return {"id": figure, "title": title, "when": f"{when:%H:%M}"}
