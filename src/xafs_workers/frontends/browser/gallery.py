"""Gallery that all viewers share: the newest board and its figures, each built once and only on demand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from xafs_workers.figures.figure_builder import figure_builders, list_shown_scans
from xafs_workers.figures.model import Figure
from xafs_workers.figures.view_options import ViewOptions
from xafs_workers.frontends.figure_factory import DEFAULT_VIEW, FigureFactory
from xafs_workers.frontends.progress import estimate_progress
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

    Attributes
    ----------
    board
        Newest board that `refresh` has read.
    status
        Texts of the status line, and the measured fraction of the running scan.
    cards
        Cards of the shown figures, newest first: id, title, opening time, whether the scan is still measured.
    past
        Cards of the ended scans whose figures were closed by messages.
    pictures
        Thumbnails of the shown figures (SVG) by figure id.
    """

    def __init__(
        self, feed: Callable[[], Feed], *, stale_after: float = STALE_AFTER, clock: Callable[[], float] = time.time
    ):
        self._feed, self._stale_after, self._clock = feed, stale_after, clock
        self.board = Board()
        self.status: dict[str, Any] = {}
        self.cards: list[dict[str, Any]] = []
        self.past: list[dict[str, Any]] = []
        self.pictures: dict[str, str] = {}
        self._shown_scans: dict[str, Scan] = {}
        self._titles: dict[str, str] = {}
        self._drawn_versions: dict[str, tuple[float, int]] = {}
        self._figure_cache: dict[tuple[str, ViewOptions], tuple[int, Figure]] = {}
        self._figure_factory = FigureFactory()

    def refresh(self) -> None:
        """Read the newest state and draw at most one thumbnail; fast if nothing has changed."""
        feed, now = self._feed(), self._clock()
        if feed.board is not self.board:
            self.board = feed.board
            self._arrange()
        self._update_status(build_status(feed, now, stale_after=self._stale_after), now)
        if self._redraw_one():
            self._update_cards()

    @property
    def newest(self) -> str | None:
        """Id of the shown figure that was opened last, or of a sequence that ended later; None if none is shown."""
        return find_new_result(self._shown_scans.values()) or next(reversed(self._shown_scans), None)

    def find_scan(self, figure: str) -> Scan | None:
        """Find the scan of a figure, also if the figure was closed by a message."""
        found = self._shown_scans.get(figure)
        return found or next(
            (scan for scan in self.board.scans if scan.figure_id == figure and _has_figure(scan)), None
        )

    def find_board_scan(self, figure: str) -> tuple[Board, Scan] | None:
        """Find the scan of a figure and the board on which it is."""
        scan = self.find_scan(figure)
        return None if scan is None else (self.board, scan)

    def get_figure(self, figure: str, options: ViewOptions = DEFAULT_VIEW) -> Figure | None:
        """Return the current figure with a given id, None if the board no longer has it."""
        scan, version = self.find_scan(figure), self.board.version
        if scan is None:
            return None
        cached = self._figure_cache.get((figure, options))
        if cached is None or cached[0] != version:
            cached = self._figure_cache[figure, options] = (
                version,
                self._figure_factory.make(self.board, scan, options),
            )
        return cached[1]

    def _arrange(self) -> None:
        self._shown_scans = {scan.figure_id: scan for scan in list_shown_scans(self.board)}
        hidden = [scan for scan in self.board.scans if not scan.is_shown and _has_figure(scan) and scan.has_ended]
        past = [_build_card(scan.figure_id, _format_title(self.board, scan), scan) for scan in reversed(hidden)]
        self.past = past if past != self.past else self.past
        ids = {*self._shown_scans, *(card["id"] for card in past)}
        self._figure_cache = {key: cached for key, cached in self._figure_cache.items() if key[0] in ids}
        for by_figure in (self.pictures, self._titles, self._drawn_versions):
            for figure in by_figure.keys() - self._shown_scans.keys():
                del by_figure[figure]
        self._update_cards()

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


def _has_figure(scan: Scan) -> bool:
    return scan.kind in figure_builders and scan.figure_message is not None


def _build_card(figure: str, title: str, scan: Scan) -> dict[str, Any]:
    when = datetime.fromtimestamp((scan.figure_message or scan.start).time).astimezone()
    return {"id": figure, "title": title, "when": f"{when:%H:%M}"}


def _format_title(board: Board, scan: Scan) -> str:
    runs = board.get_runs(scan)
    return f"{scan.kind} #{runs[-1].start.get('scan_id', '?')}" if runs else scan.kind
