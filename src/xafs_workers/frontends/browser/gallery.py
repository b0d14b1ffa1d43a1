"""What all viewers share: the newest state, and each figure of it made once, only when somebody looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from xafs_workers.figures.figure_builder import scans_on_show, views
from xafs_workers.figures.model import Figure
from xafs_workers.frontends.figure_factory import Maker
from xafs_workers.frontends.progress import progress_of
from xafs_workers.frontends.status import STALE, Feed, Status, running, status_of
from xafs_workers.render.sketch import sketch
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan

RETOLD = 2.0
"""Cards of figures that nobody has in front are brought up to date this often, seconds."""


class Gallery:
    """The figures of the newest board.

    Parameters
    ----------
    feed
        Returns the newest state.
    stale_after
        Age from which on data of a running scan are marked, seconds.

    Attributes
    ----------
    board
        The newest that was looked at.
    told
        What the status line says of it, and which part of the running scan is measured.
    cards
        The figures on show, newest first: id, title, when they opened, whether they are still measured.
    past
        The same of the scans that are over and whose figures messages closed.
    pictures
        Small ones of the figures on show, SVG, by id.
    """

    def __init__(self, feed: Callable[[], Feed], *, stale_after: float = STALE, clock: Callable[[], float] = time.time):
        self._feed, self._stale_after, self._clock = feed, stale_after, clock
        self.board = Board()
        self.told: dict[str, Any] = {}
        self.cards: list[dict[str, Any]] = []
        self.past: list[dict[str, Any]] = []
        self.pictures: dict[str, str] = {}
        self._on_show: dict[str, Scan] = {}
        self._titles: dict[str, str] = {}
        self._drawn: dict[str, tuple[float, int]] = {}
        self._figures: dict[tuple[str, bool], tuple[int, Figure]] = {}
        self._maker = Maker()

    def look(self) -> None:
        """Take the newest state; cheap where nothing is new. At most one small picture is drawn anew."""
        feed, now = self._feed(), self._clock()
        if feed.board is not self.board:
            self.board = feed.board
            self._arrange()
        self._tell(status_of(feed, now, stale_after=self._stale_after), now)
        if self._redraw_one():
            self._list()

    @property
    def newest(self) -> str | None:
        """Id of the figure that opened last of those on show."""
        return next(reversed(self._on_show), None)

    def scan(self, figure: str) -> Scan | None:
        """Return the scan that a figure shows, also one whose figure a message closed."""
        found = self._on_show.get(figure)
        return found or next(
            (scan for scan in self.board.scans if scan.figure_id == figure and _has_figure(scan)), None
        )

    def figure(self, figure: str, *, channels: bool = False) -> Figure | None:
        """Return a figure as the board has it, None where it is no longer kept."""
        scan, version = self.scan(figure), self.board.version
        if scan is None:
            return None
        made = self._figures.get((figure, channels))
        if made is None or made[0] != version:
            made = self._figures[figure, channels] = version, self._maker.make(self.board, scan, channels=channels)
        return made[1]

    def _arrange(self) -> None:
        self._on_show = {scan.figure_id: scan for scan in scans_on_show(self.board)}
        hidden = [scan for scan in self.board.scans if not scan.shown and _has_figure(scan) and scan.ended]
        past = [_card(scan.figure_id, _name(self.board, scan), scan) for scan in reversed(hidden)]
        self.past = past if past != self.past else self.past
        kept = {*self._on_show, *(card["id"] for card in past)}
        self._figures = {key: made for key, made in self._figures.items() if key[0] in kept}
        for held in (self.pictures, self._titles, self._drawn):
            for gone in held.keys() - self._on_show.keys():
                del held[gone]
        self._list()

    def _list(self) -> None:
        cards = [
            {**_card(figure, self._titles.get(figure, scan.kind), scan), "live": not self.board.closed(scan)}
            for figure, scan in reversed(self._on_show.items())
        ]
        self.cards = cards if cards != self.cards else self.cards

    def _tell(self, status: Status, now: float) -> None:
        scan = running(self.board)
        progress = progress_of(self.board, scan, now) if scan is not None else None
        self.told = {**asdict(status), "done": None if progress is None else round(progress.done, 3)}

    def _redraw_one(self) -> bool:
        """Bring the title and the picture up to date that have been out of date for longest."""
        now, version = time.monotonic(), self.board.version
        never = (0.0, -1)
        due = [
            figure
            for figure in self._on_show
            if (last := self._drawn.get(figure, never))[1] != version and (last[1] < 0 or now - last[0] >= RETOLD)
        ]
        if not due:
            return False
        figure = min(due, key=lambda one: self._drawn.get(one, never)[0])
        self._drawn[figure] = now, version
        made = self.figure(figure)
        if made is not None:
            self._titles[figure], self.pictures[figure] = made.title, sketch(made)
        return True


def _has_figure(scan: Scan) -> bool:
    return scan.kind in views and scan.figure is not None


def _card(figure: str, title: str, scan: Scan) -> dict[str, Any]:
    when = datetime.fromtimestamp((scan.figure or scan.start).time).astimezone()
    return {"id": figure, "title": title, "when": f"{when:%H:%M}"}


def _name(board: Board, scan: Scan) -> str:
    runs = board.runs_of(scan)
    return f"{scan.kind} #{runs[-1].start.get('scan_id', '?')}" if runs else scan.kind
