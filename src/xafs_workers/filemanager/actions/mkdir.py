"""Action that creates a folder and its parents; a session's folder only if its cycle's folder exists."""

from __future__ import annotations

from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers
from xafs_workers.messages.mkdir import Mkdir
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.storage.proposals import ProposalFolder


@action_handlers.register("mkdir")
def mkdir(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Create a folder; an existing one is left as it is."""
    folder, inside = ProposalFolder.from_path(control.get_message(Mkdir).path, context.roots)
    return Outcome("done", (folder.mkdir(inside),))
