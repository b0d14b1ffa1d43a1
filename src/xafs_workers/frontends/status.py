"""The status line, in words: how fresh the data are, what is measured, when it will be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from xafs_workers.frontends.progress import count_expected_points, estimate_progress
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan

STALE_AFTER = 10.0
"""Age of the newest record from which on data of a running scan are marked, seconds, where no other is asked for."""


EMPTY_BOARD = Board()


@dataclass(frozen=True, slots=True)
class Feed:
    """Newest state, as the loop's thread provides it.

    Attributes
    ----------
    waits_for
        What the worker waits for ('' when it follows both topics).
    last_record_time
        Record time of the newest record, POSIX seconds.
    backlog_size
        Records that are there and not yet folded.
    history
        Board of the time before the worker was started.
    is_reading_history
        Whether that board is still being read.
    """

    board: Board
    waits_for: str = ""
    last_record_time: float | None = None
    backlog_size: int = 0
    history: Board = EMPTY_BOARD
    is_reading_history: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """The parts of the status line, and which of them are marked."""

    connection: str
    measurement: str
    age: str
    progress: str
    stale: bool = False
    waiting: bool = False


def build_status(feed: Feed, now: float, *, stale_after: float = STALE_AFTER) -> Status:
    """Return the content of the status line."""
    scan = find_running_scan(feed.board)
    age = None if feed.last_record_time is None else max(0.0, now - feed.last_record_time)
    stale = scan is not None and (age is None or age > stale_after)
    return Status(
        f"waiting for {feed.waits_for}" if feed.waits_for else "connected",
        _format_measurement(feed.board, scan),
        _format_age(age, feed.backlog_size, stale),
        _format_progress(feed.board, scan, now),
        stale,
        bool(feed.waits_for),
    )


def find_running_scan(board: Board) -> Scan | None:
    """Return the newest scan that is not over; dossiers and the like, of which nothing is to be seen, are none."""
    return next((scan for scan in reversed(board.scans) if scan.has_figure and not board.is_closed(scan)), None)


def _format_measurement(board: Board, scan: Scan | None) -> str:
    if scan is None:
        return "idle"
    runs = board.get_runs(scan)
    if not runs:
        return f"{scan.kind}: no run yet"
    total = count_expected_points(runs[-1])
    of = f" of {total}" if total else ""
    return f"{scan.kind} #{runs[-1].start.get('scan_id', '?')}: point {len(runs[-1].points)}{of}"


def _format_age(age: float | None, behind: int, stale: bool) -> str:
    if age is None:
        return "⚠ no data yet" if stale else "no data yet"
    words = f"data {_format_duration(age)} old"
    if behind:
        words += f", {behind} record{'s' * (behind != 1)} behind"
    return f"⚠ {words}" if stale else words


def _format_progress(board: Board, scan: Scan | None, now: float) -> str:
    progress = estimate_progress(board, scan, now) if scan is not None else None
    if progress is None:
        return ""
    words = f"{100 * progress.fraction:.0f} %"
    if progress.repetitions:
        words = f"scan {progress.repetition} of {progress.repetitions}, {words}"
    if progress.end_time is not None and progress.fraction < 1:
        words += f", done {_format_time(progress.end_time, now)} (in {_format_duration(progress.end_time - now)})"
    return words


def _format_time(time: float, now: float) -> str:
    local, today = datetime.fromtimestamp(time).astimezone(), datetime.fromtimestamp(now).astimezone()
    return f"at {local:%H:%M}" if local.date() == today.date() else f"{local:%a %H:%M}"


def _format_duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
