"""Line scans: every detector gives a plot of its formula, or a note with the reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.detector_columns import DETECTOR_COLUMNS, FOUR_CHANNELS, SEVEN_CHANNELS, X, divide_by_i0
from helpers.figures import build_last_figure, fold_board, get_only_panel, join_notes, list_shown_figures, make_run
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Figure


def build_line_figure(
    detector: str, *, fluo: str | None = None, columns: dict[str, Any] = DETECTOR_COLUMNS, **more: Any
) -> Figure:
    options = {"separate_channels": more.pop("separate_channels", False)}
    start = {"linescan": "start", "motor": "xafs_x", "detector": detector, "fluo_detector": fluo, **more}
    return build_last_figure(start, make_run(columns, f"linescan {detector} xafs_x", ["xafs_x"]), **options)


@pytest.mark.parametrize(
    ("detector", "fluo", "label", "expected"),
    [
        ("it", None, "It/I0", [divide_by_i0("It")]),
        ("Trans", None, "It/I0", [divide_by_i0("It")]),
        ("I0", None, "I0 (nA·s)", [DETECTOR_COLUMNS["I0"]]),
        ("Ir", None, "Ir (nA·s)", [DETECTOR_COLUMNS["Ir"]]),
        ("Iy", None, "Iy/I0", [divide_by_i0("Iy")]),
        ("Yield", None, "Iy/I0", [divide_by_i0("Iy")]),
        ("Test", None, "I0 (nA·s)", [DETECTOR_COLUMNS["I0"]]),
        ("Ic0", None, "I0a and I0b (nA·s)", [DETECTOR_COLUMNS["I0a"], DETECTOR_COLUMNS["I0b"]]),
        ("Ic1", None, "Ita/I0 and Itb/I0", [divide_by_i0("Ita"), divide_by_i0("Itb")]),
        ("Pilatus", None, "intensity (counts)", [DETECTOR_COLUMNS["specular"], DETECTOR_COLUMNS["diffuse"]]),
        ("Eiger", None, "intensity (counts)", [DETECTOR_COLUMNS["specular"], DETECTOR_COLUMNS["diffuse"]]),
        ("Bicron", None, "monitor (counts)", [DETECTOR_COLUMNS["Bicron"]]),
        ("Pips", "pips", "Pips/I0", [divide_by_i0("Pips")]),
        ("Diode", None, "Diode/I0", [divide_by_i0("Diode")]),
        ("Both", "4-element SDD", "fluorescence / I0", [divide_by_i0(*FOUR_CHANNELS)]),
        ("Xs4", "4-element SDD", "fluorescence / I0", [divide_by_i0(*FOUR_CHANNELS)]),
        ("Xs7", "7-element SDD", "fluorescence / I0", [divide_by_i0(*SEVEN_CHANNELS)]),
        ("Dante", "Dante", "fluorescence / I0", [divide_by_i0(*SEVEN_CHANNELS)]),
        ("Xs", "1-element SDD", "fluorescence / I0", [divide_by_i0("Fe8")]),
        ("Xs1", "7-element SDD", "fluorescence / I0", [divide_by_i0("Fe8")]),
    ],
)
def test_every_detector_of_the_plans_gives_its_curve(
    detector: str, fluo: str | None, label: str, expected: list[list[float]]
) -> None:
    """Also the 1-element detector; `Xs1` is channel 8 whatever the message calls the detector."""
    panel = get_only_panel(build_line_figure(detector, fluo=fluo))
    assert panel.y_label == label
    assert [trace.x.tolist() for trace in panel.traces] == [X] * len(expected)
    np.testing.assert_array_equal([trace.y for trace in panel.traces], expected)


def test_a_scan_without_points_says_so() -> None:
    assert join_notes(build_line_figure("It", columns={"xafs_x": [], "I0": [], "It": []})) == "no points"


def test_split_chambers_of_which_a_run_has_none_are_i0() -> None:
    panel = get_only_panel(build_line_figure("Ic0", columns={"xafs_x": X, "I0": X}))
    assert (panel.y_label, panel.traces[0].y.tolist()) == ("I0 (nA·s)", X)


STRIPS = {"xafs_x": X, "dwti_dwell_time": [0.5] * 4, "dir": [10.0, 20.0, 30.0, 40.0], "refl": [1.0, 2.0, 3.0, 4.0]}
DIRECT, REFLECTED = [20.0, 40.0, 60.0, 80.0], [2.0, 4.0, 6.0, 8.0]


@pytest.mark.parametrize(
    ("detector", "more", "labels", "expected"),
    [
        ("Mythen", {}, ["direct", "reflected"], [DIRECT, REFLECTED]),
        ("Dir", {}, [""], [DIRECT]),
        ("Refl", {}, [""], [REFLECTED]),
        ("Dir", {"add_refl": True}, ["direct", "reflected"], [DIRECT, REFLECTED]),
        ("Refl", {"add_refl": True}, [""], [REFLECTED]),
    ],
)
def test_regions_of_the_strip_detector_are_count_rates(
    detector: str, more: dict[str, Any], labels: list[str], expected: list[list[float]]
) -> None:
    panel = get_only_panel(build_line_figure(detector, columns=STRIPS, **more))
    assert "count rate (1/s)" in panel.y_label
    assert [trace.label for trace in panel.traces] == labels
    assert [trace.y.tolist() for trace in panel.traces] == expected


def test_an_older_strip_detector_has_its_raw_counts() -> None:
    panel = get_only_panel(build_line_figure("Mythen", columns={"xafs_x": X, "mca_full": X}))
    assert (panel.y_label, panel.traces[0].y.tolist()) == ("mca_full (counts)", X)


def test_regions_of_the_eiger_are_read_under_both_names() -> None:
    panel = get_only_panel(build_line_figure("Eiger", columns=STRIPS))
    assert {trace.label: trace.y.tolist() for trace in panel.traces} == {
        "specular": STRIPS["refl"],
        "diffuse": STRIPS["dir"],
    }


@pytest.mark.parametrize(
    "detector", ["Pips", "Eiger", "Mythen", "Mca_full", "Dir", "Refl", "Bicron", "Diode", "Ic1", "If"]
)
def test_a_detector_missing_in_the_run_is_one_note(detector: str) -> None:
    figure = build_line_figure(detector, columns={"xafs_x": X, "I0": X}, stack=False, add_refl=True)
    (text,) = get_only_panel(figure).texts
    assert "no " in text.text


def test_a_missing_motor_is_one_note() -> None:
    (text,) = get_only_panel(build_line_figure("It", columns={"I0": X, "It": X})).texts
    assert text.text == "no xafs_x in this run"


@pytest.mark.parametrize("column", ["dcm_roll", "dcm_x", "wheel1"])
def test_the_baseline_of_either_end_station_is_not_drawn(column: str) -> None:
    run = make_run({"xafs_x": X, "I0": X}, "linescan I0 xafs_x", ["xafs_x"])
    place = next(n for n, (name, _) in enumerate(run) if name == "descriptor")
    uid = run[0][1]["uid"]
    keys = {key: {"dtype": "number", "shape": [], "source": "x"} for key in (column, "xafs_x", "I0")}
    baseline = {"uid": "base", "run_start": uid, "name": "baseline", "data_keys": keys, "time": 1.0}
    data = {column: 1.0, "xafs_x": 99.0, "I0": 99.0}
    event = {"uid": "e", "descriptor": "base", "seq_num": 1, "time": 1.0, "data": data, "timestamps": data}
    run[place:place] = [("descriptor", baseline), ("event", event)]
    panel = get_only_panel(build_last_figure({"linescan": "start", "motor": "xafs_x", "detector": "I0"}, run))
    assert panel.traces[0].x.tolist() == X


def test_a_stacked_diode_is_above_transmission() -> None:
    top, bottom = build_line_figure("Pips", fluo="pips", stack=True).panels
    assert (top.y_label, bottom.y_label) == ("fluorescence (PIPS)", "transmission")
    np.testing.assert_array_equal(top.traces[0].y, divide_by_i0("Pips"))
    np.testing.assert_array_equal(bottom.traces[0].y, divide_by_i0("It"))


def test_close_hides_only_the_named_figures() -> None:
    start = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
    board = fold_board(start, {"linescan": "stop"}, start, {"close": "last"})
    first, second = board.scans
    assert build_figure(board, first).id != build_figure(board, second).id
    assert (first.is_shown, second.is_shown) == (True, False)


def test_charges_and_motors_have_units() -> None:
    run = make_run({"xafs_x": X, "I0": X}, "linescan I0 xafs_x", ["xafs_x"])
    for name, body in run:
        if name == "descriptor" and body["name"] == "primary":
            body["data_keys"] = {
                key: {**about, **({"units": "mm"} if key == "xafs_x" else {})}
                for key, about in body["data_keys"].items()
            }
    panel = get_only_panel(build_last_figure({"linescan": "start", "motor": "xafs_x", "detector": "I0"}, run))
    assert (panel.x_label, panel.y_label) == ("xafs_x (mm)", "I0 (nA·s)")


def test_a_stacked_scan_shows_each_channel() -> None:
    """A view that shows each channel has a line for each, whatever the mode."""
    figure = build_line_figure("Xs", fluo="4-element SDD", stack=True, separate_channels=True)
    top, bottom = figure.panels
    assert (top.y_label, bottom.y_label) == ("fluorescence (4-element SDD)", "transmission")
    assert [trace.label for trace in top.traces] == FOUR_CHANNELS
    np.testing.assert_array_equal([trace.y for trace in top.traces], [divide_by_i0(key) for key in FOUR_CHANNELS])
    np.testing.assert_array_equal(bottom.traces[0].y, divide_by_i0("It"))
    assert (figure.width, figure.height) == (6.5, 9.5)


def test_a_line_scan_without_a_motor_is_drawn_against_time() -> None:
    start = {"linescan": "start", "detector": "it"}
    assert list_shown_figures(start) == [("linescan", "time scan")]


def test_the_axis_names_the_motor() -> None:
    figure = build_last_figure({"linescan": "start", "motor": "dcm_roll", "detector": "it"})
    assert get_only_panel(figure).x_name == "dcm_roll"
