"""How much the workers say: every worker's loop has heard it already; the file manager answers."""

from __future__ import annotations

from typing import cast

from xafs_workers.filemanager.actions.context import Outcome, Tools, actions
from xafs_workers.messages.verbose import Verbose
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control


@actions.register("verbose")
def verbose(control: Control, board: Board, tools: Tools) -> Outcome:
    """Say that it is so."""
    return Outcome("done", reason="in full" if cast(Verbose, control.message).on else "briefly")
