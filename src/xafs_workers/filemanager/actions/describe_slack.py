"""How posting to Slack is: said in the log and in the answer."""

from __future__ import annotations

from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers
from xafs_workers.logs import get_logger
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage

log = get_logger("workers")


@action_handlers.register("describe_slack")
def describe_slack(control: ReceivedMessage, board: Board, tools: ActionContext) -> Outcome:
    """Tell whether posts are made, how many wait and why, and which channels are known."""
    told = tools.posting.describe() if tools.posting is not None else {"posting": False}
    log.info("slack", **told)
    return Outcome("done", reason=", ".join(f"{name}: {value}" for name, value in told.items() if value != ""))
