"""What the file manager tells of its work: a line in the logs of a proposal, and a post."""

from __future__ import annotations

from xafs_workers.filemanager.actions.context import Tools
from xafs_workers.filemanager.actions.notify import Line, say
from xafs_workers.logs import get_logger
from xafs_workers.scans.items import Control
from xafs_workers.storage.proposals import ProposalFolder

log = get_logger("workers")


def tell(text: str, folder: ProposalFolder | None, control: Control, tools: Tools, *, key: str = "") -> None:
    """Tell of something that was done for a proposal; each thing of a message, named by `key`, is told once.

    Raises
    ------
    Unavailable, TryLater
        It cannot be put down now.
    """
    log.info("told", text=text, session=folder.session if folder is not None else "")
    say(Line(text, f"told {key}"), folder, control, tools)
