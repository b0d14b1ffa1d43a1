"""Which picture a message asks for: a pure function of the message and its scan."""

from __future__ import annotations

from dataclasses import dataclass

from xafs_workers.messages.areascan import AreascanStop
from xafs_workers.messages.base import ControlMessage
from xafs_workers.messages.glancing_angle import GlancingAngleStart, GlancingAngleStop
from xafs_workers.messages.linescan import LinescanStop
from xafs_workers.messages.timescan import TimescanStop
from xafs_workers.messages.xafsscan import XafsscanStart, XafsscanStop
from xafs_workers.messages.xrf import XrfPlot
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
        The run whose proposal folder it goes to; None where the name alone, absolute, says where.
    stub
        Where the name gets the number of the sequence: the stub the numbers are counted for; else ''.
    suffix
        What follows the number.
    """

    name: str
    run: Run | None
    stub: str = ""
    overwrite: bool = False
    suffix: str = ""


class NothingToDraw(LookupError):
    """A picture is asked for, but there is nothing to be seen on it; the text says why."""


class NoFolder(LookupError):
    """A picture is asked for, but nothing tells whose it is; the text says what is missing."""


def asks_for_picture(message: ControlMessage, scan: Scan) -> bool:
    """Tell whether a message of this scan may ask for a picture."""
    if isinstance(message, LinescanStop | TimescanStop):
        return message.fname is not None
    if isinstance(message, AreascanStop | XrfPlot):
        return message.filename is not None
    if isinstance(message, GlancingAngleStop):
        return _spinner_file(scan) is not None
    return isinstance(message, XafsscanStop) and not _declined(message)


def picture_wanted(control: Control, scan: Scan, board: Board) -> Wanted:
    """Return the picture a message asks for.

    Raises
    ------
    NothingToDraw
        No run was measured, no repetition was finished, or no alignment came to a result.
    NoFolder
        Nothing tells the proposal.
    """
    message = control.message
    if isinstance(message, LinescanStop | TimescanStop):
        return _in("snapshots", message.fname, _the_run(message.uid, scan, board), message.overwrite)
    if isinstance(message, AreascanStop):
        return _in("maps", message.filename, _the_run(message.uid, scan, board), message.overwrite)
    if isinstance(message, XrfPlot):
        return _in("XRF", message.filename, _named_run(message.uid, board), message.overwrite)
    if isinstance(message, GlancingAngleStop):
        return _of_spinner(message, control, scan, board)
    if not isinstance(message, XafsscanStop):
        raise NothingToDraw(f"{message.kind}: {message.action} asks for no picture")
    stub = _stub(scan)
    name = message.filename or f"snapshots/{stub}_liveplot.png"
    return Wanted(name, _first_finished(message.uid, scan, board), stub, overwrite=message.overwrite)


def _in(folder: str, name: str | None, run: Run, overwrite: bool) -> Wanted:
    """Return the picture of this name in a folder of its own kind, or where its absolute name says."""
    name = name or ""
    return Wanted(name if name.startswith("/") else f"{folder}/{name}", run, overwrite=overwrite)


def _spinner_file(scan: Scan) -> str | None:
    start = scan.start.message
    return start.filename if isinstance(start, GlancingAngleStart) else None


def _of_spinner(message: GlancingAngleStop, control: Control, scan: Scan, board: Board) -> Wanted:
    name = _spinner_file(scan)
    if name is None or not scan.results:
        raise NothingToDraw("the alignment came to no result")
    if name.startswith("/"):
        return Wanted(name, None, overwrite=message.overwrite)
    return _in("snapshots", name, _latest_run(control, board), message.overwrite)


def _latest_run(control: Control, board: Board) -> Run:
    """Return the last run that started before a message: its proposal is the message's."""
    before = [run for run in board.runs.values() if run.begins[0] <= control.time]
    if not before:
        raise NoFolder(f"{control.message.kind}: no run tells whose proposal it is")
    return max(before, key=lambda run: run.begins)


def _named_run(uid: str, board: Board) -> Run:
    run = board.runs.get(uid)
    if run is None:
        raise NoFolder(f"run {uid} is not known: its start document tells the proposal")
    return run


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
