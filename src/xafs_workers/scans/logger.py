"""Which folder's log file lines are written to: told by messages, and known again after a restart."""

from __future__ import annotations

from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import ScanKind, scan_kinds

KIND = "logger"

scan_kinds.register(KIND)(ScanKind(adds=frozenset(), ends=frozenset({"clear"}), piles_up=True, seen=False))


def logging_to(board: Board) -> str:
    """Return the folder of the log file that is open, '' while none is: none was started, or a day ago."""
    started = (scan for scan in reversed(board.scans) if scan.kind == KIND)
    scan = next((scan for scan in started if not scan.ended and not board.released(scan)), None)
    return "" if scan is None else str(getattr(scan.start.message, "folder", ""))
