"""Live view of a sequence and its merge, which a wide window shows side by side."""

from __future__ import annotations

from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan, scan_kinds
from xafs_workers.scans.xafs_sequence import find_companion


def find_merge(board: Board, live: Scan) -> Scan | None:
    """Find the sequence of a live view, None if there is none or its figure is not shown."""
    merges = (scan for scan in reversed(board.scans) if scan_kinds[scan.kind].merged_form and scan.is_shown)
    return next((scan for scan in merges if _is_same(find_companion(board, scan), live)), None)


def find_live_view(board: Board, merge: Scan) -> Scan | None:
    """Find the live view of a sequence, None if there is none or its figure is not shown."""
    if not scan_kinds[merge.kind].merged_form:
        return None
    live = find_companion(board, merge)
    return live if live is not None and live.is_shown else None


def _is_same(one: Scan | None, other: Scan) -> bool:
    return one is not None and one.id == other.id
