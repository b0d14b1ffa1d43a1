"""The status line, in words: how fresh the data are, what is measured, when it will be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from xafs_workers.frontends.progress import expected_points, progress_of
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan

STALE = 10.0
"""Age of the newest record from which on data of a running scan are marked, seconds, where no other is asked for."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What the loop's thread tells.

    Attributes
    ----------
    waits_for
        What the worker waits for ('' when it follows both topics).
    last_record
        Record time of the newest record, POSIX seconds.
    behind
        Records that are there and not yet folded.
    """

    board: Board
    waits_for: str = ""
    last_record: float | None = None
    behind: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """The parts of the status line, and which of them are marked."""

    connection: str
    measurement: str
    age: str
    progress: str
    stale: bool = False
    waiting: bool = False


def status_of(feed: Feed, now: float, *, stale_after: float = STALE) -> Status:
    """Return what the status line says."""
    scan = running(feed.board)
    age = None if feed.last_record is None else max(0.0, now - feed.last_record)
    stale = scan is not None and (age is None or age > stale_after)
    return Status(
        f"waiting for {feed.waits_for}" if feed.waits_for else "connected",
        _measurement(feed.board, scan),
        _age(age, feed.behind, stale),
        _progress(feed.board, scan, now),
        stale,
        bool(feed.waits_for),
    )


def running(board: Board) -> Scan | None:
    """Return the newest scan that is not over; dossiers and the like, of which nothing is to be seen, are none."""
    return next((scan for scan in reversed(board.scans) if scan.seen and not board.closed(scan)), None)


def _measurement(board: Board, scan: Scan | None) -> str:
    if scan is None:
        return "idle"
    runs = board.runs_of(scan)
    if not runs:
        return f"{scan.kind}: no run yet"
    total = expected_points(runs[-1])
    of = f" of {total}" if total else ""
    return f"{scan.kind} #{runs[-1].start.get('scan_id', '?')}: point {len(runs[-1].points)}{of}"


def _age(age: float | None, behind: int, stale: bool) -> str:
    if age is None:
        return "⚠ no data yet" if stale else "no data yet"
    words = f"data {_span(age)} old"
    if behind:
        words += f", {behind} record{'s' * (behind != 1)} behind"
    return f"⚠ {words}" if stale else words


def _progress(board: Board, scan: Scan | None, now: float) -> str:
    progress = progress_of(board, scan, now) if scan is not None else None
    if progress is None:
        return ""
    words = f"{100 * progress.done:.0f} %"
    if progress.repetitions:
        words = f"scan {progress.repetition} of {progress.repetitions}, {words}"
    if progress.ends is not None and progress.done < 1:
        words += f", done {_moment(progress.ends, now)} (in {_span(progress.ends - now)})"
    return words


def _moment(time: float, now: float) -> str:
    local, today = datetime.fromtimestamp(time).astimezone(), datetime.fromtimestamp(now).astimezone()
    return f"at {local:%H:%M}" if local.date() == today.date() else f"{local:%a %H:%M}"


def _span(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
