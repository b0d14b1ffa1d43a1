"""Kind of the log file: messages open and close it, so the open one is known again after a restart."""

from __future__ import annotations

from xafs_workers.messages.logger import LoggerStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import ScanKind, scan_kinds

KIND = "logger"

scan_kinds.register(KIND)(
    ScanKind(add_actions=frozenset(), end_actions=frozenset({"clear"}), keeps_previous=True, has_figure=False)
)


def find_log_folder(board: Board) -> str:
    """Find the folder of the open log file, '' if none was started or the last one has expired."""
    started = (scan for scan in reversed(board.scans) if scan.kind == KIND)
    scan = next((scan for scan in started if not scan.has_ended and not board.is_expired(scan)), None)
    return "" if scan is None else scan.start.get_message(LoggerStart).folder
