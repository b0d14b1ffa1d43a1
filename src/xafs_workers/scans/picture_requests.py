"""Requests of messages for pictures and Athena projects, and the rules that each kind of scan declares for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from xafs_workers.messages.base import ControlMessage
from xafs_workers.registry import Registry
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.passed_runs import describe_empty_windows, has_empty_window
from xafs_workers.scans.reduction_requests import is_awaiting_results
from xafs_workers.scans.run_requests import is_awaiting_runs
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan, scan_kinds


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """Request for a picture, which is drawn when its scan has settled.

    Attributes
    ----------
    name
        Requested name, relative to the proposal folder (or absolute below a root).
    run
        Run that determines the proposal folder; None if the name is absolute.
    stub
        Stub for which sequence numbers are counted, if the name gets one; else ''.
    suffix
        Text after the number.
    """

    name: str
    run: Run | None
    stub: str = ""
    overwrite: bool = False
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class ProjectRequest:
    """Request for an Athena project and the data file of a merge, which are written with a picture.

    Attributes
    ----------
    stub
        Stub of their names; the number of the sequence is added.
    run
        Run that determines the proposal folder.
    build_content
        Function that returns the content from which the reduction builds the project, and the writer the data file.
    runs
        The runs that are merged, in order.
    """

    stub: str
    run: Run
    build_content: Callable[[], Mapping[str, Any]]
    runs: tuple[Run, ...] = ()
    overwrite: bool = False


class NothingToDrawError(LookupError):
    """A requested picture would be empty; the text gives the reason."""


class NoRunError(LookupError):
    """A requested picture has no run that can be drawn; the text gives the reason."""


class NoFolderError(LookupError):
    """The proposal folder of a requested picture is not known; the text gives the reason."""


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


def use_picture_name(scan: Scan) -> str:
    """Return '': the post of a picture has the picture's name as its title."""
    return ""


def request_no_project(control: ReceivedMessage, scan: Scan, board: Board) -> ProjectRequest | None:
    """Return None: the kind has no Athena project."""
    return None


@dataclass(frozen=True, slots=True)
class PictureRule:
    """Rules of a kind of scan for its pictures.

    Attributes
    ----------
    is_requested
        Predicate whether a message requests a picture (or, with it, a project).
    build_request
        Function that builds the request; it returns None for a project alone. It may raise `NothingToDrawError`,
        `NoRunError` and `NoFolderError`.
    build_project
        Function that builds the request for the picture's Athena project; it returns None for none.
    is_due
        Predicate whether everything that the picture shows exists; the last argument is True if results of
        reductions are awaited.
    is_posted
        Predicate whether the picture of a message is posted to Slack.
    is_drawn_empty
        True if a figure without data becomes a picture too.
    build_post_title
        Function that returns the title of the post; '' for the name of the picture.
    """

    is_requested: Callable[[ReceivedMessage, Scan, Board], bool]
    build_request: Callable[[ReceivedMessage, Scan, Board], PictureRequest | None]
    build_project: Callable[[ReceivedMessage, Scan, Board], ProjectRequest | None] = request_no_project
    is_due: Callable[[ReceivedMessage, Scan, Board, bool], bool] = is_scan_complete
    is_posted: Callable[[ControlMessage], bool] = post_never
    is_drawn_empty: bool = False
    build_post_title: Callable[[Scan], str] = use_picture_name


picture_rules: Registry[PictureRule] = Registry("xafs_workers.scans", "picture_rules", scan_kinds.discover)
"""Rules for pictures by kind of scan; a kind without an entry has no pictures."""


def requests_picture(control: ReceivedMessage, scan: Scan, board: Board) -> bool:
    """Check whether a message of this scan requests a picture."""
    rule = picture_rules.get(scan.kind)
    return rule is not None and rule.is_requested(control, scan, board)


