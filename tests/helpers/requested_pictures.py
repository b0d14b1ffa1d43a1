"""The picture that a message asks for."""

from __future__ import annotations

from typing import Any

from helpers.examples import CURVE
from helpers.figures import fold_board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.picture_requests import PictureRequest, build_picture_request, requests_picture

LINEAR_RESULT = {"glancing_angle": "linear", "motor": "xafs_y", **CURVE, "center": 1.2, "amplitude": 0.4, "spinner": 3}
SPINNER_PICTURE = "/nsls2/data3/bmm/proposals/2025-2/pass-316886/snapshots/spinner3.png"


def request_last_picture(*entries: Any) -> PictureRequest | None:
    """Return what the last message asks for."""
    board = fold_board(*entries)
    control: ReceivedMessage = max(board.messages, key=lambda control: control.position)
    scan = board.find_scan(control)
    assert scan is not None
    return build_picture_request(control, scan, board) if requests_picture(control, scan, board) else None
