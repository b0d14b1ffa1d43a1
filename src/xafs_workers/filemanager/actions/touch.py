"""Action that creates an empty file."""

from __future__ import annotations

from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers, reserved_names
from xafs_workers.messages.touch import Touch
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.storage.proposals import ProposalFolder


@action_handlers.register("touch")
def touch(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Create an empty file; an existing one is left as it is."""
    folder, inside = ProposalFolder.from_path(control.get_message(Touch).path, context.roots)
    return Outcome("done", (folder.touch(inside),))


@reserved_names.register("touch")
def list_reserved_names(message: Touch, folder: ProposalFolder) -> tuple[str, ...]:
    """Return the name of the file."""
    return (message.path,)
