"""Which messages ask for a picture, and the picture's name and folder."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.alignment_curves import SPINNER_RESULT, make_wafer_result
from helpers.figures import get_run_uid, make_run
from helpers.requested_pictures import SPINNER_PICTURE, request_last_picture


@pytest.mark.parametrize("message", [{"xrf": "plot", "uid": "u"}, {"xrfat": "start", "uid": "u", "energy": [-1]}])
def test_spectra_without_a_name_are_not_saved(message: dict[str, Any]) -> None:
    assert request_last_picture(message) is None


@pytest.mark.parametrize(
    "entries",
    [
        [{"glancing_angle": "start"}, SPINNER_RESULT, {"glancing_angle": "stop"}],
        [{"glancing_angle": "start", "filename": SPINNER_PICTURE}, SPINNER_RESULT],
        [{"align_wheel": "start"}, {"align_wheel": "stop"}],
        [make_wafer_result()],
    ],
)
def test_some_kinds_are_never_saved(entries: list[dict[str, Any]]) -> None:
    assert request_last_picture(*entries) is None


@pytest.mark.parametrize("kind", ["linescan", "timescan"])
def test_line_and_time_scans_are_saved_in_snapshots(kind: str) -> None:
    """SEAD's picture is its time scan's."""
    run = make_run({"I0": [1.0]})
    found = request_last_picture(
        {kind: "start", "detector": "i0"}, run, {kind: "stop", "fname": "cu_sead.png", "uid": get_run_uid(run)}
    )
    assert found is not None
    assert found.name == "snapshots/cu_sead.png"
