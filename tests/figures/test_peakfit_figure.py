"""Figures of fits: data, fitted curve and result; or the reason and the estimate, marked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from helpers.covered_points import list_covered_points
from helpers.figures import fold_board, get_only_panel, join_notes
from helpers.fits import add_noise, compute_peak, compute_slot, compute_step, fold_fit
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Figure, Text

X = np.linspace(-3.0, 3.0, 31)


def build(message: dict[str, Any], y: Any, motor: str = "xafs_x") -> Figure:
    board = fold_fit(message, X, y, motor=motor)
    return build_figure(board, board.scans[-1])


def test_a_peak_has_its_points_and_a_cross_at_the_answer() -> None:
    y = compute_peak(X, 0.7)
    figure = build({"peakfit": True, "signal": "I0", "choice": "peak", "spinner": 3}, y, motor="xafs_pitch")
    panel = get_only_panel(figure)
    assert figure.title == "xafs_pitch scan, spinner 3, center=0.60"
    assert (panel.x_label, panel.y_label) == ("xafs_pitch (deg)", "I0")
    assert (panel.marks[0].x, panel.marks[0].y) == (X[np.argmax(y)], y.max())
    np.testing.assert_array_equal(panel.traces[0].y, y)
    assert [trace.key for trace in panel.traces] == ["data"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("message", "y", "title", "y_label", "height"),
    [
        (
            {"rectanglefit": True, "signal": "It"},
            compute_slot(X, 0.3),
            "fit to xafs_x scan, center=0.30",
            "It/I0 and error function rectangle",
            1.0,
        ),
        (
            {"stepfit": True, "signal": "It", "spinner": 2},
            1.0 - compute_step(X, 0.3),
            "fit to xafs_x scan, spinner 2, center=0.30",
            "inverted It/I0 and error function",
            0.5,
        ),
        ({"peakfit": True, "signal": "It", "choice": "fit"}, compute_peak(X, 0.3), None, "It/I0", 1.0),
    ],
)
def test_a_fit_has_its_curve_and_a_cross(message: Any, y: Any, title: str | None, y_label: str, height: float) -> None:
    figure = build(message, y)
    panel = get_only_panel(figure)
    data, fit = panel.traces
    assert title is None or figure.title == title
    assert panel.y_label == y_label
    assert panel.marks[-1].y == pytest.approx(height, abs=0.02)
    np.testing.assert_allclose(fit.y, data.y, atol=0.01)
    assert panel.texts == ()


@pytest.mark.parametrize("choice", ["peak", "com"])
def test_a_scan_without_a_result_shows_the_reason(choice: str) -> None:
    figure = build({"peakfit": True, "signal": "It", "choice": choice}, add_noise(np.ones(31), 0.1))
    panel = get_only_panel(figure)
    assert panel.marks == ()
    assert len(panel.traces[0].x) == 31
    assert "times the noise" in panel.title
    assert "estimate, not used: maximum at" in panel.title
    assert "center" not in figure.title


def test_a_run_that_is_awaited_is_announced() -> None:
    message = {"peakfit": True, "signal": "It", "choice": "peak", "uid": "f" * 36, "motor_name": "xafs_x"}
    board = fold_board(message, settled=False)
    assert join_notes(build_figure(board, board.scans[-1])) == "waiting for the run"


def test_a_fit_that_is_awaited_is_announced() -> None:
    from helpers.figures import get_run_uid, make_run

    run = make_run({"xafs_x": X.tolist(), "I0": [1.0] * 31, "It": compute_step(X, 0.0).tolist()})
    message = {"stepfit": True, "signal": "It", "uid": get_run_uid(run), "motor_name": "xafs_x"}
    figure = build_figure(board := fold_board(run, message, settled=False), board.scans[-1])
    panel = get_only_panel(figure)
    assert (panel.title, panel.texts) == ("waiting for the fit", ())
    assert len(panel.traces) == 1
    assert list_covered_points(figure) == []
    note = replace(panel, title="", texts=(Text("note", "waiting for the fit"),))
    assert list_covered_points(replace(figure, panels=(note,)))  # it would lie over the points in the axes
