"""Why a window of a scan has no run: the runs that started in it, and for each the reason why it was passed over."""

from __future__ import annotations

from collections.abc import Iterator

from xafs_workers.scans.binding import rank_run
from xafs_workers.scans.board import Board
from xafs_workers.scans.outline import Outline
from xafs_workers.scans.scan import Motors, RunWindow, Scan, scan_kinds

SHOWN_RUNS = 4
"""Largest number of runs that are named."""

SHOWN_UID = 6
"""Number of characters of a uid that are shown."""


def has_empty_window(scan: Scan) -> bool:
    """Check whether a window of a scan closed without a run."""
    return any(window.run_uid is None and window.end_position is not None for window in scan.windows)


def describe_empty_windows(board: Board, scan: Scan) -> str:
    """Describe why windows of a scan closed without a run; '' if none did."""
    windows = [window for window in scan.windows if window.run_uid is None and window.end_position is not None]
    if not windows:
        return ""
    passed = [text for window in windows for text in _describe_passed_runs(board, scan, window)]
    if not passed:
        return "no run started between its messages"
    more = f", and {len(passed) - SHOWN_RUNS} more" if len(passed) > SHOWN_RUNS else ""
    return f"no run: {len(passed)} passed over: {', '.join(passed[:SHOWN_RUNS])}{more}"


def list_runs_without_figure(board: Board) -> tuple[str, ...]:
    """List the newest runs that no message claims and that have no figure, with the reasons; readings are left out."""
    if not board.config.implied_forms:
        return ()
    table = board.table
    found = (
        run
        for run in table.outlines.values()
        if run.has_stopped and run.reason and not run.is_reading and run.uid not in table.claims
    )
    newest = sorted(found, key=lambda run: run.start_position)[-SHOWN_RUNS:]
    return tuple(f"{_name_run(run)}: {run.reason}" for run in newest)


def _describe_passed_runs(board: Board, scan: Scan, window: RunWindow) -> Iterator[str]:
    """Yield each run that started in a window, with the reason why it was not bound."""
    motors = scan_kinds[scan.kind].motors
    wanted = Motors() if motors is None else motors(scan.start, board.config)
    outlines = sorted(board.table.outlines.values(), key=lambda outline: outline.start_position)
    for run in outlines:
        end = window.end_position
        if run.start_position > window.start_position and (end is None or run.start_position < end):
            yield f"{_name_run(run)} ({_find_reason(board, run, scan, window, wanted)})"


def _name_run(run: Outline) -> str:
    name = f"{run.uid[:SHOWN_UID]} {run.plan_name or 'run'}"
    return f"{name} of {', '.join(run.axes)}" if run.axes else name


def _find_reason(board: Board, run: Outline, scan: Scan, window: RunWindow, wanted: Motors) -> str:
    if run.uid in scan.run_uids:
        return "it is another repetition"
    if any(run.uid in other.run_uids for other in board.table.from_messages):
        return "it belongs to another scan"
    if rank_run(run, scan, window, wanted) is not None:
        return "another run came first"
    if run.hint:
        return f"its hint is {run.hint!r}"
    if run.is_reading:
        return "a reading"
    if wanted.has_energy:
        return "not an energy scan"
    if wanted.required:
        return f"does not move {' and '.join(sorted(wanted.required))}"
    return f"not a {scan_kinds[scan.kind].form or scan.kind} scan"
