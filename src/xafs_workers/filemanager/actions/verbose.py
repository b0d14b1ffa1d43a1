"""How much the workers say: every worker's loop has heard it already; the file manager answers."""

from __future__ import annotations

from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers
from xafs_workers.messages.verbose import Verbose
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage


@action_handlers.register("verbose")
def report_verbosity(control: ReceivedMessage, board: Board, tools: ActionContext) -> Outcome:
    """Say that it is so."""
    return Outcome("done", reason="in full" if control.get_message(Verbose).on else "briefly")
