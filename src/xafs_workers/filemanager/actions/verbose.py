"""Answer to a message that sets the workers' log level; the loop of each worker has changed it already."""

from __future__ import annotations

from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers
from xafs_workers.messages.verbose import Verbose
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage


@action_handlers.register("verbose")
def report_verbosity(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Answer with the level that is now in use."""
    return Outcome("done", reason="in full" if control.get_message(Verbose).on else "briefly")
