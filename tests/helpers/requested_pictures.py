"""The picture that a message asks for."""

from __future__ import annotations

from typing import Any

from helpers.figures import find_last_message, fold_board
from xafs_workers.scans.picture_requests import PictureRequest, build_picture_request, requests_picture

SPINNER_PICTURE = "/nsls2/data3/bmm/proposals/2025-2/pass-316886/snapshots/spinner3.png"


def request_last_picture(*entries: Any) -> PictureRequest | None:
    """Return what the last message asks for."""
    board = fold_board(*entries)
    control, scan = find_last_message(board)
    return build_picture_request(control, scan, board) if requests_picture(control, scan, board) else None
