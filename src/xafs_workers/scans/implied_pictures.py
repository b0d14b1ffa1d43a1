"""Pictures and Athena projects of runs that no message claims: which there are, and when they are due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from xafs_workers.scans.board import Board
from xafs_workers.scans.implied_names import build_stub
from xafs_workers.scans.picture_requests import PictureRequest, ProjectRequest
from xafs_workers.scans.reduction_requests import is_awaiting_results
from xafs_workers.scans.run_requests import is_awaiting_runs
from xafs_workers.scans.scan import Scan, scan_kinds
from xafs_workers.scans.xafs_sequence import LIVE_KIND, build_sequence
from xafs_workers.scans.xafs_sequence_pictures import build_project_content, find_first_finished_run


def find_implied_scans(uid: str, board: Board) -> tuple[Scan, ...]:
    """Find the implied scans that contain a run: one, and for repetitions also the one that merges them."""
    return tuple(scan for scan in board.scans if scan.is_implied and uid in scan.run_uids)


def are_pictures_complete(scans: Sequence[Scan], board: Board, *, reduction_enabled: bool) -> bool:
    """Check whether everything that the pictures of ended scans of the same runs show exists."""
    return all(
        board.is_settled(scan)
        and not is_awaiting_runs(board, scan)
        and not (reduction_enabled and is_awaiting_results(board, scan))
        for scan in scans
    )


def is_followed(scans: Sequence[Scan], board: Board) -> bool:
    """Check whether no further repetition can come: the scan merges none, or another sequence has begun after it."""
    if not any(scan_kinds[scan.kind].merged_form for scan in scans):
        return True
    return scans[0].run_uids[0] != board.table.implied.sequences[-1].runs[0].uid


def list_picture_requests(scans: Sequence[Scan], board: Board) -> Iterator[tuple[Scan, PictureRequest]]:
    """Yield the pictures of scans of the same runs; all get the same number."""
    first = board.get_runs(scans[0])[0]
    stub = build_stub(first, board.config)
    for scan in scans:
        suffix = "_liveplot" if scan.kind == LIVE_KIND else ""
        yield scan, PictureRequest(f"snapshots/{stub}{suffix}.png", first, stub)


def build_implied_project_request(scan: Scan, board: Board) -> ProjectRequest:
    """Build the request for the project and the merged data file of an implied sequence.

    Raises
    ------
    NothingToDrawError, NoRunError
        As in `find_first_finished_run`.
    """
    find_first_finished_run(scan, board)
    first = board.get_runs(scan)[0]
    stub = build_stub(first, board.config)
    sequence = replace(build_sequence(board, scan), stub=stub)
    runs = tuple(board.runs[part.uid] for part in sequence.merged_spectra if part.uid in board.runs)
    return ProjectRequest(stub, first, partial(build_project_content, sequence, board), runs)
