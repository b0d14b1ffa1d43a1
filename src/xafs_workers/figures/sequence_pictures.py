"""The pictures of XAFS sequences: which message asks for one, when it is due, and what is to be seen on it."""

from __future__ import annotations

from xafs_workers.figures.figure_builder import figure_of
from xafs_workers.figures.model import Figure
from xafs_workers.figures.xafs_sequence import figure_after
from xafs_workers.messages.xafs_sequence import XafsSequenceAdd, XafsSequenceStart, XafsSequenceStop
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control
from xafs_workers.scans.picture_requests import NothingToDraw, Wanted
from xafs_workers.scans.reduction_requests import awaited, is_answered
from xafs_workers.scans.run_requests import awaits_runs
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.xafs_sequence import sequence_of


def asks_of_sequence(control: Control, scan: Scan, board: Board) -> bool:
    """Tell whether a message asks for files of a sequence: at its end, or of the progress of a long one."""
    if isinstance(control.message, XafsSequenceStop):
        return True
    if not isinstance(control.message, XafsSequenceAdd) or _planned(scan) <= board.rules.reduction.interim_above:
        return False
    place = place_of(control, scan)
    return place > 0 and place % board.rules.reduction.interim_every == 0 and place != _planned(scan)


def place_of(control: Control, scan: Scan) -> int:
    """Return which of the added repetitions a message added, from 1; 0 where it added none."""
    uid = getattr(control.message, "uid", None)
    return 1 + scan.added_runs.index(uid) if uid in scan.added_runs else 0


def is_due(control: Control, scan: Scan, board: Board, *, reduces: bool) -> bool:
    """Tell whether all that the picture of a message shows is there."""
    if isinstance(control.message, XafsSequenceAdd):
        sequence = sequence_of(board, scan).after(place_of(control, scan))
        known = all(one.spectrum is not None or one.problem for one in sequence.repetitions)
        merges = [sequence.merge(n) for n in range(1, len(sequence.merged) + 1)] if reduces else []
        return known and all(is_answered(board, merge) for merge in merges)
    return board.settled(scan) and not awaits_runs(board, scan) and not (reduces and awaited(board, scan))


def shown_by(control: Control, scan: Scan, board: Board) -> Figure:
    """Return the figure that the picture of a message shows."""
    if isinstance(control.message, XafsSequenceAdd):
        return figure_after(board, scan, place_of(control, scan))
    return figure_of(board, scan)


def sequence_picture(control: Control, scan: Scan, board: Board) -> Wanted | None:
    """Return the picture that a message of a sequence asks for, None where none is wanted.

    Raises
    ------
    NothingToDraw
        As `first_finished`.
    """
    run = first_finished(scan, board)
    stub = stub_of(scan, board)
    message = control.message
    if isinstance(message, XafsSequenceAdd):
        suffix = f"_after{place_of(control, scan)}"
        return Wanted(f"snapshots/{stub}.png", run, stub, overwrite=True, suffix=suffix)
    if not isinstance(message, XafsSequenceStop):
        raise NothingToDraw(f"{message.kind}: {message.action} asks for no picture")
    if message.filename is None and "filename" in message.model_fields_set:
        return None
    return Wanted(message.filename or f"snapshots/{stub}.png", run, stub, overwrite=message.overwrite)


def stub_of(scan: Scan, board: Board) -> str:
    """Return the stub of a sequence's files, for which its number is counted."""
    return sequence_of(board, scan).stub


def first_finished(scan: Scan, board: Board) -> Run:
    """Return the run that gives the sequence its number: the first that was added and ended well.

    Raises
    ------
    NothingToDraw
        There is none; or mode test, in which nothing is reduced.
    """
    start = scan.start.message
    if isinstance(start, XafsSequenceStart) and start.mode == "test":
        raise NothingToDraw("mode test: nothing is reduced")
    run = next((board.runs[uid] for uid in scan.added_runs if uid in board.runs and board.runs[uid].succeeded), None)
    if run is None:
        raise NothingToDraw("no repetition of this sequence was finished")
    return run


def _planned(scan: Scan) -> int:
    start = scan.start.message
    return start.repetitions if isinstance(start, XafsSequenceStart) else 0
