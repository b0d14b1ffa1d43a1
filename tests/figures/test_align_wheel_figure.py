"""Alignment of the sample wheel: each result replaces the one before, the summary shows both scans."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.alignment_curves import WHEEL_START, assert_shows_fit, make_slot_result
from helpers.figures import (
    build_last_figure,
    build_shown_figures,
    fold_board,
    get_only_panel,
    get_run_uid,
    join_notes,
    list_shown_figures,
    make_run,
)
from helpers.fits import apply_fits, compute_slot
from xafs_workers.figures.figure_builder import build_figure


def test_a_slot_shows_points_fit_and_a_cross_at_its_centre() -> None:
    figure = build_last_figure(WHEEL_START, make_slot_result("xafs_y"))
    panel = get_only_panel(figure)
    assert figure.title == "fit to y scan, center=2.5"
    assert (panel.x_label, panel.y_label) == ("xafs_y (mm)", "It/I0 and error function")
    assert_shows_fit(panel, (2.5, 0.31))


def test_the_summary_shows_both_scans_and_closes_no_other() -> None:
    line = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
    entries = [line, {"linescan": "stop"}, WHEEL_START, make_slot_result("xafs_y"), make_slot_result("xafs_x", 3.0)]
    assert list_shown_figures(*entries) == [
        ("linescan", "xafs_x alignment scan"),
        ("align_wheel", "fit to x scan, center=3.0"),
    ]
    board = fold_board(*entries, {"align_wheel": "end"})
    assert [figure.kind for figure in build_shown_figures(board)] == ["linescan", "align_wheel"]
    figure = build_shown_figures(board)[-1]
    assert figure.title == "Sample wheel alignment"
    assert [(panel.x_label, panel.y_label, panel.row) for panel in figure.panels] == [
        ("xafs_x (mm)", "It/I0", 0),
        ("xafs_y (mm)", "It/I0", 1),
    ]
    assert [panel.title for panel in figure.panels] == ["center=3.0", "center=2.5"]
    assert_shows_fit(figure.panels[0], (3.0, 0.31))
    assert_shows_fit(figure.panels[1], (2.5, 0.31))


def test_find_slot_ends_with_the_summary_on_show() -> None:
    """`close: all` comes just before the end; `close: last` before each result closes the line scan."""
    entries: list[Any] = [WHEEL_START]
    for motor in ("xafs_y", "xafs_x"):
        run = make_run({motor: [1.0], "I0": [1.0], "It": [1.0]}, f"rectanglescan It {motor} negated", [motor])
        entries += [{"linescan": "start", "motor": motor, "detector": "it"}, run, {"linescan": "stop"}]
        entries += [{"close": "last"}, make_slot_result(motor), {"resting_state": True}]
        assert [kind for kind, _ in list_shown_figures(*entries)] == ["align_wheel"]
    assert list_shown_figures(*entries, {"close": "all"}) == []
    assert list_shown_figures(*entries, {"close": "all"}, {"align_wheel": "stop"}) == [
        ("align_wheel", "Sample wheel alignment")
    ]


def test_each_result_has_its_own_figure() -> None:
    """An id is never used again, so closing one result does not close the next."""
    ids = {
        build_last_figure(*entries).id
        for entries in (
            [WHEEL_START, make_slot_result("xafs_y")],
            [WHEEL_START, make_slot_result("xafs_y"), make_slot_result("xafs_x")],
        )
    }
    assert len(ids) == 2
    assert list_shown_figures(WHEEL_START, make_slot_result("xafs_y"), {"close": "all"}) == []
    assert (
        len(list_shown_figures(WHEEL_START, make_slot_result("xafs_y"), {"close": "all"}, make_slot_result("xafs_x")))
        == 1
    )


def test_a_search_without_a_result_shows_nothing() -> None:
    assert list_shown_figures(WHEEL_START) == []
    assert list_shown_figures(WHEEL_START, {"align_wheel": "stop"}) == []


def test_a_new_search_closes_the_previous_figure() -> None:
    assert list_shown_figures(WHEEL_START, make_slot_result("xafs_y"), WHEEL_START) == []


def test_a_direction_without_a_result_is_noted_as_missing() -> None:
    assert (
        join_notes(build_last_figure(WHEEL_START, make_slot_result("xafs_y"), {"align_wheel": "stop"}))
        == "no scan along x came to a result"
    )


@pytest.mark.slow
def test_fits_between_start_and_stop_fill_the_summary() -> None:
    x = np.linspace(-3.0, 3.0, 31)
    entries: list[Any] = [{"align_wheel": "start"}]
    for motor, center in (("xafs_y", 0.2), ("xafs_linx", -0.3)):
        run = make_run({motor: x.tolist(), "I0": [1.0] * 31, "It": compute_slot(x, center).tolist()}, motors=[motor])
        asked = {"rectanglefit": True, "signal": "It", "motor_name": motor, "uid": get_run_uid(run)}
        entries += [run, {"close": "all"}, asked]
    board = apply_fits(fold_board(*entries, {"close": "all"}, {"align_wheel": "stop"}))
    figure = build_figure(board, board.scans[0])
    assert [(panel.key, panel.row, round(panel.marks[0].x, 3)) for panel in figure.panels] == [
        ("x", 0, -0.3),
        ("y", 1, 0.2),
    ]
    assert [figure.id for figure in build_shown_figures(board)] == [board.scans[0].figure_id]
