"""The pictures of XAFS sequences: which message asks for one, when it is due, and what is to be seen on it."""

from __future__ import annotations

from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Figure
from xafs_workers.figures.xafs_sequence import build_interim_figure
from xafs_workers.messages.xafs_sequence import XafsSequenceAdd, XafsSequenceStart, XafsSequenceStop
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.picture_requests import NothingToDrawError, PictureRequest
from xafs_workers.scans.reduction_requests import is_answered, is_awaiting_results
from xafs_workers.scans.run_requests import is_awaiting_runs
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.xafs_sequence import build_sequence


def is_sequence_file_request(control: ReceivedMessage, scan: Scan, board: Board) -> bool:
    """Tell whether a message asks for files of a sequence: at its end, or of the progress of a long one."""
    if isinstance(control.message, XafsSequenceStop):
        return True
    if not isinstance(control.message, XafsSequenceAdd) or _count_planned(scan) <= board.config.reduction.interim_above:
        return False
    place = find_repetition_number(control, scan)
    return place > 0 and place % board.config.reduction.interim_every == 0 and place != _count_planned(scan)


def find_repetition_number(control: ReceivedMessage, scan: Scan) -> int:
    """Return which of the added repetitions a message added, from 1; 0 where it added none."""
    uid = getattr(control.message, "uid", None)
    return 1 + scan.added_run_uids.index(uid) if uid in scan.added_run_uids else 0


def is_due(control: ReceivedMessage, scan: Scan, board: Board, *, reduction_enabled: bool) -> bool:
    """Tell whether all that the picture of a message shows is there."""
    if isinstance(control.message, XafsSequenceAdd):
        sequence = build_sequence(board, scan).truncate(find_repetition_number(control, scan))
        known = all(one.spectrum is not None or one.problem for one in sequence.repetitions)
        merges = (
            [sequence.build_merge_request(n) for n in range(1, len(sequence.merged_spectra) + 1)]
            if reduction_enabled
            else []
        )
        return known and all(is_answered(board, merge) for merge in merges)
    return (
        board.is_settled(scan)
        and not is_awaiting_runs(board, scan)
        and not (reduction_enabled and is_awaiting_results(board, scan))
    )


def build_picture_figure(control: ReceivedMessage, scan: Scan, board: Board) -> Figure:
    """Return the figure that the picture of a message shows."""
    if isinstance(control.message, XafsSequenceAdd):
        return build_interim_figure(board, scan, find_repetition_number(control, scan))
    return build_figure(board, scan)


def build_sequence_request(control: ReceivedMessage, scan: Scan, board: Board) -> PictureRequest | None:
    """Return the picture that a message of a sequence asks for, None where none is wanted.

    Raises
    ------
    NothingToDrawError
        As `find_first_finished_run`.
    """
    run = find_first_finished_run(scan, board)
    stub = find_stub(scan, board)
    message = control.message
    if isinstance(message, XafsSequenceAdd):
        suffix = f"_after{find_repetition_number(control, scan)}"
        return PictureRequest(f"snapshots/{stub}.png", run, stub, overwrite=True, suffix=suffix)
    if not isinstance(message, XafsSequenceStop):
        raise NothingToDrawError(f"{message.kind}: {message.action} asks for no picture")
    if message.filename is None and "filename" in message.model_fields_set:
        return None
    return PictureRequest(message.filename or f"snapshots/{stub}.png", run, stub, overwrite=message.overwrite)


def find_stub(scan: Scan, board: Board) -> str:
    """Return the stub of a sequence's files, for which its number is counted."""
    return build_sequence(board, scan).stub


def find_first_finished_run(scan: Scan, board: Board) -> Run:
    """Return the run that gives the sequence its number: the first that was added and ended well.

    Raises
    ------
    NothingToDrawError
        There is none; or mode test, in which nothing is reduced.
    """
    start = scan.start.message
    if isinstance(start, XafsSequenceStart) and start.mode == "test":
        raise NothingToDrawError("mode test: nothing is reduced")
    run = next(
        (board.runs[uid] for uid in scan.added_run_uids if uid in board.runs and board.runs[uid].has_succeeded), None
    )
    if run is None:
        raise NothingToDrawError("no repetition of this sequence was finished")
    return run


def _count_planned(scan: Scan) -> int:
    start = scan.start.message
    return start.repetitions if isinstance(start, XafsSequenceStart) else 0
