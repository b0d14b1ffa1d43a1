"""Kind of line scans: along one motor, or against time if the message names no motor."""

from __future__ import annotations

from xafs_workers.messages.linescan import LinescanStart, LinescanStop
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.picture_requests import (
    PictureRequest,
    PictureRule,
    build_in_folder,
    find_scan_run,
    picture_rules,
    request_with_name,
)
from xafs_workers.scans.scan import Motors, Scan, ScanKind, scan_kinds


def find_motors(start: ReceivedMessage, config: BoardConfig) -> Motors:
    """Return the scanned motor; no motor for a scan against time."""
    motor = start.get_message(LinescanStart).motor
    return Motors(frozenset({motor} if motor else ()))


def build_picture(control: ReceivedMessage, scan: Scan, board: Board) -> PictureRequest:
    """Build the request for the picture of the scan, in `snapshots/`."""
    stop = control.get_message(LinescanStop)
    return build_in_folder("snapshots", stop, find_scan_run(stop.uid, scan, board))


scan_kinds.register("linescan")(
    ScanKind(
        ("linescan", "rectanglescan"),
        find_motors,
        keeps_previous=True,
        ended_by_resting_state=True,
        closed_by_line=True,
        clickable_axes=("x",),
    )
)
picture_rules.register("linescan")(PictureRule(request_with_name(LinescanStop), build_picture))
