"""Action that reports the state of Slack posting, in the log and in the answer."""

from __future__ import annotations

from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers
from xafs_workers.logs import get_logger
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage

log = get_logger("workers")


@action_handlers.register("describe_slack")
def describe_slack(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Report whether posting is enabled, how many posts wait and why, and which channels are known."""
    state = context.posting.describe() if context.posting is not None else {"posting": False}
    log.info("slack_described", **state)
    return Outcome("done", reason=", ".join(f"{name}: {value}" for name, value in state.items() if value != ""))
