"""The pictures of XAFS sequences: which message asks for one, when it is due, and what is to be seen on it."""

from __future__ import annotations

from xafs_workers.figures.model import Figure
from xafs_workers.figures.views import figure_of
from xafs_workers.figures.xafs_sequence import figure_after
from xafs_workers.frontends.wanted import NothingToDraw, Wanted
from xafs_workers.messages.xafs_sequence import XafsSequenceAdd, XafsSequenceStart, XafsSequenceStop
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control
from xafs_workers.scans.requests import awaited, is_answered
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.xafs_sequence import Sequence, sequence_of


def asks_for_progress(control: Control, scan: Scan, board: Board) -> bool:
    """Tell whether a repetition that joins a long sequence asks for a picture of its progress."""
    if not isinstance(control.message, XafsSequenceAdd) or _planned(scan) <= board.rules.reduction.interim_above:
        return False
    place = place_of(control, scan)
    return place > 0 and place % board.rules.reduction.interim_every == 0 and place != _planned(scan)


def place_of(control: Control, scan: Scan) -> int:
    """Return which of the added repetitions a message added, from 1; 0 where it added none."""
    uid = getattr(control.message, "uid", None)
    return 1 + scan.added_runs.index(uid) if uid in scan.added_runs else 0


def is_reduced(control: Control, scan: Scan, board: Board) -> bool:
    """Tell whether all that the picture of a message shows is reduced."""
    if not isinstance(control.message, XafsSequenceAdd):
        return not awaited(board, scan)
    sequence = sequence_of(board, scan).after(place_of(control, scan))
    known = all(one.spectrum is not None or one.problem for one in sequence.repetitions)
    return known and all(is_answered(board, sequence.merge(n)) for n in range(1, len(sequence.merged) + 1))


def shown_by(control: Control, scan: Scan, board: Board) -> Figure:
    """Return the figure that the picture of a message shows."""
    if isinstance(control.message, XafsSequenceAdd):
        return figure_after(board, scan, place_of(control, scan))
    return figure_of(board, scan)


def sequence_picture(control: Control, scan: Scan, board: Board) -> Wanted:
    """Return the picture that a message of a sequence asks for.

    Raises
    ------
    NothingToDraw
        Mode test, no repetition was finished, or no picture is wanted.
    """
    sequence = sequence_of(board, scan)
    run = first_finished(sequence, board)
    message = control.message
    name = f"snapshots/{sequence.stub}.png"
    if isinstance(message, XafsSequenceAdd):
        suffix = f"_after{place_of(control, scan)}"
        return Wanted(name, run, sequence.stub, overwrite=True, suffix=suffix)
    if not isinstance(message, XafsSequenceStop):
        raise NothingToDraw(f"{message.kind}: {message.action} asks for no picture")
    if message.filename is None and "filename" in message.model_fields_set:
        raise NothingToDraw("no picture wanted")
    return Wanted(message.filename or name, run, sequence.stub, overwrite=message.overwrite)


def first_finished(sequence: Sequence, board: Board) -> Run:
    """Return the run that gives the sequence its number: the first that was added and ended well.

    Raises
    ------
    NothingToDraw
        There is none.
    """
    if sequence.absorber.mode == "test":
        raise NothingToDraw("mode test: nothing is reduced")
    added = (board.runs[uid] for uid in sequence.scan.added_runs if uid in board.runs)
    run = next((run for run in added if run.succeeded), None)
    if run is None:
        raise NothingToDraw("no repetition of this sequence was finished")
    return run


def _planned(scan: Scan) -> int:
    start = scan.start.message
    return start.repetitions if isinstance(start, XafsSequenceStart) else 0
