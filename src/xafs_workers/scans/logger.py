"""Which folder's log file lines are written to: told by messages, and known again after a restart."""

from __future__ import annotations

from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import ScanKind, scan_kinds

KIND = "logger"

scan_kinds.register(KIND)(
    ScanKind(add_actions=frozenset(), end_actions=frozenset({"clear"}), keeps_previous=True, has_figure=False)
)


def find_log_folder(board: Board) -> str:
    """Return the folder of the log file that is open, '' while none is: none was started, or a day ago."""
    started = (scan for scan in reversed(board.scans) if scan.kind == KIND)
    scan = next((scan for scan in started if not scan.has_ended and not board.is_expired(scan)), None)
    return "" if scan is None else str(getattr(scan.start.message, "folder", ""))
