"""Pictures that are drawn for a last message into a proposal folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers.examples import AREASCAN, CURVE
from helpers.figures import fold_board
from xafs_workers.plots.picture_publisher import PicturePublisher
from xafs_workers.runtime.outcome import Outcome

HOME = {"data_session": "pass-1", "cycle": "2026-1"}
PNG = b"\x89PNG"
GRID = {**AREASCAN, "slow_steps": 2, "fast_steps": 2, "detector": "It"}
COLUMNS = {"I0": [1.0] * 4, "It": [1.0, 2.0, 3.0, 4.0]}
LINEAR_RESULT = {"glancing_angle": "linear", "motor": "xafs_y", **CURVE, "center": 1.2, "amplitude": 0.4, "spinner": 3}


def draw_picture(shelf: PicturePublisher, *entries: Any) -> Outcome:
    """Draw what the last message asks for."""
    board = fold_board(*entries)
    control = max(board.messages, key=lambda control: control.position)
    scan = board.find_scan(control)
    assert scan is not None
    return shelf.draw(control, scan, board)


def list_files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
