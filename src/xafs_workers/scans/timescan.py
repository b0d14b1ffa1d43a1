"""Time scans: a signal against time, with no motor."""

from __future__ import annotations

from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.items import Control
from xafs_workers.scans.scan import Motors, ScanKind, scan_kinds


def motors(start: Control, rules: Rules) -> Motors:
    """Return nothing: a run that moves a motor is no time scan."""
    return Motors()


scan_kinds.register("timescan")(ScanKind(("timescan",), motors, piles_up=True))
