"""The status line, in words: how fresh the data are, what is measured, when it will be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from xafs_workers.messages.xafsscan import XafsscanStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan

STALE = 10.0
"""Age of the newest record from which on data of a running scan are marked, seconds."""


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
        Records read and not yet folded.
    """

    board: Board
    waits_for: str = ""
    last_record: float | None = None
    behind: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """The parts of the status line."""

    connection: str
    measurement: str
    age: str
    progress: str
    stale: bool = False


def status_of(feed: Feed, now: float) -> Status:
    """Return what the status line says."""
    scan = running(feed.board)
    age = None if feed.last_record is None else max(0.0, now - feed.last_record)
    stale = scan is not None and (age is None or age > STALE)
    return Status(
        f"waiting for {feed.waits_for}" if feed.waits_for else "connected",
        _measurement(feed.board, scan),
        _age(age, feed.behind, stale),
        _progress(feed.board, scan, now),
        stale,
    )


def running(board: Board) -> Scan | None:
    """Return the newest scan that is not over."""
    return next((scan for scan in reversed(board.scans) if not board.closed(scan)), None)


def _measurement(board: Board, scan: Scan | None) -> str:
    if scan is None:
        return "idle"
    run = _run(board, scan)
    if run is None:
        return f"{scan.kind}: no run yet"
    total = run.start.get("num_points")
    of = f" of {total}" if isinstance(total, int) and total > 0 else ""
    return f"{scan.kind} #{run.start.get('scan_id', '?')}: point {len(run.points)}{of}"


def _run(board: Board, scan: Scan) -> Run | None:
    runs = board.runs_of(scan)
    return runs[-1] if runs else None


def _age(age: float | None, behind: int, stale: bool) -> str:
    if age is None:
        return "no data yet"
    words = f"data {_span(age)} old"
    if behind:
        words += f", {behind} behind"
    return f"⚠ {words}" if stale else words


def _progress(board: Board, scan: Scan | None, now: float) -> str:
    if scan is None or not isinstance(scan.start.message, XafsscanStart) or not scan.windows:
        return ""
    start = cast(XafsscanStart, scan.start.message)
    done = fraction_done(board, scan, start.repetitions)
    count = scan.windows[-1].repetition
    words = f"scan {count} of {start.repetitions}, {100 * done:.0f} %"
    began = scan.windows[0].begins[0]
    if done > 0.02 and now > began:
        end = began + (now - began) / done
        words += f", done about {datetime.fromtimestamp(end).astimezone():%H:%M}"
    return words


def fraction_done(board: Board, scan: Scan, repetitions: int) -> float:
    """Return how much of a sequence is measured, 0 to 1, by repetitions and points."""
    run = board.runs.get(scan.windows[-1].run or "") if scan.windows else None
    total = run.start.get("num_points") if run else None
    part = min(1.0, len(run.points) / total) if run and isinstance(total, int) and total > 0 else 0.0
    before = scan.windows[-1].repetition - 1 if scan.windows else 0
    return min(1.0, max(0.0, (before + part) / max(1, repetitions)))


def _span(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
