"""Which picture a message asks for: what each kind declares, in the module that bears its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from xafs_workers.messages.base import ControlMessage
from xafs_workers.registry import Registry
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.reduction_requests import is_awaiting_results
from xafs_workers.scans.run_requests import is_awaiting_runs
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


@dataclass(frozen=True, slots=True)
class ProjectRequest:
    """An Athena project that is due with a picture.

    Attributes
    ----------
    stub
        Stub of its name; the number of the sequence is added.
    run
        The run whose proposal folder it goes to.
    build_content
        Returns what the reduction makes the project of.
    """

    stub: str
    run: Run
    build_content: Callable[[], Mapping[str, Any]]
    overwrite: bool = False


class NothingToDrawError(LookupError):
    """A picture is asked for, but there is nothing to be seen on it; the text says why."""


class NoFolderError(LookupError):
    """A picture is asked for, but its proposal folder is unknown; the text says what is missing."""


def is_scan_complete(control: ReceivedMessage, scan: Scan, board: Board, reduction_enabled: bool) -> bool:
    """Check whether the scan of a message has settled and everything that its picture shows exists."""
    return (
        board.is_settled(scan)
        and not is_awaiting_runs(board, scan)
        and not (reduction_enabled and is_awaiting_results(board, scan))
    )


def post_never(message: ControlMessage) -> bool:
    """Return False: the pictures of the kind are not posted."""
    return False


def post_always(message: ControlMessage) -> bool:
    """Return True: each picture of the kind is posted."""
    return True


def request_no_project(control: ReceivedMessage, scan: Scan, board: Board) -> ProjectRequest | None:
    """Return None: the kind has no Athena project."""
    return None


@dataclass(frozen=True, slots=True)
class PictureRule:
    """What a kind declares about its pictures.

    Attributes
    ----------
    is_requested
        Whether a message asks for a picture (or, with it, for a project).
    build_request
        Builds the request; None for a project alone. May raise `NothingToDrawError` and `NoFolderError`.
    build_project
        Builds the request of the Athena project that belongs to the picture, None without one.
    is_due
        Whether everything that the picture shows exists; the last argument: whether reductions are waited for.
    is_posted
        Whether the picture of a message is posted to Slack.
    is_drawn_empty
        Whether a figure without data becomes a picture too.
    """

    is_requested: Callable[[ReceivedMessage, Scan, Board], bool]
    build_request: Callable[[ReceivedMessage, Scan, Board], PictureRequest | None]
    build_project: Callable[[ReceivedMessage, Scan, Board], ProjectRequest | None] = request_no_project
    is_due: Callable[[ReceivedMessage, Scan, Board, bool], bool] = is_scan_complete
    is_posted: Callable[[ControlMessage], bool] = post_never
    is_drawn_empty: bool = False


picture_rules: Registry[PictureRule] = Registry("xafs_workers.scans")
"""By kind of scan; a kind without an entry has no pictures."""


def requests_picture(control: ReceivedMessage, scan: Scan, board: Board) -> bool:
    """Check whether a message of this scan asks for a picture."""
    rule = picture_rules.get(scan.kind)
    return rule is not None and rule.is_requested(control, scan, board)


def is_picture_due(control: ReceivedMessage, scan: Scan, board: Board, *, reduction_enabled: bool) -> bool:
    """Check whether everything that the picture of a message shows exists."""
    rule = picture_rules.get(scan.kind)
    is_due = is_scan_complete if rule is None else rule.is_due
    return is_due(control, scan, board, reduction_enabled)


def build_picture_request(control: ReceivedMessage, scan: Scan, board: Board) -> PictureRequest | None:
    """Return the picture a message asks for, None for a project alone.

    Raises
    ------
    NothingToDrawError
        No run was measured, no repetition was finished, or no alignment came to a result.
    NoFolderError
        The proposal is unknown.
    """
    return _find_rule(control, scan).build_request(control, scan, board)


def build_project_request(control: ReceivedMessage, scan: Scan, board: Board) -> ProjectRequest | None:
    """Return the Athena project that a message asks for, None without one; raises as `build_picture_request`."""
    return _find_rule(control, scan).build_project(control, scan, board)


def _find_rule(control: ReceivedMessage, scan: Scan) -> PictureRule:
    rule = picture_rules.get(scan.kind)
    if rule is None:
        raise NothingToDrawError(f"{control.message.kind}: {control.message.action} asks for no picture")
    return rule


def request_with_name(form: type[ControlMessage]) -> Callable[[ReceivedMessage, Scan, Board], bool]:
    """Return the check of a kind whose message of this class asks for a picture by giving its name."""

    def has_name(control: ReceivedMessage, scan: Scan, board: Board) -> bool:
        return isinstance(control.message, form) and control.message.named_file is not None

    return has_name


def build_in_folder(folder: str, message: ControlMessage, run: Run) -> PictureRequest:
    """Return the picture that a message names, in a folder of its own kind, or where its absolute name says."""
    name = message.named_file or ""
    place = name if name.startswith("/") else f"{folder}/{name}"
    return PictureRequest(place, run, overwrite=message.may_overwrite)


def find_latest_run(control: ReceivedMessage, board: Board) -> Run:
    """Return the last run that started before a message: its proposal is the message's."""
    before = [run for run in board.runs.values() if run.start_position[0] <= control.time]
    if not before:
        raise NoFolderError(f"{control.message.kind}: no run tells whose proposal it is")
    return max(before, key=lambda run: run.start_position)


def find_named_run(uid: str, board: Board) -> Run:
    """Return the run with this uid, whose start document names the proposal."""
    run = board.runs.get(uid)
    if run is None:
        raise NoFolderError(f"run {uid} is not known: its start document tells the proposal")
    return run


def find_scan_run(uid: str | None, scan: Scan, board: Board) -> Run:
    """Return the run with this uid, else the first run of the scan."""
    if uid is not None and uid in board.runs:
        return board.runs[uid]
    runs = board.get_runs(scan)
    if not runs:
        raise NothingToDrawError(f"the {scan.kind} has no run: nothing was measured")
    return runs[0]


def find_finished_run(uid: str | None, scan: Scan, board: Board) -> Run:
    """Return the finished repetition with this uid, else the first that was finished."""
    finished = [run for run in board.get_runs(scan) if run.has_succeeded]
    if not finished:
        raise NothingToDrawError(f"no repetition of this {scan.kind} was finished")
    return next((run for run in finished if run.uid == uid), finished[0])
