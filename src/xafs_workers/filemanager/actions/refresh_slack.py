"""Channels asked for anew, and the token read anew: a new proposal begins."""

from __future__ import annotations

from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage


@action_handlers.register("refresh_slack")
def refresh_slack(control: ReceivedMessage, board: Board, tools: ActionContext) -> Outcome:
    """Ask anew at once; what waits is tried again."""
    if tools.posting is None or not tools.posting.is_enabled:
        return Outcome("done", reason="nothing is posted: no Slack token is configured")
    tools.posting.refresh()
    return Outcome("done")
