"""An empty file made, or the one that is there left as it is."""

from __future__ import annotations

from typing import cast

from xafs_workers.filemanager.actions.context import Outcome, Tools, actions, reservations
from xafs_workers.messages.touch import Touch
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control
from xafs_workers.storage.proposals import ProposalFolder


@actions.register("touch")
def touch(control: Control, board: Board, tools: Tools) -> Outcome:
    """Make the file, or leave it."""
    folder, inside = ProposalFolder.of_path(cast(Touch, control.message).path, tools.roots)
    return Outcome("done", (folder.touch(inside),))


@reservations.register("touch")
def reserved(message: Touch, folder: ProposalFolder) -> tuple[str, ...]:
    """Return the name that will be there."""
    return (message.path,)
