"""Kind of time scans: a signal against time, without a motor."""

from __future__ import annotations

from xafs_workers.messages.timescan import TimescanStop
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.picture_requests import (
    PictureRule,
    build_scan_picture,
    picture_rules,
    post_always,
    request_with_name,
)
from xafs_workers.scans.scan import Motors, ScanKind, scan_kinds


def find_motors(start: ReceivedMessage, config: BoardConfig) -> Motors:
    """Return no motor: a run that moves one is not a time scan."""
    return Motors()


scan_kinds.register("timescan")(
    ScanKind(
        ("timescan",),
        find_motors,
        "time",
        keeps_previous=True,
        ended_by_resting_state=True,
        closed_by_line=True,
        reported_by_dossier=True,
    )
)
picture_rules.register("timescan")(
    PictureRule(request_with_name(TimescanStop), build_scan_picture("snapshots"), is_posted=post_always)
)
