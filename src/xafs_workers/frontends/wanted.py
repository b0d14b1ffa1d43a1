"""Which picture a message asks for: a pure function of the message and its scan."""

from __future__ import annotations

from dataclasses import dataclass

from xafs_workers.messages.base import ControlMessage
from xafs_workers.messages.linescan import LinescanStop
from xafs_workers.messages.timescan import TimescanStop
from xafs_workers.messages.xafsscan import XafsscanStart, XafsscanStop
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture that is due once its scan has settled.

    Attributes
    ----------
    name
        As asked for, relative to the proposal folder (or absolute below a root).
    run
        The run whose proposal folder it goes to.
    stub
        Where the name gets the number of the sequence: the stub the numbers are counted for; else ''.
    """

    name: str
    run: Run
    stub: str = ""
    overwrite: bool = False


class NothingToDraw(LookupError):
    """A picture is asked for, but there is nothing to be seen on it; the text says why."""


def asks_for_picture(message: ControlMessage) -> bool:
    """Tell whether a message may ask for a picture."""
    if isinstance(message, LinescanStop | TimescanStop):
        return message.fname is not None
    return isinstance(message, XafsscanStop) and not _declined(message)


def picture_wanted(control: Control, scan: Scan, board: Board) -> Wanted:
    """Return the picture a message asks for.

    Raises
    ------
    NothingToDraw
        No run was measured, or no repetition was finished.
    """
    message = control.message
    if isinstance(message, LinescanStop | TimescanStop):
        return Wanted(f"snapshots/{message.fname}", _the_run(message.uid, scan, board), overwrite=message.overwrite)
    if not isinstance(message, XafsscanStop):
        raise NothingToDraw(f"{message.kind}: {message.action} asks for no picture")
    stub = _stub(scan)
    name = message.filename or f"snapshots/{stub}_liveplot.png"
    return Wanted(name, _first_finished(message.uid, scan, board), stub, overwrite=message.overwrite)


def _declined(message: XafsscanStop) -> bool:
    """Tell whether an explicit null asks for no picture."""
    return message.filename is None and "filename" in message.model_fields_set


def _stub(scan: Scan) -> str:
    start = scan.start.message
    return start.filename if isinstance(start, XafsscanStart) else scan.kind


def _the_run(uid: str | None, scan: Scan, board: Board) -> Run:
    if uid is not None and uid in board.runs:
        return board.runs[uid]
    runs = board.runs_of(scan)
    if not runs:
        raise NothingToDraw(f"the {scan.kind} has no run: nothing was measured")
    return runs[0]


def _first_finished(uid: str | None, scan: Scan, board: Board) -> Run:
    finished = [run for run in board.runs_of(scan) if run.succeeded]
    if not finished:
        raise NothingToDraw(f"no repetition of this {scan.kind} was finished")
    return next((run for run in finished if run.uid == uid), finished[0])
