"""Action that reports what draws the pictures."""

from __future__ import annotations

from importlib.metadata import version

from xafs_workers.logs import get_logger
from xafs_workers.plots.actions.registry import immediate_actions
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage

log = get_logger("headless")

BACKEND = "Agg"
"""Backend of matplotlib that draws every picture (`render/matplotlib/pictures.py`); it needs no display."""


@immediate_actions.register("backend")
def report_backend(control: ReceivedMessage, board: Board) -> Outcome:
    """Report the version of matplotlib and the backend, in the log and in the answer."""
    drawn_by = f"matplotlib {version('matplotlib')}, backend {BACKEND}"
    log.info("backend_reported", drawn_by=drawn_by)
    return Outcome("done", reason=drawn_by)
