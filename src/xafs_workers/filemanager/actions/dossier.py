"""Actions of dossiers: start, fill, show, and write the page when its pictures exist."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers, readiness_checks
from xafs_workers.filemanager.actions.notify import Notice, finish_with, log_notice, post_notice, tolerate_refusal
from xafs_workers.filemanager.actions.resolve_folder import find_proposal_folder
from xafs_workers.filemanager.dossier_sources import (
    DossierRuns,
    SourceContext,
    add_to_index,
    can_write_page,
    collect_sources,
    find_runs,
    list_awaited_pictures,
    list_captioned_pictures,
)
from xafs_workers.logs import get_logger
from xafs_workers.runtime.outcome import TryLater
from xafs_workers.runtime.publish_once import publish_once
from xafs_workers.scans.board import Board
from xafs_workers.scans.dossier import Dossier, build_dossier
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.scan import Scan
from xafs_workers.services.message_log import has_file
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.sequence_number import reserve_sequence_number
from xafs_workers.writers.dossier import build_page_name, find_start_date, list_pictures, render_dossier_page
from xafs_workers.writers.dossier_content import DossierKind
from xafs_workers.writers.dossier_motors import build_motor_groups
from xafs_workers.writers.registry import CannotWrite

log = get_logger("workers")

PAGE_KINDS: dict[str, DossierKind] = {"write": "xafs", "sead": "sead", "raster": "raster"}

EFFECT = "dossier"

NO_OPEN_DOSSIER = "no dossier is open (expected one that was started)"
NOTHING_MEASURED = "nothing was measured: no dossier is written"


@action_handlers.register("dossier.start")
def start_dossier(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Answer the start of a dossier; the board has recorded it already."""
    return Outcome("done")


@action_handlers.register("dossier.set")
def fill_dossier(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Answer a message that fills a dossier; the board has recorded it if a dossier is open."""
    return Outcome("done") if board.find_scan(control) else Outcome("failed", reason=NO_OPEN_DOSSIER)


@action_handlers.register("dossier.show")
def show_dossier(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Log the content of the dossier that was started last."""
    dossier = _find_last_dossier(board)
    if dossier is None:
        return Outcome("failed", reason=NO_OPEN_DOSSIER)
    log.info("dossier", **asdict(dossier))
    return Outcome("done")


@action_handlers.register("dossier.motors")
def show_motors(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Log the motor positions that the page of the last dossier would show."""
    dossier = _find_last_dossier(board)
    if dossier is None:
        return Outcome("failed", reason=NO_OPEN_DOSSIER)
    run = next((board.runs[uid] for uid in dossier.uids if uid in board.runs), None)
    groups: dict[str, Any] = {}
    for group in build_motor_groups(run.baseline if run is not None else {}):
        groups[group.title] = {name: f"{position} {unit}".strip() for name, position, unit in group.motors}
    log.info("motors", **groups)
    return Outcome("done")


def _find_last_dossier(board: Board) -> Dossier | None:
    return next((build_dossier(scan) for scan in reversed(board.scans) if scan.kind == "dossier"), None)


@readiness_checks.register("dossier.write")
@readiness_checks.register("dossier.sead")
@readiness_checks.register("dossier.raster")
def is_due(control: ReceivedMessage, board: Board) -> bool:
    """Check whether the scans that a dossier reports have ended, so that its page can be written."""
    scan = board.find_scan(control)
    return scan is None or can_write_page(board, scan)


@action_handlers.register("dossier.write")
@action_handlers.register("dossier.sead")
@action_handlers.register("dossier.raster")
def write_dossier(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Write the page of a dossier, add it to the index, and post a notice.

    Raises
    ------
    TryLater
        The pictures of the page do not exist yet.
    Refused, Conflict, Unavailable
        The page cannot be written.
    """
    scan = board.find_scan(control)
    dossier = build_dossier(scan) if scan is not None else None
    if scan is None or dossier is None or not dossier.uids:
        return _report_nothing_measured(control, board, dossier, context)
    try:
        found = find_runs(dossier, context.catalog, context.stop)
        return _write_page(control, scan, found, dossier, context)
    except CannotWrite as problem:
        return Outcome("failed", reason=str(problem))


def _report_nothing_measured(
    control: ReceivedMessage, board: Board, dossier: Dossier | None, context: ActionContext
) -> Outcome:
    """Report that nothing was measured; the page must never show the sample before."""
    if dossier is None:
        return Outcome("done", reason=f"{NOTHING_MEASURED} ({NO_OPEN_DOSSIER})")
    folder = find_proposal_folder(control, board, context.roots, context.settings)
    post_notice(Notice(f"{dossier.stub}: {NOTHING_MEASURED}", EFFECT), folder, control, context)
    return Outcome("done", reason=NOTHING_MEASURED)


def _write_page(
    control: ReceivedMessage, scan: Scan, found: DossierRuns, dossier: Dossier, context: ActionContext
) -> Outcome:
    folder = ProposalFolder.from_run(found.reference_run.start, context.roots, context.settings.storage)
    found = found.limit_to_one_proposal(context.settings.storage)
    number = _choose_number(folder, found, dossier)
    newest = context.get_board()
    missing = [name for name in list_awaited_pictures(newest, scan, number) if not has_file(folder, name)]
    if missing:
        raise TryLater(f"dossier of {dossier.stub[:80]}: waiting for {', '.join(missing)}")
    kind = PAGE_KINDS[control.message.action]
    sources = collect_sources(
        found, dossier, number, folder, SourceContext(context.catalog, context.config, context.stop)
    )
    sources = replace(sources, scan_pictures=list_captioned_pictures(newest, scan, number))
    overwrite = control.message.may_overwrite
    name = build_page_name(dossier.stub, number)
    path = publish_once(folder, name, control, lambda: render_dossier_page(kind, sources), context.ledger, overwrite)
    outcome = Outcome("done", (path,), "; ".join(found.missing))
    with finish_with(outcome):
        with tolerate_refusal(folder):
            add_to_index(folder, kind, path, find_start_date(sources))
        for caption, picture in list_pictures(kind, sources):
            log_notice(Notice(caption, f"picture {picture}", picture), folder, control, context)
        post_notice(Notice(f"wrote {kind.upper()} dossier", EFFECT, link=name), folder, control, context)
    return outcome


def _choose_number(folder: ProposalFolder, found: DossierRuns, dossier: Dossier) -> int:
    """Return the number of the page: the one in the message, or else that of the sequence's pictures."""
    if dossier.force_seqnumber is not None:
        return dossier.force_seqnumber
    return reserve_sequence_number(folder, dossier.stub, found.reference_run.uid)
