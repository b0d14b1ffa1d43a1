"""Action that posts a text or a picture to a proposal's message log and Slack channel."""

from __future__ import annotations

from pathlib import PurePosixPath

from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers, readiness_checks
from xafs_workers.filemanager.actions.notify import Notice, finish_with, post_notice
from xafs_workers.filemanager.actions.resolve_folder import awaits_documents, find_proposal_folder
from xafs_workers.filemanager.dossier_sources import is_picture_awaited
from xafs_workers.messages.echoslack import Echoslack
from xafs_workers.runtime.outcome import Postponed
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.services.message_log import has_file
from xafs_workers.storage.errors import Absent, quote_value
from xafs_workers.storage.proposals import ProposalFolder

EFFECT = "echo"


@readiness_checks.register("echoslack")
def is_due(control: ReceivedMessage, board: Board) -> bool:
    """Check whether the proposal of a text is known: the run that names it may arrive later, on the other topic.

    A picture names its proposal, but waits as long, so that it is posted after the texts before it.
    """
    return board.now >= control.time + board.config.settling_time and not awaits_documents(control, board)


@action_handlers.register("echoslack")
def post_echo(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Add a text or a picture to the message log, and post it.

    Raises
    ------
    Postponed
        The picture does not exist yet, but a scan before the message asks for it.
    Refused
        The picture is in no proposal folder, or does not exist.
    """
    message = control.get_message(Echoslack)
    rid = message.rid or None
    if message.img is not None:
        return _post_picture(control, board, message.img, rid, context)
    folder = find_proposal_folder(control, board, context.roots, context.settings)
    text = message.text or ""
    outcome = Outcome("done", reason="" if folder else "no proposal is known: posted to the staff's channel alone")
    with finish_with(outcome):
        post_notice(Notice(text, EFFECT, rid=rid), folder, control, context)
    return outcome


def _post_picture(
    control: ReceivedMessage, board: Board, path: str, rid: str | bool | None, context: ActionContext
) -> Outcome:
    folder, name = ProposalFolder.from_path(path, context.roots)
    if not name or not has_file(folder, name):
        if any(is_picture_awaited(one, control, name) for one in context.list_boards(board)):
            raise Postponed(f"post of {quote_value(path)}: waiting for the picture")
        raise Absent(f"picture {quote_value(path)} does not exist (expected an existing file)")
    with finish_with(Outcome("done")):
        post_notice(Notice(PurePosixPath(name).name, EFFECT, name, rid), folder, control, context)
    return Outcome("done")
