"""Area scans: the picture of a map."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.examples import AREASCAN
from helpers.figures import make_run
from helpers.requested_pictures import request_last_picture
from xafs_workers.scans.picture_requests import PictureRequest


def request_map_picture(**stop: Any) -> PictureRequest | None:
    run = make_run({"I0": [1.0, 2.0]}, None, ["xafs_y", "xafs_x"])
    return request_last_picture({**AREASCAN}, run, {"areascan": "stop", **stop})


@pytest.mark.parametrize(
    ("filename", "name"),
    [("mymap.png", "maps/mymap.png"), ("mymap", "maps/mymap"), ("/p/2025-2/pass-1/maps/a", "/p/2025-2/pass-1/maps/a")],
)
def test_a_map_is_saved_in_the_maps_folder(filename: str, name: str) -> None:
    found = request_map_picture(filename=filename)
    assert found is not None
    assert found.name == name
    assert found.run is not None


@pytest.mark.parametrize("stop", [{}, {"filename": None}, {"filename": ""}])
def test_a_map_without_a_name_is_not_saved(stop: dict[str, Any]) -> None:
    assert request_map_picture(**stop) is None
