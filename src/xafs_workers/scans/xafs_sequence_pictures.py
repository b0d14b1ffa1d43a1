"""Pictures and Athena projects of XAFS sequences: which message requests one, and when it is due."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from xafs_workers.messages.xafs_sequence import XafsSequenceAdd, XafsSequenceStart, XafsSequenceStop
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.measured_runs import find_run_uid
from xafs_workers.scans.passed_runs import SHOWN_UID, describe_empty_windows, has_empty_window
from xafs_workers.scans.picture_requests import (
    NoRunError,
    NothingToDrawError,
    PictureRequest,
    PictureRule,
    ProjectRequest,
    is_scan_complete,
    picture_rules,
    post_always,
)
from xafs_workers.scans.reduction_requests import find_result, is_answered
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.xafs_sequence import XafsSequence, build_sequence, find_companion


def requests_files(control: ReceivedMessage, scan: Scan, board: Board) -> bool:
    """Check whether a message requests files of a sequence: at its end, or a picture of a long one's progress."""
    if isinstance(control.message, XafsSequenceStop):
        return True
    planned = scan.start.get_message(XafsSequenceStart).repetitions
    if not isinstance(control.message, XafsSequenceAdd) or planned <= board.config.reduction.interim_above:
        return False
    place = find_repetition_number(control, scan)
    return place > 0 and place % board.config.reduction.interim_every == 0 and place != planned


def find_repetition_number(control: ReceivedMessage, scan: Scan) -> int:
    """Find the number of the repetition that a message added, from 1; 0 if it added none."""
    uid = control.message.named_run
    return 1 + scan.added_run_uids.index(uid) if uid in scan.added_run_uids else 0


def is_due(control: ReceivedMessage, scan: Scan, board: Board, reduction_enabled: bool) -> bool:
    """Check whether everything that the picture of a message shows exists, including its merges."""
    if not isinstance(control.message, XafsSequenceAdd):
        return is_scan_complete(control, scan, board, reduction_enabled)
    sequence = build_sequence(board, scan).truncate(find_repetition_number(control, scan))
    if not all(one.spectrum is not None or one.problem for one in sequence.repetitions):
        return False
    merges = range(1, len(sequence.merged_spectra) + 1) if reduction_enabled else ()
    return all(is_answered(board, sequence.build_merge_request(n)) for n in merges)


def build_request(control: ReceivedMessage, scan: Scan, board: Board) -> PictureRequest | None:
    """Build the request for the picture of a sequence, None if the message requests none.

    Raises
    ------
    NothingToDrawError
        As in `find_first_finished_run`; so is `NoRunError`.
    """
    run, stub = find_first_finished_run(scan, board), build_sequence(board, scan).stub
    message = control.message
    if isinstance(message, XafsSequenceAdd):
        suffix = f"_after{find_repetition_number(control, scan)}"
        return PictureRequest(f"snapshots/{stub}.png", run, stub, overwrite=True, suffix=suffix)
    if not isinstance(message, XafsSequenceStop):
        raise NothingToDrawError(f"{message.kind}: {message.action} asks for no picture")
    if message.filename is None and "filename" in message.model_fields_set:
        return None
    return PictureRequest(message.filename or f"snapshots/{stub}.png", run, stub, overwrite=message.overwrite)


def build_project(control: ReceivedMessage, scan: Scan, board: Board) -> ProjectRequest | None:
    """Build the request for the Athena project of an ended sequence, with each repetition and the merge."""
    if not isinstance(control.message, XafsSequenceStop):
        return None
    run, sequence = find_first_finished_run(scan, board), build_sequence(board, scan)
    content = partial(build_project_content, sequence, board)
    runs = tuple(board.runs[part.uid] for part in sequence.merged_spectra if part.uid in board.runs)
    return ProjectRequest(sequence.stub, run, content, runs, overwrite=control.message.overwrite)


def find_first_finished_run(scan: Scan, board: Board) -> Run:
    """Find the run that determines the number of a sequence: the first successful one that was added.

    Raises
    ------
    NothingToDrawError
        No run was successful, or the mode is ``test``, in which nothing is reduced.
    NoRunError
        A successful run was passed over or not added, or none of the added ones can be merged.
    """
    if scan.start.get_message(XafsSequenceStart).mode == "test":
        raise NothingToDrawError("mode test: nothing is reduced")
    run = next(
        (board.runs[uid] for uid in scan.added_run_uids if uid in board.runs and board.runs[uid].has_succeeded), None
    )
    if run is None:
        _check_live_scan(scan, board)
        raise NothingToDrawError("no repetition of this sequence was finished")
    sequence = build_sequence(board, scan)
    if not sequence.merged_spectra and sequence.excluded_repetitions:
        raise NoRunError("; ".join(f"{one.number} left out: {one.problem}" for one in sequence.excluded_repetitions))
    return run


def _check_live_scan(scan: Scan, board: Board) -> None:
    """Check that the live scan of a sequence without repetitions has none either, and passed none over."""
    companion = find_companion(board, scan)
    if companion is None:
        return
    finished = [run for run in board.get_runs(companion) if run.has_succeeded]
    if finished:
        uids = ", ".join(run.uid[:SHOWN_UID] for run in finished)
        raise NoRunError(f"no repetition was added to this sequence: {uids} of its live scan finished")
    if has_empty_window(companion):
        raise NoRunError(describe_empty_windows(board, companion))


def build_project_content(sequence: XafsSequence, board: Board) -> Mapping[str, Any]:
    """Build the content of a project; its time is that of the last run's stop document."""
    runs = [board.runs[find_run_uid(part.uid)] for part in sequence.merged_spectra]
    stops = [(run.stop or {}).get("time", 0.0) for run in runs]
    return {
        "element": sequence.absorber.element,
        "edge": sequence.absorber.edge,
        "mode": sequence.absorber.mode,
        "stub": sequence.stub,
        "written": max((time for time in stops if isinstance(time, int | float)), default=0.0),
        "result": _find_final_result(sequence, board),
        "members": [
            {name: getattr(part, name) for name in ("uid", "number", "energy", "mu", "i0", "reference")}
            for part in sequence.merged_spectra
        ],
        "excluded": [{"number": one.number, "why": one.problem} for one in sequence.excluded_repetitions],
    }


def _find_final_result(sequence: XafsSequence, board: Board) -> Mapping[str, Any]:
    """Find the results of the merge of all repetitions, {} for none."""
    if not sequence.merged_spectra:
        return {}
    result = find_result(board, sequence.build_merge_request(len(sequence.merged_spectra)))
    return {} if result is None else result.values


picture_rules.register("xafs_sequence")(
    PictureRule(requests_files, build_request, build_project, is_due, post_always, is_drawn_empty=True)
)
