"""How much of a scan is measured, and when it will be done at the pace so far."""

from __future__ import annotations

from dataclasses import dataclass

from xafs_workers.scans.board import Board
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan, scan_kinds

MIN_FRACTION = 0.02
"""Fraction below which no end time is estimated."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a scan.

    Attributes
    ----------
    repetition, repetitions
        0 where the kind has none.
    fraction
        Part that is measured, 0 to 1.
    end_time
        Expected end of the scan, POSIX seconds; None as long as it is unknown.
    """

    repetition: int
    repetitions: int
    fraction: float
    end_time: float | None = None


def estimate_progress(board: Board, scan: Scan, now: float) -> Progress | None:
    """Return the progress of a scan, None where its length is unknown.

    Points of an XAFS scan do not take equally long, so a repetition goes by the times of the last one that is whole.
    """
    runs = board.get_runs(scan)
    if scan_kinds[scan.kind].has_repetitions:
        return _estimate_sequence_progress(board, scan, runs, now)
    total = count_expected_points(runs[-1]) if runs else 0
    if not total:
        return None
    done = min(1.0, len(runs[-1].points) / total)
    return Progress(0, 0, done, _estimate_end_time(runs[-1].start_position[0], done, now))


def count_expected_points(run: Run) -> int:
    """Return how many points the run's plan said it would measure, 0 where it did not."""
    total = run.start.get("num_points")
    return total if isinstance(total, int) and total > 0 else 0


def _estimate_sequence_progress(board: Board, scan: Scan, runs: tuple[Run, ...], now: float) -> Progress | None:
    if not scan.windows:
        return None
    window = scan.windows[-1]
    planned = max(1, scan.start.message.planned_repetitions, window.repetition)
    whole = next((run for run in reversed(runs) if run.has_succeeded and len(run.points) > 1), None)
    run = board.runs.get(window.run_uid or "")
    part = _compute_repetition_fraction(run, whole) if run is not None else 0.0
    done = min(1.0, max(0.0, (window.repetition - 1 + part) / planned))
    return Progress(window.repetition, planned, done, _estimate_end_time(scan.windows[0].start_position[0], done, now))


def _compute_repetition_fraction(run: Run, whole: Run | None) -> float:
    """Return how much of a repetition is measured, by time where another one was whole, else by points."""
    count = len(run.points)
    if run.stop is not None:
        return 1.0
    if whole is not None and 0 < count <= len(whole.points):
        times = whole.points.time
        return float((times[count - 1] - times[0]) / max(times[-1] - times[0], 1e-9))
    total = count_expected_points(run)
    return min(1.0, count / total) if total else 0.0


def _estimate_end_time(began: float, done: float, now: float) -> float | None:
    return began + (now - began) / done if done >= MIN_FRACTION and now > began else None
