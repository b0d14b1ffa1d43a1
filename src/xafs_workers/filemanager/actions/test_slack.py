"""Action that posts a short text, to test Slack posting."""

from __future__ import annotations

from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers
from xafs_workers.filemanager.actions.notify import Notice, finish_with, post_notice
from xafs_workers.filemanager.actions.resolve_folder import find_proposal_folder
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage

TEXT = "This is a test of posting to Slack :flag:"


@action_handlers.register("test_slack")
def post_test(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Post the test to the channel of the proposal in use, else to the staff's; the answer states where, or why not."""
    folder = find_proposal_folder(control, board, context.roots, context.settings)
    if context.posting is None or not context.posting.is_enabled:
        where = "it is in the message log alone: no Slack token is configured"
    else:
        where = f"posted for {folder.session}" if folder is not None else "no proposal is known: posted to the staff's"
    outcome = Outcome("done", reason=where)
    with finish_with(outcome):
        post_notice(Notice(TEXT, "test"), folder, control, context)
    return outcome
