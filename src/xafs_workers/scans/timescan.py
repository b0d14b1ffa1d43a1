"""Time scans: a signal against time, with no motor."""

from __future__ import annotations

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.scan import Motors, ScanKind, scan_kinds


def find_motors(start: ReceivedMessage, rules: BoardConfig) -> Motors:
    """Return nothing: a run that moves a motor is no time scan."""
    return Motors()


scan_kinds.register("timescan")(ScanKind(("timescan",), find_motors, keeps_previous=True))
