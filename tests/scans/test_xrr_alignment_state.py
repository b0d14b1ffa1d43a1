"""Alignments of the goniometer: statistics of a peak, the text for plans, and peaks that have no width."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

from helpers.covered_points import list_covered_points
from helpers.figures import build_last_figure, fold_board, get_run_uid, make_run
from helpers.fits import add_noise, get_analysis
from helpers.requested_pictures import request_last_picture
from xafs_workers.scans.analysis import Analysis
from xafs_workers.scans.board import Board
from xafs_workers.scans.peak_statistics import compute_peak_statistics

KEY = "BMM:xrd:peak_stats"
NAMES = {"com", "fwhm", "fwhm_center", "peak", "peakpos"}
X = np.linspace(-1.0, 1.0, 201)
CENTER, SIGMA, DWELL = 0.12, 0.1, 2.0
PEAK = 5_000.0 * np.exp(-(((X - CENTER) / SIGMA) ** 2) / 2.0)
FWHM = 2.0 * np.sqrt(2.0 * np.log(2.0)) * SIGMA


def fold_alignment(y: Any, x: Any = X, *, columns: dict[str, Any] | None = None, **fields: Any) -> Board:
    shown = {"eta": list(x), "dir": list(y), "dwti_dwell_time": [DWELL] * len(x), **(columns or {})}
    run = make_run({key: value for key, value in shown.items() if value is not None}, motors=["eta"])
    message = {"xrr_alignment": True, "motor": "eta", "detector": "mythen", "delta": 1.0, **fields}
    return fold_board(run, {"uid": get_run_uid(run), **message}, settled=False)


def analyse(y: Any, x: Any = X, **more: Any) -> Analysis:
    return get_analysis(fold_alignment(y, x, **more))


def read_reply(analysis: Analysis) -> dict[str, Any]:
    (reply,) = analysis.replies
    assert reply.keys == (KEY,)
    assert "np." not in reply.text
    found = ast.literal_eval(reply.text)
    assert set(found) == NAMES
    assert found == dict(analysis.value)
    return found


@pytest.mark.parametrize("direction", [1, -1])
def test_statistics_equal_those_of_an_analytic_peak(direction: int) -> None:
    found = read_reply(analyse(PEAK[::direction], X[::direction]))
    assert found["peak"] == pytest.approx(PEAK.max() / DWELL, rel=1e-12)
    assert found["peakpos"] == X[np.argmax(PEAK)]
    assert found["com"] == pytest.approx(CENTER, abs=1e-9)
    assert found["fwhm"] == pytest.approx(FWHM, rel=1e-3)
    assert found["fwhm_center"] == pytest.approx(CENTER, abs=1e-4)
    assert all(type(value) is float for value in found.values())


def test_the_centre_of_mass_is_at_a_fractional_index() -> None:
    x, y = np.array([0.0, 1.0, 3.0, 6.0, 10.0, 15.0]), np.array([0.0, 4.0, 9.0, 3.0, 1.0, 0.0])
    index = (np.arange(6) * y).sum() / y.sum()
    assert compute_peak_statistics(x, y).com == np.interp(index, np.arange(6), x)


def test_a_peak_below_zero_has_no_width() -> None:
    found = compute_peak_statistics(X, PEAK - 10_000.0)
    assert (found.fwhm, found.fwhm_center) == (None, None)
    assert found.peakpos == X[np.argmax(PEAK)]


def test_noise_has_its_reason_above_the_data_and_no_marks() -> None:
    panel = build_figure(fold_alignment(add_noise(np.ones(201), 0.1))).get_panel("peak")
    assert panel.title.startswith("no result: no peak: ")
    assert (panel.marks, panel.lines, panel.texts) == ((), (), ())
    assert panel.traces[0].key == "data"


@pytest.mark.parametrize(("first", "last"), [(0, 113), (111, 201)])
def test_a_peak_of_which_one_side_was_scanned_has_no_width(first: int, last: int) -> None:
    board = fold_alignment(PEAK[first:last], X[first:last])
    found = read_reply(get_analysis(board))
    assert (found["fwhm"], found["fwhm_center"]) == (None, None)
    assert found["peakpos"] == X[np.argmax(PEAK)]
    figure = build_figure(board)
    assert figure.get_panel("peak").title == "no width: the scan shows one side of the peak"
    assert list_covered_points(figure) == []


def build_figure(board: Board) -> Any:
    from xafs_workers.figures.figure_builder import build_figure as build

    return build(board, board.scans[-1])


def test_the_largest_value_may_be_next_to_an_end() -> None:
    y = PEAK.copy()
    y[-2] = 6_000.0
    found = compute_peak_statistics(X, y)
    assert found.peakpos == X[-2]
    assert found.fwhm == pytest.approx(X[1] - X[0], rel=0.3)


def test_a_second_maximum_does_not_widen_the_first() -> None:
    other = 3_500.0 * np.exp(-(((X + 0.6) / SIGMA) ** 2) / 2.0)
    found = read_reply(analyse(PEAK + other))
    assert found["fwhm"] == pytest.approx(FWHM, rel=1e-3)
    assert found["fwhm_center"] == pytest.approx(CENTER, abs=1e-4)


@pytest.mark.parametrize("y", [add_noise(np.zeros(201), 1.0), np.full(201, 7.0), 6_000.0 - PEAK])
def test_a_scan_without_a_peak_moves_no_motor(y: np.ndarray) -> None:
    analysis = analyse(y)
    assert analysis.replies == ()
    assert "no peak" in analysis.problem
    assert set(analysis.value) == {"estimates"}


@pytest.mark.parametrize(
    ("detector", "delta", "key"),
    [
        ("mythen", False, "mca_full"),
        ("mythen", None, "mca_full"),
        ("mythen", 0.0, "dir"),
        ("mca_full", 1.0, "mca_full"),
        ("ic0", False, "I0"),
        ("bicron", False, "monitor"),
        ("refl", False, "refl"),
    ],
)
def test_each_detector_has_its_column(detector: str, delta: Any, key: str) -> None:
    analysis = analyse(np.zeros(201), columns={key: PEAK.tolist()}, detector=detector, delta=delta)
    assert read_reply(analysis)["peak"] == PEAK.max() / DWELL


def test_a_run_without_dwell_time_is_not_divided() -> None:
    assert read_reply(analyse(PEAK, columns={"dwti_dwell_time": None}))["peak"] == PEAK.max()


def test_a_missing_column_is_the_reason() -> None:
    analysis = analyse(PEAK, columns={"dir": None})
    assert (analysis.replies, analysis.problem) == ((), "no dir in this run")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"angle": 0.5}, "snapshots/film-a_eta_0.5.png"),
        ({"angle": "2nd"}, "snapshots/film-a_eta_2nd.png"),
        ({}, "snapshots/film-a.png"),
        ({"folder": "pictures"}, "pictures/film-a.png"),
    ],
)
def test_the_picture_is_where_the_reports_look_for_it(fields: dict[str, Any], name: str) -> None:
    run = make_run({"eta": X.tolist(), "dir": PEAK.tolist()}, motors=["eta"])
    message = {"xrr_alignment": True, "uid": get_run_uid(run), "motor": "eta", "detector": "dir", "stub": "film-a"}
    wanted = request_last_picture(run, {**message, **fields})
    assert wanted is not None
    assert wanted.name == name


def test_the_figure_shows_peak_width_and_reflected_region() -> None:
    columns = {"eta": X.tolist(), "dir": PEAK.tolist(), "refl": (0.5 * PEAK).tolist()}
    run = make_run(columns, motors=["eta"])
    figure = build_last_figure(
        run,
        {"xrr_alignment": True, "uid": get_run_uid(run), "motor": "eta", "detector": "dir", "with_refl": True,
         "angle": 0.5},
    )  # fmt: skip
    panel = figure.get_panel("peak")
    traces = {trace.key: trace for trace in panel.traces}
    assert set(traces) == {"data", "reflected", "fwhm"}
    assert np.ptp(traces["fwhm"].x) == pytest.approx(FWHM, rel=1e-3)
    assert (panel.marks[0].x, panel.marks[0].y) == (X[np.argmax(PEAK)], PEAK.max())
    assert panel.lines[0].x == pytest.approx(CENTER, abs=1e-9)
    assert figure.title == "eta scan, 0.5: peak = 0.120, com = 0.120, center = 0.120, fwhm = 0.236"
