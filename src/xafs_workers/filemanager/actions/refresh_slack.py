"""Action that looks up the Slack channels and reads the token again, for a new proposal."""

from __future__ import annotations

import time

from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers
from xafs_workers.messages.refresh_slack import RefreshSlack
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage


@action_handlers.register("refresh_slack")
def refresh_slack(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Look up the channels and read the token at once; waiting posts are tried again."""
    if context.posting is None or not context.posting.is_enabled:
        return Outcome("done", reason="nothing is posted: no Slack token is configured")
    began = time.monotonic()
    context.posting.refresh()
    timed = control.get_message(RefreshSlack).time_it
    return Outcome("done", reason=f"took {time.monotonic() - began:.3f} s" if timed else "")
