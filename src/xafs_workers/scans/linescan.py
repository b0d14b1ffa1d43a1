"""Kind of line scans: along one motor, or against time if the message names no motor."""

from __future__ import annotations

from xafs_workers.messages.linescan import LinescanStart, LinescanStop
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.picture_requests import (
    PictureRule,
    build_scan_picture,
    picture_rules,
    request_with_name,
)
from xafs_workers.scans.scan import Motors, ScanKind, scan_kinds


def find_motors(start: ReceivedMessage, config: BoardConfig) -> Motors:
    """Return the scanned motor; no motor for a scan against time."""
    motor = start.get_message(LinescanStart).motor
    return Motors(frozenset({motor} if motor else ()))


scan_kinds.register("linescan")(
    ScanKind(
        ("linescan", "rectanglescan"),
        find_motors,
        "line",
        keeps_previous=True,
        ended_by_resting_state=True,
        closed_by_line=True,
        clickable_axes=("x",),
        fits_follow=True,
    )
)
picture_rules.register("linescan")(PictureRule(request_with_name(LinescanStop), build_scan_picture("snapshots")))
