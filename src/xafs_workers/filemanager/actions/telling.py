"""What the file manager tells of its work: a line in the logs of a proposal, and a post."""

from __future__ import annotations

from xafs_workers.filemanager.actions.context import ActionContext
from xafs_workers.filemanager.actions.notify import Notice, post_notice
from xafs_workers.logs import get_logger
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.storage.proposals import ProposalFolder

log = get_logger("workers")


def report_action(
    text: str, folder: ProposalFolder | None, control: ReceivedMessage, tools: ActionContext, *, key: str = ""
) -> None:
    """Tell of something that was done for a proposal; each thing of a message, named by `key`, is told once.

    Raises
    ------
    CatalogUnavailable, TryLater
        It cannot be put down now.
    """
    log.info("told", text=text, session=folder.session if folder is not None else "")
    post_notice(Notice(text, f"told {key}"), folder, control, tools)