def is_picture_due(control: ReceivedMessage, scan: Scan, board: Board, *, reduction_enabled: bool) -> bool:
    """Check whether everything that the picture of a message shows exists."""
    rule = picture_rules.get(scan.kind)
    is_due = is_scan_complete if rule is None else rule.is_due
    return is_due(control, scan, board, reduction_enabled)


def build_picture_request(control: ReceivedMessage, scan: Scan, board: Board) -> PictureRequest | None:
    """Build the request for the picture of a message, None for a project alone.

    Raises
    ------
    NothingToDrawError
        No repetition was finished, or no alignment has a result.
    NoRunError
        No run was measured, or none that can be drawn.
    NoFolderError
        The proposal is not known.
    """
    return _find_rule(control, scan).build_request(control, scan, board)


def build_project_request(control: ReceivedMessage, scan: Scan, board: Board) -> ProjectRequest | None:
    """Build the request for the Athena project of a message, None for none; raises as `build_picture_request` does."""
    return _find_rule(control, scan).build_project(control, scan, board)


def _find_rule(control: ReceivedMessage, scan: Scan) -> PictureRule:
    rule = picture_rules.get(scan.kind)
    if rule is None:
        raise NothingToDrawError(f"{control.message.kind}: {control.message.action} asks for no picture")
    return rule


def request_with_name(form: type[ControlMessage]) -> Callable[[ReceivedMessage, Scan, Board], bool]:
    """Build the predicate of a kind whose message of this class requests a picture by its name."""

    def has_name(control: ReceivedMessage, scan: Scan, board: Board) -> bool:
        return isinstance(control.message, form) and control.message.named_file is not None

    return has_name


def build_in_folder(folder: str, message: ControlMessage, run: Run) -> PictureRequest:
    """Build the request for a picture in a folder of the proposal, or at the absolute name in the message."""
    name = message.named_file or ""
    place = name if name.startswith("/") else f"{folder}/{name}"
    return PictureRequest(place, run, overwrite=message.may_overwrite)


def find_latest_run(control: ReceivedMessage, board: Board) -> Run:
    """Find the last run that started before a message: its proposal is the message's."""
    before = [run for run in board.runs.values() if run.start_position[0] <= control.time]
    if not before:
        raise NoFolderError(f"{control.message.kind}: unknown proposal (expected a run before the message)")
    return max(before, key=lambda run: run.start_position)


def find_named_run(uid: str, board: Board) -> Run:
    """Find the run with this uid, whose start document names the proposal."""
    run = board.runs.get(uid)
    if run is None:
        raise NoFolderError(f"run {uid}: unknown run (expected its start document, which names the proposal)")
    return run


def find_scan_run(uid: str | None, scan: Scan, board: Board) -> Run:
    """Find the run with this uid, else the first run of the scan."""
    if uid is not None and uid in board.runs:
        return board.runs[uid]
    runs = board.get_runs(scan)
    if not runs:
        raise NoRunError(describe_empty_windows(board, scan) or f"the {scan.kind} has no run: nothing was measured")
    return runs[0]


def find_finished_run(uid: str | None, scan: Scan, board: Board) -> Run:
    """Find the finished repetition with this uid, else the first that was finished."""
    finished = [run for run in board.get_runs(scan) if run.has_succeeded]
    if not finished:
        if has_empty_window(scan):
            raise NoRunError(describe_empty_windows(board, scan))
        raise NothingToDrawError(f"no repetition of this {scan.kind} was finished")
    return next((run for run in finished if run.uid == uid), finished[0])


def build_scan_picture(folder: str) -> Callable[[ReceivedMessage, Scan, Board], PictureRequest]:
    """Return the builder of a kind whose picture shows one run and goes to this folder of the run's proposal."""

    def build(control: ReceivedMessage, scan: Scan, board: Board) -> PictureRequest:
        return build_in_folder(folder, control.message, find_scan_run(control.message.named_run, scan, board))

    return build
