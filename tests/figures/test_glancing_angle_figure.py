"""Alignment of a spinner: each result, and the summary of the latest ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.alignment_curves import LINEAR_RESULT, SPINNER_START, assert_shows_fit, make_spinner_result
from helpers.figures import (
    build_last_figure,
    fold_board,
    get_only_panel,
    get_run_uid,
    list_shown_figures,
    make_run,
)
from helpers.fits import apply_fits, compute_peak, compute_step
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.scans.analysis import analysis_rules
from xafs_workers.scans.board import Board
from xafs_workers.scans.fit_answers import build_analysis
from xafs_workers.scans.picture_requests import is_picture_due, requests_picture

PITCH_RESULT = make_spinner_result("pitch", "xafs_pitch", 0.1, fit=False)
FLUO_RESULT = make_spinner_result("fluo", "xafs_y", 1.3, fit=False)


@pytest.mark.parametrize(
    ("result", "title", "x_label", "y_label", "cross"),
    [
        (
            LINEAR_RESULT,
            "fit to y scan, spinner 3, center=1.2",
            "xafs_y (mm)",
            "inverted It/I0 and error function",
            0.2,
        ),
        (PITCH_RESULT, "pitch scan, spinner 3, center=0.1", "xafs_pitch (deg)", "It/I0", 0.4),
        (FLUO_RESULT, "y scan, spinner 3, center=1.3", "xafs_y (mm)", "If/I0", 0.4),
    ],
)
def test_each_spinner_result_is_drawn(
    result: dict[str, Any], title: str, x_label: str, y_label: str, cross: float
) -> None:
    figure = build_last_figure(SPINNER_START, result)
    panel = get_only_panel(figure)
    assert (figure.title, panel.x_label, panel.y_label) == (title, x_label, y_label)
    assert_shows_fit(panel, (result["center"], cross), fit="best_fit" in result)


def test_the_spinner_summary_shows_the_latest_results() -> None:
    first = make_spinner_result("linear", "xafs_y", 9.9)
    figure = build_last_figure(
        SPINNER_START, first, PITCH_RESULT, LINEAR_RESULT, FLUO_RESULT, {"glancing_angle": "end"}
    )
    assert figure.title == "alignment of spinner 3"
    assert [(panel.key, panel.column) for panel in figure.panels] == [("linear", 0), ("pitch", 1), ("fluo", 2)]
    assert [panel.title for panel in figure.panels] == ["center=1.2", "center=0.1", "center=1.3"]
    assert_shows_fit(figure.panels[0], (1.2, 0.2))
    assert_shows_fit(figure.panels[1], (0.1, 0.4), fit=False)
    assert_shows_fit(figure.panels[2], (1.3, 0.4), fit=False)


def test_auto_align_ends_with_the_summary_on_show() -> None:
    entries: list[Any] = [SPINNER_START]
    for result in (LINEAR_RESULT, PITCH_RESULT, LINEAR_RESULT, PITCH_RESULT):
        entries += [{"close": "last"}, {"linescan": "start", "motor": "xafs_y", "detector": "it"}]
        entries += [{"linescan": "stop"}, {"resting_state": True}, {"close": "last"}, result]
    entries += [{"close": "last"}, FLUO_RESULT, {"close": "last"}, {"glancing_angle": "stop"}]
    assert list_shown_figures(*entries) == [("glancing_angle", "alignment of spinner 3")]


X = np.linspace(-3.0, 3.0, 31)


def ask_fit(message: dict[str, Any], y: Any, motor: str) -> list[Any]:
    """Return a line scan, and the message that asks for its fit."""
    columns = {motor: X.tolist(), "I0": [1.0] * 31, "It": y.tolist(), **{f"Fe{n}": y.tolist() for n in range(1, 5)}}
    run = make_run(columns, motors=[motor])
    return [run, {**message, "motor_name": motor, "uid": get_run_uid(run), "spinner": 3}]


STEP = {"stepfit": True, "signal": "It"}
PEAK = {"peakfit": True, "signal": "It", "choice": "peak"}
FIRST, SECOND = ask_fit(STEP, compute_step(X, -0.5), "xafs_y"), ask_fit(STEP, compute_step(X, 0.5), "xafs_y")
PITCH = ask_fit(PEAK, compute_peak(X, 0.6), "xafs_pitch")
FLUO = ask_fit({**PEAK, "signal": "If"}, compute_peak(X, -0.4), "xafs_x")
PICTURE = "/proposals/2026-1/pass-1/snapshots/spinner3.png"


def fold_alignment(*entries: Any) -> Board:
    return apply_fits(fold_board({"glancing_angle": "start", "filename": PICTURE}, *entries))


@pytest.mark.slow
def test_fits_between_start_and_stop_fill_the_summary() -> None:
    board = fold_alignment(*FIRST, *PITCH, *SECOND, *FLUO, {"glancing_angle": "stop"})
    figure = build_figure(board, board.scans[0])
    assert (figure.title, [panel.key for panel in figure.panels]) == (
        "alignment of spinner 3",
        ["linear", "pitch", "fluo"],
    )
    assert [round(panel.marks[0].x, 3) for panel in figure.panels] == [0.5, 0.6, -0.4]
    assert [panel.title for panel in figure.panels] == ["center=0.50", "center=0.60", "center=-0.40"]
    assert [panel.y_label for panel in figure.panels] == ["It/I0 and error function", "It/I0", "If/I0"]
    assert board.scans[0].is_shown
    assert board.scans[0].figure_message is board.scans[0].end


@pytest.mark.slow
def test_the_uid_of_each_part_is_a_reply() -> None:
    board = fold_alignment(*SECOND, *PITCH, *FLUO)
    replies = [analysis_rules[scan.kind](board, scan) for scan in board.scans[1:]]
    uids = [reply.keys[0] for analysis in replies if analysis is not None for reply in analysis.replies[1:]]
    assert uids == ["BMM:ga:xy_uid", "BMM:ga:pitch_uid", "BMM:ga:fluo_uid"]
    assert [analysis.replies[1].text for analysis in replies if analysis is not None] == [
        get_run_uid(entries[0]) for entries in (SECOND, PITCH, FLUO)
    ]


def test_a_fit_outside_of_an_alignment_is_no_part_of_it() -> None:
    board = fold_board(*PITCH, {"glancing_angle": "start", "filename": PICTURE}, {"glancing_angle": "stop"}, *FLUO)
    figure = build_figure(board, next(scan for scan in board.scans if scan.kind == "glancing_angle"))
    assert all(not panel.traces for panel in figure.panels)
    found = [build_analysis(board, scan) for scan in board.scans if scan.kind == "peakfit"]
    assert [len(analysis.replies) for analysis in found if analysis is not None] == [1, 1]


def test_an_aborted_alignment_shows_what_it_has() -> None:
    board = fold_alignment(*PITCH, {"glancing_angle": "stop"})
    figure = build_figure(board, board.scans[0])
    assert [bool(panel.traces) for panel in figure.panels] == [False, True, False]
    control = board.scans[0].end
    assert control is not None
    assert requests_picture(control, board.scans[0], board)
    assert is_picture_due(control, board.scans[0], board, reduction_enabled=True)


def test_the_summary_waits_for_its_fits() -> None:
    entries = ({"glancing_angle": "start", "filename": PICTURE}, *SECOND, {"glancing_angle": "stop"})
    board = fold_board(*entries)
    control = board.scans[0].end
    assert control is not None
    assert not is_picture_due(control, board.scans[0], board, reduction_enabled=True)
    board = apply_fits(board)
    assert is_picture_due(control, board.scans[0], board, reduction_enabled=True)
