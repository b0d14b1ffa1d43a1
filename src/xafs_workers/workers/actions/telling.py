"""What the file manager tells of its work: a line in the proposal's message log, and a post."""

from __future__ import annotations

from dataclasses import astuple

from xafs_workers.logs import get_logger
from xafs_workers.scans.items import Control
from xafs_workers.services.posts import Post
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.workers.actions.action import Tools, TryLater
from xafs_workers.writers.messagelog import LogEntry

log = get_logger("workers")


def tell(text: str, folder: ProposalFolder | None, control: Control, tools: Tools, *, key: str = "") -> None:
    """Tell of something that was done for a proposal; each thing of a message, named by `key`, is told once.

    Raises
    ------
    TryLater
        It cannot be put down now.
    """
    log.info("told", text=text, session=folder.session if folder is not None else "")
    name = "/".join(map(str, astuple(tools.records.key(control.origin, control.time, f"told {key}"))))
    if folder is not None:
        tools.message_log.note(folder, LogEntry(name, control.time, text))
    try:
        tools.post(Post(name, folder.session if folder is not None else "", text))
    except OSError as error:
        raise TryLater(error.errno, f"outbox: {error}") from error
