"""Alignment of a spinner: the picture of its summary."""

from __future__ import annotations

import pytest

from helpers.alignment_curves import SPINNER_RESULT
from helpers.figures import get_run_uid, make_run
from helpers.requested_pictures import SPINNER_PICTURE, request_last_picture
from xafs_workers.scans.picture_requests import NothingToDrawError, PictureRequest


def test_a_spinner_summary_is_saved_as_its_start_message_asks() -> None:
    found = request_last_picture(
        {"glancing_angle": "start", "filename": SPINNER_PICTURE}, SPINNER_RESULT, {"glancing_angle": "stop"}
    )
    assert found == PictureRequest(SPINNER_PICTURE, None)


def test_a_relative_spinner_name_uses_the_previous_run() -> None:
    first, second = make_run({"I0": [1.0]}), make_run({"I0": [1.0]})
    found = request_last_picture(
        first, second, {"glancing_angle": "start", "filename": "s"}, SPINNER_RESULT, {"glancing_angle": "stop"}
    )
    assert found is not None
    assert found.name == "snapshots/s"
    assert found.run is not None
    assert found.run.uid == get_run_uid(second)


def test_an_alignment_without_a_result_has_no_picture() -> None:
    with pytest.raises(NothingToDrawError):
        request_last_picture({"glancing_angle": "start", "filename": SPINNER_PICTURE}, {"glancing_angle": "stop"})
