"""Pictures of time scans."""

from __future__ import annotations

from pathlib import Path

from helpers.figures import get_run_uid, make_run
from helpers.published_pictures import HOME, draw_picture, list_files
from xafs_workers.plots.picture_publisher import PicturePublisher
from xafs_workers.runtime.outcome import Outcome


def test_a_picture_without_points_is_not_saved(shelf: PicturePublisher, root: Path) -> None:
    """A time scan that was stopped before its first point has no picture."""
    run = make_run({"I0": []}, "timescan I0", start=HOME)
    stop = {"timescan": "stop", "fname": "sead.png", "uid": get_run_uid(run)}
    assert draw_picture(shelf, {"timescan": "start", "detector": "i0"}, run, stop) == Outcome("failed", (), "no points")
    assert list_files(root) == []
