"""Pictures of maps: their folder and name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers.figures import get_run_uid, make_run
from helpers.published_pictures import COLUMNS, GRID, HOME, PNG, draw_picture, list_files
from xafs_workers.plots.picture_publisher import PicturePublisher
from xafs_workers.runtime.outcome import Outcome


def make_map(filename: str) -> list[Any]:
    run = make_run(COLUMNS, "areascan It xafs_y xafs_x True False 7200", ["xafs_y", "xafs_x"], start=HOME)
    return [GRID, run, {"areascan": "stop", "filename": filename, "uid": get_run_uid(run)}]


def test_a_map_is_saved_in_maps_with_suffix_png(shelf: PicturePublisher, root: Path) -> None:
    outcome = draw_picture(shelf, *make_map("mymap"))
    assert outcome == Outcome("done", (f"{root}/2026-1/pass-1/maps/mymap.png",))
    assert list_files(root) == ["2026-1/pass-1/maps/mymap.png"]
    assert (root / "2026-1/pass-1/maps/mymap.png").read_bytes().startswith(PNG)


@pytest.mark.slow
def test_an_absolute_map_name_must_be_in_its_proposal_folder(shelf: PicturePublisher, root: Path) -> None:
    (root / "2026-1/pass-2").mkdir()
    assert draw_picture(shelf, *make_map(f"{root}/2026-1/pass-1/maps/a.png")).state == "done"
    assert draw_picture(shelf, *make_map(f"{root}/2026-1/pass-2/maps/a.png")).state == "failed"
    assert draw_picture(shelf, *make_map("../../pass-2/a.png")).state == "failed"
    assert list_files(root) == ["2026-1/pass-1/maps/a.png"]
