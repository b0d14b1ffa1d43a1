"""Line and time scans: every detector gives a plot of its formula, or says why not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.figures import build_last_figure, fold_board, get_only_panel, join_notes, list_shown_figures, make_run
from helpers.streams import EntryStamper, fold
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Figure

X = [1.0, 2.0, 3.0, 4.0]
RAW: dict[str, list[float]] = {
    "xafs_x": X,
    "I0": [10.0, 11.0, 12.0, 0.0],
    "It": [5.0, 0.0, -1.0, 3.0],
    "Ir": [2.0, 2.5, 3.0, 1.0],
    "Iy": [0.1, 0.2, 0.3, 0.4],
    "Ita": [1.0, 2.0, 3.0, 4.0],
    "Itb": [4.0, 3.0, 2.0, 1.0],
    "I0a": [5.0, 6.0, 7.0, 8.0],
    "I0b": [5.0, 5.0, 5.0, 5.0],
    "specular": [9.0, 8.0, 7.0, 6.0],
    "diffuse": [1.0, 1.0, 2.0, 2.0],
    "Bicron": [100.0, 200.0, 300.0, 400.0],
    **{f"Fe{n}": [n * 1.0, n * 2.0, n * 3.0, n * 4.0] for n in range(1, 9)},
}
GAP = float("nan")


def over_i0(*keys: str) -> list[float]:
    sums = [sum(values) for values in zip(*(RAW[key] for key in keys), strict=True)]
    return [s / i0 if i0 else GAP for s, i0 in zip(sums, RAW["I0"], strict=True)]


FOUR, SEVEN = [f"Fe{n}" for n in range(1, 5)], [f"Fe{n}" for n in range(1, 8)]


def line(detector: str, *, fluo: str | None = None, columns: dict[str, Any] = RAW, **more: Any) -> Figure:
    options = {"separate_channels": more.pop("separate_channels", False)}
    start = {"linescan": "start", "motor": "xafs_x", "detector": detector, "fluo_detector": fluo, **more}
    return build_last_figure(start, make_run(columns, f"linescan {detector} xafs_x", ["xafs_x"]), **options)


@pytest.mark.parametrize(
    ("detector", "fluo", "label", "expected"),
    [
        ("it", None, "It/I0", [over_i0("It")]),
        ("Trans", None, "It/I0", [over_i0("It")]),
        ("I0", None, "I0 (nA·s)", [RAW["I0"]]),
        ("Ir", None, "Ir (nA·s)", [RAW["Ir"]]),
        ("Iy", None, "Iy/I0", [over_i0("Iy")]),
        ("Yield", None, "Iy/I0", [over_i0("Iy")]),
        ("Test", None, "I0 (nA·s)", [RAW["I0"]]),
        ("Ic0", None, "I0a and I0b (nA·s)", [RAW["I0a"], RAW["I0b"]]),
        ("Ic1", None, "Ita/I0 and Itb/I0", [over_i0("Ita"), over_i0("Itb")]),
        ("Pilatus", None, "intensity (counts)", [RAW["specular"], RAW["diffuse"]]),
        ("Eiger", None, "intensity (counts)", [RAW["specular"], RAW["diffuse"]]),
        ("Bicron", None, "Bicron", [RAW["Bicron"]]),
        ("Both", "4-element SDD", "fluorescence / I0", [over_i0(*FOUR)]),
        ("Xs4", "4-element SDD", "fluorescence / I0", [over_i0(*FOUR)]),
        ("Xs7", "7-element SDD", "fluorescence / I0", [over_i0(*SEVEN)]),
        ("Dante", "Dante", "fluorescence / I0", [over_i0(*SEVEN)]),
        ("Xs", "1-element SDD", "fluorescence / I0", [over_i0("Fe8")]),
        ("Xs1", "7-element SDD", "fluorescence / I0", [over_i0("Fe8")]),
    ],
)
def test_every_detector_of_the_plans_gives_its_curve(
    detector: str, fluo: str | None, label: str, expected: list[list[float]]
) -> None:
    """L3: the 1-element detector too; L4: `Xs1` is channel 8 whatever the message calls the detector."""
    panel = get_only_panel(line(detector, fluo=fluo))
    assert panel.y_label == label
    assert [trace.x.tolist() for trace in panel.traces] == [X] * len(expected)
    np.testing.assert_array_equal([trace.y for trace in panel.traces], expected)


def test_a_detector_missing_in_the_run_is_named() -> None:
    assert join_notes(line("Bicron", columns={"xafs_x": X, "I0": X})) == "no Bicron in this run"


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
    figure = line("Xs", fluo="4-element SDD", stack=True, separate_channels=True)
    top, bottom = figure.panels
    assert (top.y_label, bottom.y_label) == ("fluorescence (4-element SDD)", "transmission")
    assert [trace.label for trace in top.traces] == FOUR
    np.testing.assert_array_equal([trace.y for trace in top.traces], [over_i0(key) for key in FOUR])
    np.testing.assert_array_equal(bottom.traces[0].y, over_i0("It"))
    assert (figure.width, figure.height) == (6.5, 9.5)


XAFS = {"xafsscan": "start", "element": "Fe", "edge": "K", "filename": "f", "repetitions": 2}


COLUMNS = {"dcm_energy": X, "dwti_dwell_time": [1.0] * 4, **{k: v for k, v in RAW.items() if k != "xafs_x"}}


def sequence(mode: str, **options: Any) -> Figure:
    repetitions = [
        ({"xafsscan": "next", "count": n}, make_run(COLUMNS, f"xafs {mode}", start={"BMM_kafka": {"count": n}}))
        for n in (1, 2)
    ]
    entries = [entry for pair in repetitions for entry in pair]
    return build_last_figure({**XAFS, "mode": mode, "fluo_detector": "4-element SDD"}, *entries, **options)


@pytest.mark.parametrize("mode", ["fluorescence", "yield", "pilatus", "eiger", "dante", "test", "transmission"])
def test_each_panel_has_a_line_for_each_repetition(mode: str) -> None:
    for panel in sequence(mode).panels:
        if panel.key == "chi":
            continue
        assert [trace.label for trace in panel.traces] == ["scan 1", "scan 2"], panel.key


def test_channels_of_the_latest_repetition_are_shown_on_request() -> None:
    plain, asked = sequence("fluorescence"), sequence("fluorescence", separate_channels=True)
    assert [p.key for p in plain.panels] == [p.key for p in asked.panels]
    panel = asked.get_panel("fluorescence")
    assert [trace.label for trace in panel.traces] == FOUR
    assert panel.title == "scan 2: each channel"
    assert asked.get_panel("transmission").traces[0].label == "scan 1"


def test_a_time_scan_starts_at_the_time_of_its_first_point() -> None:
    figure = build_last_figure(
        {"timescan": "start", "detector": "it"}, make_run({"I0": RAW["I0"], "It": RAW["It"]}, "timescan It")
    )
    panel = get_only_panel(figure)
    assert (figure.title, panel.x_label) == ("time scan", "time (seconds)")
    assert panel.traces[0].x.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_a_line_scan_without_a_motor_is_drawn_against_time() -> None:
    start = {"linescan": "start", "detector": "it"}
    assert list_shown_figures(start) == [("linescan", "time scan")]


def test_an_unchanged_repetition_returns_the_same_trace() -> None:
    """So that a point of the twentieth costs no more than one of the first."""
    teller, first, second = EntryStamper(), make_run(COLUMNS), make_run(COLUMNS)
    start = [("bmm", {**XAFS, "mode": "fluorescence"}), ("bmm", {"xafsscan": "next", "count": 1}), *first]
    board = fold(teller.stamp(start))
    before = build_figure(board, board.scans[-1])
    board = fold(teller.stamp([("bmm", {"xafsscan": "next", "count": 2}), *second[:-4]]), board)
    later = build_figure(board, board.scans[-1])
    board = fold(teller.stamp(second[-4:]), board)
    last = build_figure(board, board.scans[-1])
    for key in ("transmission", "fluorescence", "I0", "reference"):
        assert before.get_panel(key).traces[0] is later.get_panel(key).traces[0] is last.get_panel(key).traces[0]
        assert [len(figure.get_panel(key).traces[1].x) for figure in (later, last)] == [2, 4]


def test_an_aborted_repetition_without_points_has_a_note() -> None:
    teller, run = EntryStamper(), make_run(COLUMNS)
    run[-1] = ("stop", {**run[-1][1], "exit_status": "abort"})
    start = [("bmm", {**XAFS, "mode": "transmission"}), ("bmm", {"xafsscan": "next", "count": 1}), *run[:-1]]
    board = fold(teller.stamp(start))
    assert build_figure(board, board.scans[-1]).get_panel("transmission").traces[0].label == "scan 1"
    board = fold(teller.stamp(run[-1:]), board)
    assert build_figure(board, board.scans[-1]).get_panel("transmission").traces[0].label == "scan 1 (aborted)"
