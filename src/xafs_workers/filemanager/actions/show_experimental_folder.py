"""Question for the proposal folder in use."""

from __future__ import annotations

from xafs_workers.filemanager.actions.context import ActionContext, question_handlers
from xafs_workers.filemanager.actions.resolve_folder import find_proposal_folder
from xafs_workers.logs import get_logger
from xafs_workers.scans.items import ReceivedMessage

log = get_logger("workers")


@question_handlers.register("show_experimental_folder")
def show_folder(control: ReceivedMessage, reserved: frozenset[str], context: ActionContext) -> str | None:
    """Return the path of the proposal folder, None where no run and no dossier names one yet."""
    folder = find_proposal_folder(control, context.get_board(), context.roots, context.settings)
    path = folder.path if folder is not None else None
    log.info("experimental_folder", path=path)
    return path
