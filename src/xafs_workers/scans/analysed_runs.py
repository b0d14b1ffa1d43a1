"""The run that an analysing message means: by its uid, by the beginning of its uid, or the one measured last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xafs_workers.messages.analysing import LAST_RUN, AnalysingMessage
from xafs_workers.scans.board import Board
from xafs_workers.scans.run_requests import RunRequest
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import RunWindow, Scan


@dataclass(frozen=True, slots=True)
class AnalysedRun:
    """The run of an analysis, complete.

    Attributes
    ----------
    run
        None where it has not come.
    problem
        Reason why it is no longer waited for, '' as long as it is.
    """

    run: Run | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What is known of the run: its uid, '' where not even that, and why it cannot be the wrong one."""

    uid: str
    problem: str = ""


def find_analysed_run(board: Board, scan: Scan) -> AnalysedRun:
    """Find the run that the message of a scan means, once its stop document has come.

    Documents may come some seconds after the message. They are waited for as long as the plan waits for the answer:
    for `reply_time` of the board's configuration.
    """
    found = _find_candidate(board, scan)
    run = board.runs.get(found.uid)
    if run is not None and run.stop is not None:
        return AnalysedRun(run)
    problem = found.problem or board.missing_runs.get(found.uid, "")
    if not problem and board.now > scan.start.time + board.config.reply_time:
        given = scan.start.get_message(AnalysingMessage).uid
        lacks = "its documents" if run is None else "its stop document"
        problem = f"run {given}: {lacks} did not come within {board.config.reply_time:g} s"
    return AnalysedRun(None, problem)


def build_analysed_run_requests(board: Board, scan: Scan) -> Iterator[RunRequest]:
    """Yield a request for the run of an analysis, unless the board has it or it is known to be missing."""
    found = _find_candidate(board, scan)
    run = board.runs.get(found.uid)
    if found.uid and not found.problem and found.uid not in board.missing_runs and (run is None or run.stop is None):
        yield RunRequest(found.uid)


def _find_candidate(board: Board, scan: Scan) -> _Candidate:
    uid = scan.start.get_message(AnalysingMessage).uid
    if uid == LAST_RUN:
        return _find_last_run(board, scan)
    if uid in board.runs:
        return _Candidate(uid)
    matches = [known for known in board.runs if known.startswith(uid)]
    if len(matches) > 1:
        return _Candidate(uid, f"run {uid}: {len(matches)} runs begin so (expected more characters of the uid)")
    return _Candidate(matches[0] if matches else uid)


def _find_last_run(board: Board, scan: Scan) -> _Candidate:
    """Find the run measured last before a message; its documents may still be on their way.

    The messages of its plan may be known before them: then an earlier run is not taken in its place.
    """
    before = scan.start_position
    runs = [run for run in board.runs.values() if run.start_position < before]
    newest = max(runs, key=lambda run: run.start_position, default=None)
    window = max(_list_windows(board, scan), key=lambda window: window.start_position, default=None)
    if window is not None and (newest is None or newest.start_position < window.start_position):
        return _Candidate(window.run_uid or "")
    return _Candidate(LAST_RUN if newest is None else newest.uid)


def _list_windows(board: Board, scan: Scan) -> Iterator[RunWindow]:
    for other in board.scans:
        yield from (window for window in other.windows if window.start_position < scan.start_position)
