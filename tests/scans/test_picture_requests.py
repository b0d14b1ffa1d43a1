"""Which messages ask for a picture, how it is named, and whose it is."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.examples import AREASCAN, CURVE
from helpers.figures import a_run, board_of, uid_of
from xafs_workers.scans.items import Control
from xafs_workers.scans.picture_requests import NoFolder, NothingToDraw, Wanted, asks_for_picture, picture_wanted

LINEAR = {"glancing_angle": "linear", "motor": "xafs_y", **CURVE, "center": 1.2, "amplitude": 0.4, "spinner": 3}
SPINNER = "/nsls2/data3/bmm/proposals/2025-2/pass-316886/snapshots/spinner3.png"


def wanted(*entries: Any) -> Wanted | None:
    """Return what the last message asks for."""
    board = board_of(*entries)
    control: Control = max(board.messages, key=lambda control: control.origin)
    scan = board.told_by(control)
    assert scan is not None
    return picture_wanted(control, scan, board) if asks_for_picture(control.message, scan) else None


def area(**stop: Any) -> Wanted | None:
    run = a_run({"I0": [1.0]}, None, ["xafs_y", "xafs_x"])
    return wanted({**AREASCAN}, run, {"areascan": "stop", **stop})


@pytest.mark.parametrize(
    ("filename", "name"),
    [("mymap.png", "maps/mymap.png"), ("mymap", "maps/mymap"), ("/p/2025-2/pass-1/maps/a", "/p/2025-2/pass-1/maps/a")],
)
def test_a_map_goes_to_maps(filename: str, name: str) -> None:
    found = area(filename=filename)
    assert found is not None
    assert found.name == name
    assert found.run is not None


@pytest.mark.parametrize("stop", [{}, {"filename": None}, {"filename": ""}])
def test_a_map_without_a_name_is_not_saved(stop: dict[str, Any]) -> None:
    assert area(**stop) is None


def test_a_spectrum_goes_to_the_folder_of_its_run() -> None:
    run = a_run({"I0": [1.0]})
    found = wanted(run, a_run({"I0": [1.0]}), {"xrf": "plot", "uid": uid_of(run), "filename": "x.png"})
    assert found is not None
    assert found.name == "XRF/x.png"
    assert found.run is not None
    assert found.run.uid == uid_of(run)


def test_a_spectrum_of_an_unknown_run_has_no_folder() -> None:
    """The proposal of another run is not taken: a picture in a foreign folder is worse than none."""
    with pytest.raises(NoFolder, match="run gone is not known"):
        wanted(a_run({"I0": [1.0]}), {"xrf": "plot", "uid": "gone", "filename": "x.png"})


@pytest.mark.parametrize("message", [{"xrf": "plot", "uid": "u"}, {"xrfat": "start", "uid": "u", "energy": [-1]}])
def test_spectra_without_a_name_are_not_saved(message: dict[str, Any]) -> None:
    assert wanted(message) is None


def test_the_summary_of_a_spinner_goes_where_its_start_said() -> None:
    found = wanted({"glancing_angle": "start", "filename": SPINNER}, LINEAR, {"glancing_angle": "stop"})
    assert found == Wanted(SPINNER, None)


def test_a_relative_name_of_a_spinner_belongs_to_the_run_before() -> None:
    first, second = a_run({"I0": [1.0]}), a_run({"I0": [1.0]})
    found = wanted(first, second, {"glancing_angle": "start", "filename": "s"}, LINEAR, {"glancing_angle": "stop"})
    assert found is not None
    assert found.name == "snapshots/s"
    assert found.run is not None
    assert found.run.uid == uid_of(second)


def test_an_alignment_without_a_result_has_nothing_to_draw() -> None:
    with pytest.raises(NothingToDraw):
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
def test_what_is_never_saved(entries: list[dict[str, Any]]) -> None:
    assert wanted(*entries) is None


@pytest.mark.parametrize("kind", ["linescan", "timescan"])
def test_line_and_time_scans_go_to_snapshots(kind: str) -> None:
    """SEAD's picture is its time scan's."""
    run = a_run({"I0": [1.0]})
    found = wanted({kind: "start", "detector": "i0"}, run, {kind: "stop", "fname": "cu_sead.png", "uid": uid_of(run)})
    assert found is not None
    assert found.name == "snapshots/cu_sead.png"
