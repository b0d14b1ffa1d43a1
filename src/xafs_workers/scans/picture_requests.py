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
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan


@dataclass(frozen=True, slots=True)
class PictureRequest:
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


class NothingToDrawError(LookupError):
    """A picture is asked for, but there is nothing to be seen on it; the text says why."""


class NoFolderError(LookupError):
    """A picture is asked for, but nothing tells whose it is; the text says what is missing."""


def requests_picture(message: ControlMessage, scan: Scan) -> bool:
    """Tell whether a message of this scan may ask for a picture."""
    if isinstance(message, LinescanStop | TimescanStop):
        return message.fname is not None
    if isinstance(message, AreascanStop | XrfPlot):
        return message.filename is not None
    if isinstance(message, GlancingAngleStop):
        return _find_spinner_filename(scan) is not None
    return isinstance(message, XafsscanStop) and not _is_declined(message)


def build_picture_request(control: ReceivedMessage, scan: Scan, board: Board) -> PictureRequest:
    """Return the picture a message asks for.

    Raises
    ------
    NothingToDrawError
        No run was measured, no repetition was finished, or no alignment came to a result.
    NoFolderError
        Nothing tells the proposal.
    """
    message = control.message
    if isinstance(message, LinescanStop | TimescanStop):
        return _build_in_folder("snapshots", message.fname, _find_scan_run(message.uid, scan, board), message.overwrite)
    if isinstance(message, AreascanStop):
        return _build_in_folder("maps", message.filename, _find_scan_run(message.uid, scan, board), message.overwrite)
    if isinstance(message, XrfPlot):
        return _build_in_folder("XRF", message.filename, _find_named_run(message.uid, board), message.overwrite)
    if isinstance(message, GlancingAngleStop):
        return _build_spinner_request(message, control, scan, board)
    if not isinstance(message, XafsscanStop):
        raise NothingToDrawError(f"{message.kind}: {message.action} asks for no picture")
    stub = _find_stub(scan)
    name = message.filename or f"snapshots/{stub}_liveplot.png"
    return PictureRequest(name, _find_finished_run(message.uid, scan, board), stub, overwrite=message.overwrite)


def _build_in_folder(folder: str, name: str | None, run: Run, overwrite: bool) -> PictureRequest:
    """Return the picture of this name in a folder of its own kind, or where its absolute name says."""
    name = name or ""
    return PictureRequest(name if name.startswith("/") else f"{folder}/{name}", run, overwrite=overwrite)


def _find_spinner_filename(scan: Scan) -> str | None:
    start = scan.start.message
    return start.filename if isinstance(start, GlancingAngleStart) else None


def _build_spinner_request(
    message: GlancingAngleStop, control: ReceivedMessage, scan: Scan, board: Board
) -> PictureRequest:
    name = _find_spinner_filename(scan)
    if name is None or not scan.result_messages:
        raise NothingToDrawError("the alignment came to no result")
    if name.startswith("/"):
        return PictureRequest(name, None, overwrite=message.overwrite)
    return _build_in_folder("snapshots", name, _find_latest_run(control, board), message.overwrite)


def _find_latest_run(control: ReceivedMessage, board: Board) -> Run:
    """Return the last run that started before a message: its proposal is the message's."""
    before = [run for run in board.runs.values() if run.start_position[0] <= control.time]
    if not before:
        raise NoFolderError(f"{control.message.kind}: no run tells whose proposal it is")
    return max(before, key=lambda run: run.start_position)


def _find_named_run(uid: str, board: Board) -> Run:
    run = board.runs.get(uid)
    if run is None:
        raise NoFolderError(f"run {uid} is not known: its start document tells the proposal")
    return run


def _is_declined(message: XafsscanStop) -> bool:
    """Tell whether an explicit null asks for no picture."""
    return message.filename is None and "filename" in message.model_fields_set


def _find_stub(scan: Scan) -> str:
    start = scan.start.message
    return start.filename if isinstance(start, XafsscanStart) else scan.kind


def _find_scan_run(uid: str | None, scan: Scan, board: Board) -> Run:
    if uid is not None and uid in board.runs:
        return board.runs[uid]
    runs = board.get_runs(scan)
    if not runs:
        raise NothingToDrawError(f"the {scan.kind} has no run: nothing was measured")
    return runs[0]


def _find_finished_run(uid: str | None, scan: Scan, board: Board) -> Run:
    finished = [run for run in board.get_runs(scan) if run.has_succeeded]
    if not finished:
        raise NothingToDrawError(f"no repetition of this {scan.kind} was finished")
    return next((run for run in finished if run.uid == uid), finished[0])
