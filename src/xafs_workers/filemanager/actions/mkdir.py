"""A folder made, with those above it; a session only where its cycle exists."""

from __future__ import annotations

from typing import cast

from xafs_workers.filemanager.actions.context import Outcome, Tools, actions
from xafs_workers.messages.mkdir import Mkdir
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control
from xafs_workers.storage.proposals import ProposalFolder


@actions.register("mkdir")
def mkdir(control: Control, board: Board, tools: Tools) -> Outcome:
    """Make the folder, or leave the one that is there."""
    folder, inside = ProposalFolder.of_path(cast(Mkdir, control.message).path, tools.roots)
    return Outcome("done", (folder.mkdir(inside),))
