"""Dossiers: filled by messages on the board, looked at, and written once their pictures are there."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from xafs_workers.filemanager.actions.context import Outcome, Tools, TryLater, actions, dues
from xafs_workers.filemanager.actions.notify import Line, note, say
from xafs_workers.filemanager.actions.resolve_folder import folder_of
from xafs_workers.filemanager.dossier_sources import (
    Around,
    Found,
    find_runs,
    gathered,
    may_be_written,
    pictures_awaited,
    put_in_list,
)
from xafs_workers.logs import get_logger
from xafs_workers.runtime.publish_once import publish_once
from xafs_workers.scans.board import Board
from xafs_workers.scans.dossier import Dossier, dossier_of
from xafs_workers.scans.items import Control
from xafs_workers.scans.scan import Scan
from xafs_workers.services.message_log import is_there
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.sequence_number import sequence_number
from xafs_workers.writers.dossier import Kind, date_of, dossier_page, page_name, pictures_of
from xafs_workers.writers.dossier_motors import motor_groups
from xafs_workers.writers.registry import CannotWrite

log = get_logger("workers")

KINDS: dict[str, Kind] = {"write": "xafs", "sead": "sead", "raster": "raster"}

WORD = "dossier"

NOT_OPEN = "no dossier is open: expected one that was started"
NOTHING = "nothing was measured: no dossier is written"


@actions.register("dossier.start")
def start(control: Control, board: Board, tools: Tools) -> Outcome:
    """Begin: the board has it."""
    return Outcome("done")


@actions.register("dossier.set")
def fill(control: Control, board: Board, tools: Tools) -> Outcome:
    """Fill: the board has it, if there is a dossier to be filled."""
    return Outcome("done") if board.told_by(control) else Outcome("failed", reason=NOT_OPEN)


@actions.register("dossier.show")
def show(control: Control, board: Board, tools: Tools) -> Outcome:
    """Log what the dossier that was begun last holds."""
    dossier = _last(board)
    if dossier is None:
        return Outcome("failed", reason=NOT_OPEN)
    log.info("dossier", **asdict(dossier))
    return Outcome("done")


@actions.register("dossier.motors")
def motors(control: Control, board: Board, tools: Tools) -> Outcome:
    """Log the motor positions that its page would show."""
    dossier = _last(board)
    if dossier is None:
        return Outcome("failed", reason=NOT_OPEN)
    run = next((board.runs[uid] for uid in dossier.uids if uid in board.runs), None)
    groups: dict[str, Any] = {}
    for group in motor_groups(run.baseline if run is not None else {}):
        groups[group.title] = {name: f"{position} {unit}".strip() for name, position, unit in group.motors}
    log.info("motors", **groups)
    return Outcome("done")


def _last(board: Board) -> Dossier | None:
    return next((dossier_of(scan) for scan in reversed(board.scans) if scan.kind == "dossier"), None)


@dues.register("dossier.write")
@dues.register("dossier.sead")
@dues.register("dossier.raster")
def is_due(control: Control, board: Board) -> bool:
    """Tell whether the scans that a dossier reports have been ended by their messages."""
    scan = board.told_by(control)
    return scan is None or may_be_written(board, scan)


@actions.register("dossier.write")
@actions.register("dossier.sead")
@actions.register("dossier.raster")
def write(control: Control, board: Board, tools: Tools) -> Outcome:
    """Write the page of a dossier, put it into the list, and say so.

    Raises
    ------
    TryLater
        Its pictures are not there yet.
    Refused, Conflict, Unavailable
        It cannot be put in its place.
    """
    scan = board.told_by(control)
    dossier = dossier_of(scan) if scan is not None else None
    if scan is None or dossier is None or not dossier.uids:
        return _nothing(control, board, dossier, tools)
    try:
        found = find_runs(dossier, tools.runs, tools.stop)
        return _written(control, scan, found, dossier, tools)
    except CannotWrite as problem:
        return Outcome("failed", reason=str(problem))


def _nothing(control: Control, board: Board, dossier: Dossier | None, tools: Tools) -> Outcome:
    """Say that there is nothing to report; never is it about the sample before."""
    if dossier is None:
        return Outcome("done", reason=f"{NOTHING} ({NOT_OPEN})")
    folder = folder_of(control, board, tools.roots, tools.settings)
    say(Line(f"{dossier.stub}: {NOTHING}", WORD), folder, control, tools)
    return Outcome("done", reason=NOTHING)


def _written(control: Control, scan: Scan, found: Found, dossier: Dossier, tools: Tools) -> Outcome:
    folder = ProposalFolder.of_run(found.first.start, tools.roots, tools.settings.storage)
    found = found.of_one_proposal(tools.settings.storage)
    number = _number(folder, found, dossier)
    newest = tools.board()
    missing = [name for name in pictures_awaited(newest, scan, number) if not is_there(folder, name)]
    if missing:
        raise TryLater(f"dossier of {dossier.stub[:80]}: waiting for {', '.join(missing)}")
    kind = KINDS[control.message.action]
    sources = gathered(found, dossier, number, folder, Around(tools.runs, tools.rules, tools.stop))
    overwrite = bool(getattr(control.message, "overwrite", False))
    name = page_name(dossier.stub, number)
    path = publish_once(folder, name, control, lambda: dossier_page(kind, sources), tools.records, overwrite)
    put_in_list(folder, kind, path, date_of(sources))
    for caption, picture in pictures_of(kind, sources):
        note(Line(caption, f"picture {picture}", picture), folder, control, tools)
    say(Line(f"wrote {kind.upper()} dossier", WORD, link=name), folder, control, tools)
    return Outcome("done", (path,), "; ".join(found.missing))


def _number(folder: ProposalFolder, found: Found, dossier: Dossier) -> int:
    """Return the number of the page: forced for one made again, else that of the sequence's pictures."""
    if dossier.force_seqnumber is not None:
        return dossier.force_seqnumber
    return sequence_number(folder, dossier.stub, found.first.uid)
