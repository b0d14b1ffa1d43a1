"""Actions of dossiers: start, fill, show, and write the page when its pictures exist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from xafs_workers.filemanager.actions.context import (
    ActionContext,
    Outcome,
    action_handlers,
    follow_ups,
    readiness_checks,
)
from xafs_workers.filemanager.actions.dossier_page import DossierPage, PageUpdate
from xafs_workers.filemanager.actions.notify import Notice, finish_with, post_notice
from xafs_workers.filemanager.actions.resolve_folder import find_proposal_folder
from xafs_workers.filemanager.dossier_sources import DossierRuns, can_write_page, find_runs, is_wait_over
from xafs_workers.logs import get_logger
from xafs_workers.runtime.outcome import Postponed
from xafs_workers.scans.board import Board
from xafs_workers.scans.dossier import Dossier, build_dossier
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.scan import Scan
from xafs_workers.writers.dossier_motors import build_motor_groups
from xafs_workers.writers.registry import CannotWrite

log = get_logger("workers")

EFFECT = "dossier"

NUMBER_KEY = "BMM:dossier:seqnumber"
"""Key of the key store with the number of the newest dossier of an XAFS sequence."""

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
    Postponed
        Pictures of the page do not exist yet; meanwhile the queue does other work.
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
    page = DossierPage.from_runs(control, scan, dossier, found, context)
    missing = [] if is_wait_over(context.get_board(), scan) else page.list_missing_files()
    if missing:
        raise Postponed(f"dossier of {dossier.stub[:80]}: waiting for {', '.join(missing)}")
    path, sources = page.publish()
    if page.kind == "xafs" and context.key_store is not None:
        context.key_store.write({NUMBER_KEY: page.number})
    outcome = Outcome("done", (path,), "; ".join(page.found.missing))
    with finish_with(outcome):
        page.add_to_logs(sources)
        notice = Notice(f"wrote {page.kind.upper()} dossier", EFFECT, link=page.name)
        post_notice(notice, page.folder, control, context)
    return outcome


@follow_ups.register("dossier.write")
@follow_ups.register("dossier.sead")
@follow_ups.register("dossier.raster")
def build_page_update(
    control: ReceivedMessage, board: Board, outcome: Outcome, context: ActionContext
) -> Callable[[], bool]:
    """Return the attempt that adds to a page what came after it was written."""
    scan = board.find_scan(control)
    if scan is None:
        return lambda: True
    return PageUpdate(control, scan, outcome, context).attempt
