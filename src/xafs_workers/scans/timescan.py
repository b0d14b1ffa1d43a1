"""Kind of time scans: a signal against time, without a motor."""

from __future__ import annotations

from xafs_workers.messages.timescan import TimescanStop
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.picture_requests import (
    PictureRequest,
    PictureRule,
    build_in_folder,
    find_scan_run,
    picture_rules,
    post_always,
    request_with_name,
)
from xafs_workers.scans.scan import Motors, Scan, ScanKind, scan_kinds


def find_motors(start: ReceivedMessage, config: BoardConfig) -> Motors:
    """Return no motor: a run that moves one is not a time scan."""
    return Motors()


def build_picture(control: ReceivedMessage, scan: Scan, board: Board) -> PictureRequest:
    """Build the request for the picture of the scan, in `snapshots/`."""
    stop = control.get_message(TimescanStop)
    return build_in_folder("snapshots", stop, find_scan_run(stop.uid, scan, board))


scan_kinds.register("timescan")(
    ScanKind(
        ("timescan",),
        find_motors,
        keeps_previous=True,
        ended_by_resting_state=True,
        closed_by_line=True,
        reported_by_dossier=True,
    )
)
picture_rules.register("timescan")(PictureRule(request_with_name(TimescanStop), build_picture, is_posted=post_always))
