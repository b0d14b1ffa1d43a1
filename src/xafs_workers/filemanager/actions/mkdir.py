"""A folder made, with those above it; a session only where its cycle exists."""

from __future__ import annotations

from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers
from xafs_workers.messages.mkdir import Mkdir
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.storage.proposals import ProposalFolder


@action_handlers.register("mkdir")
def mkdir(control: ReceivedMessage, board: Board, tools: ActionContext) -> Outcome:
    """Make the folder, or leave the one that is there."""
    folder, inside = ProposalFolder.from_path(control.get_message(Mkdir).path, tools.roots)
    return Outcome("done", (folder.mkdir(inside),))
