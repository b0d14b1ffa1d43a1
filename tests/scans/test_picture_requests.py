"""Which messages ask for a picture, how it is named, and whose it is."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.examples import AREASCAN, CURVE
from helpers.figures import fold_board, get_run_uid, make_run
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.picture_requests import (
    NoFolderError,
    NothingToDrawError,
    PictureRequest,
    build_picture_request,
    requests_picture,
)

LINEAR = {"glancing_angle": "linear", "motor": "xafs_y", **CURVE, "center": 1.2, "amplitude": 0.4, "spinner": 3}
SPINNER = "/nsls2/data3/bmm/proposals/2025-2/pass-316886/snapshots/spinner3.png"


def wanted(*entries: Any) -> PictureRequest | None:
    """Return what the last message asks for."""
    board = fold_board(*entries)
    control: ReceivedMessage = max(board.messages, key=lambda control: control.position)
    scan = board.find_scan(control)
    assert scan is not None
    return build_picture_request(control, scan, board) if requests_picture(control, scan, board) else None


def area(**stop: Any) -> PictureRequest | None:
    run = make_run({"I0": [1.0]}, None, ["xafs_y", "xafs_x"])
    return wanted({**AREASCAN}, run, {"areascan": "stop", **stop})


@pytest.mark.parametrize(
    ("filename", "name"),
    [("mymap.png", "maps/mymap.png"), ("mymap", "maps/mymap"), ("/p/2025-2/pass-1/maps/a", "/p/2025-2/pass-1/maps/a")],
)
def test_a_map_is_saved_in_the_maps_folder(filename: str, name: str) -> None:
    found = area(filename=filename)
    assert found is not None
    assert found.name == name
    assert found.run is not None


@pytest.mark.parametrize("stop", [{}, {"filename": None}, {"filename": ""}])
def test_a_map_without_a_name_is_not_saved(stop: dict[str, Any]) -> None:
    assert area(**stop) is None


def test_a_spectrum_is_saved_in_the_folder_of_its_run() -> None:
    run = make_run({"I0": [1.0]})
    found = wanted(run, make_run({"I0": [1.0]}), {"xrf": "plot", "uid": get_run_uid(run), "filename": "x.png"})
    assert found is not None
    assert found.name == "XRF/x.png"
    assert found.run is not None
    assert found.run.uid == get_run_uid(run)


def test_a_spectrum_of_an_unknown_run_has_no_folder() -> None:
    """The proposal of another run is not taken: a picture in a foreign folder is worse than none."""
    with pytest.raises(NoFolderError, match="run gone: unknown run"):
        wanted(make_run({"I0": [1.0]}), {"xrf": "plot", "uid": "gone", "filename": "x.png"})


@pytest.mark.parametrize("message", [{"xrf": "plot", "uid": "u"}, {"xrfat": "start", "uid": "u", "energy": [-1]}])
def test_spectra_without_a_name_are_not_saved(message: dict[str, Any]) -> None:
    assert wanted(message) is None


def test_a_spinner_summary_is_saved_as_its_start_message_asks() -> None:
    found = wanted({"glancing_angle": "start", "filename": SPINNER}, LINEAR, {"glancing_angle": "stop"})
    assert found == PictureRequest(SPINNER, None)


def test_a_relative_spinner_name_uses_the_previous_run() -> None:
    first, second = make_run({"I0": [1.0]}), make_run({"I0": [1.0]})
    found = wanted(first, second, {"glancing_angle": "start", "filename": "s"}, LINEAR, {"glancing_angle": "stop"})
    assert found is not None
    assert found.name == "snapshots/s"
    assert found.run is not None
    assert found.run.uid == get_run_uid(second)


def test_an_alignment_without_a_result_has_no_picture() -> None:
    with pytest.raises(NothingToDrawError):
        wanted({"glancing_angle": "start", "filename": SPINNER}, {"glancing_angle": "stop"})


@pytest.mark.parametrize(
    "entries",
    [
        [{"glancing_angle": "start"}, LINEAR, {"glancing_angle": "stop"}],
        [{"glancing_angle": "start", "filename": SPINNER}, LINEAR],
        [{"align_wheel": "start"}, {"align_wheel": "stop"}],
        [{"wafer": "edge", "motor": "xafs_x", **CURVE, "center": 3.4, "amplitude": 0.2}],
    ],
)
def test_some_kinds_are_never_saved(entries: list[dict[str, Any]]) -> None:
    assert wanted(*entries) is None


@pytest.mark.parametrize("kind", ["linescan", "timescan"])
def test_line_and_time_scans_are_saved_in_snapshots(kind: str) -> None:
    """SEAD's picture is its time scan's."""
    run = make_run({"I0": [1.0]})
    found = wanted(
        {kind: "start", "detector": "i0"}, run, {kind: "stop", "fname": "cu_sead.png", "uid": get_run_uid(run)}
    )
    assert found is not None
    assert found.name == "snapshots/cu_sead.png"
