"""Action that answers how many regions of interest are known; the loop has read their file again already."""

from __future__ import annotations

from xafs_workers.plots.actions.registry import immediate_actions
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage


@immediate_actions.register("reset_rois")
def report_regions(control: ReceivedMessage, board: Board) -> Outcome:
    """Report the number of regions that figures can mark."""
    count = len(board.config.regions)
    unused = "" if count else ": no figure marks one (expected detectors.regions_file, with regions)"
    return Outcome("done", reason=f"{count} regions of interest{unused}")
