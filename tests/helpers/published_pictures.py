"""Pictures that are drawn for a last message into a proposal folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers.examples import AREASCAN
from helpers.figures import find_last_message, fold_board
from xafs_workers.plots.picture_publisher import PicturePublisher
from xafs_workers.runtime.outcome import Outcome

HOME = {"data_session": "pass-1", "cycle": "2026-1"}
PNG = b"\x89PNG"
GRID = {**AREASCAN, "slow_steps": 2, "fast_steps": 2, "detector": "It"}
COLUMNS = {"I0": [1.0] * 4, "It": [1.0, 2.0, 3.0, 4.0]}


def draw_picture(shelf: PicturePublisher, *entries: Any) -> Outcome:
    """Draw what the last message asks for."""
    board = fold_board(*entries)
    return shelf.draw(*find_last_message(board), board)


def list_files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
