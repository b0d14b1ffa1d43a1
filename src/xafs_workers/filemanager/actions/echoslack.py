"""Lines and pictures for the message log of a proposal and for its channel."""

from __future__ import annotations

from pathlib import PurePosixPath

from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers, readiness_checks
from xafs_workers.filemanager.actions.notify import Notice, post_notice
from xafs_workers.filemanager.actions.resolve_folder import find_proposal_folder
from xafs_workers.messages.echoslack import Echoslack
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.services.message_log import has_file
from xafs_workers.storage.errors import Absent, quote_value
from xafs_workers.storage.proposals import ProposalFolder

EFFECT = "echo"


@readiness_checks.register("echoslack")
def is_due(control: ReceivedMessage, board: Board) -> bool:
    """Tell whether it is known whose text it is: the run that tells may still be on its way, on the other topic.

    Pictures name their proposal, but wait as long, so that they stay behind the texts before them.
    """
    return board.now >= control.time + board.config.settling_time


@action_handlers.register("echoslack")
def post_echo(control: ReceivedMessage, board: Board, tools: ActionContext) -> Outcome:
    """Put a text or a picture into the message log, and post it.

    Raises
    ------
    CatalogRefused
        The picture lies in no proposal folder, or is not there.
    """
    message = control.get_message(Echoslack)
    rid = message.rid or None
    if message.img is not None:
        return _post_picture(control, message.img, rid, tools)
    folder = find_proposal_folder(control, board, tools.roots, tools.settings)
    text = message.text or ""
    post_notice(Notice(text, EFFECT, rid=rid), folder, control, tools)
    return Outcome("done", reason="" if folder else "no proposal is known: posted to the staff's channel alone")


def _post_picture(control: ReceivedMessage, path: str, rid: str | bool | None, tools: ActionContext) -> Outcome:
    folder, name = ProposalFolder.from_path(path, tools.roots)
    if not name or not has_file(folder, name):
        raise Absent(f"came {quote_value(path)}: there is no such picture")
    post_notice(Notice(PurePosixPath(name).name, EFFECT, name, rid), folder, control, tools)
    return Outcome("done")
