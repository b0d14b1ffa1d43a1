"""Views of figures: an earlier scan in grey, logarithmic axes, derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.figures import fold_board, get_only_panel, make_run
from helpers.fits import compute_peak
from helpers.streams import Entry
from xafs_workers.figures.model import Figure, Panel, Trace
from xafs_workers.figures.overlays import NOTHING_COMMON, NOTHING_EARLIER
from xafs_workers.figures.transformed_traces import NOTHING_POSITIVE, use_log_axes
from xafs_workers.figures.view_options import PREVIOUS, ViewOptions
from xafs_workers.figures.views import build_view
from xafs_workers.scans.board import Board

X = np.linspace(-3.0, 3.0, 31)
FIRST, SECOND = compute_peak(X, -0.4), compute_peak(X, 0.4)
STOP = {"linescan": "stop"}


def start(motor: str = "xafs_x", detector: str = "it") -> dict[str, Any]:
    return {"linescan": "start", "motor": motor, "detector": detector}


def make_scan(y: Any, motor: str = "xafs_x", number: int = 1) -> list[Entry]:
    columns = {motor: list(X), "I0": [1.0] * len(X), "It": list(y)}
    return make_run(columns, motors=[motor], start={"scan_id": number})


def view_last(board: Board, **options: Any) -> Panel:
    return get_only_panel(build_view(board, board.scans[-1], ViewOptions(has_statistics=False, **options)))


def test_the_previous_scan_is_grey_below_the_curve() -> None:
    board = fold_board(start(), make_scan(FIRST, number=7), STOP, start(), make_scan(SECOND, number=8))
    panel = view_last(board, overlay=PREVIOUS)
    before, now = panel.traces
    assert (before.is_faded, now.is_faded) == (True, False)
    assert before.label.startswith("#7, ")
    assert panel.legend == "full"
    np.testing.assert_array_equal(before.y, FIRST)
    np.testing.assert_array_equal(now.y, SECOND)


def test_scans_of_other_motors_are_passed_over() -> None:
    other = [start("xafs_y"), make_scan(SECOND, "xafs_y", 8), STOP]
    board = fold_board(start(), make_scan(FIRST, number=7), STOP, *other, start(), make_scan(SECOND, number=9))
    assert view_last(board, overlay=PREVIOUS).traces[0].label.startswith("#7, ")


def test_a_scan_without_an_earlier_one_says_so() -> None:
    panel = view_last(fold_board(start(), make_scan(FIRST)), overlay=PREVIOUS)
    assert (panel.title, len(panel.traces)) == (NOTHING_EARLIER, 1)


def test_another_signal_is_not_compared() -> None:
    board = fold_board(start(detector="i0"), make_scan(FIRST), STOP, start(), make_scan(SECOND))
    panel = view_last(board, overlay=PREVIOUS)
    assert (panel.title, len(panel.traces)) == (NOTHING_COMMON, 1)


def test_a_chosen_scan_is_shown() -> None:
    board = fold_board(start(), make_scan(FIRST, number=7), STOP, start(), make_scan(SECOND), STOP, start())
    chosen = board.scans[0]
    figure = build_view(board, board.scans[-2], ViewOptions(overlay=chosen.figure_id), (board, chosen))
    assert get_only_panel(figure).traces[0].label.startswith("#7, ")


def test_of_many_repetitions_the_newest_is_compared() -> None:
    xafs = {
        "xafsscan": "start",
        "element": "Fe",
        "edge": "K",
        "mode": "transmission",
        "filename": "f",
        "repetitions": 9,
    }
    columns = {"dcm_energy": list(7000.0 + X), "I0": [3.0] * 31, "It": [1.0] * 31, "Ir": [1.0] * 31}

    def measure(*counts: int) -> list[Any]:
        runs = ((count, make_run(columns, "xafs", ["dcm_energy"])) for count in counts)
        return [entry for count, run in runs for entry in ({"xafsscan": "next", "count": count}, run)]

    board = fold_board(xafs, *measure(*range(1, 10)), {"xafsscan": "stop"}, xafs, *measure(1))
    panel = build_view(board, board.scans[-1], ViewOptions(overlay=PREVIOUS)).get_panel("transmission")
    assert [trace.is_faded for trace in panel.traces] == [True, False]


@pytest.mark.parametrize("kind", ["log", "derivative"])
def test_the_overlay_is_transformed_too(kind: str) -> None:
    board = fold_board(start(), make_scan(FIRST), STOP, start(), make_scan(SECOND))
    before, now = view_last(board, overlay=PREVIOUS, **{f"is_{kind}": True}).traces
    np.testing.assert_allclose(before.y, -now.y[::-1] if kind == "derivative" else now.y[::-1], atol=1e-12)


def test_a_logarithmic_axis_has_gaps_at_and_below_zero() -> None:
    y = SECOND - 0.1
    panel = view_last(fold_board(start(), make_scan(y)), is_log=True)
    assert panel.y_scale == "log"
    np.testing.assert_array_equal(panel.traces[0].y, np.where(y > 0, y, np.nan))


def test_a_signal_below_zero_stays_linear_and_says_why() -> None:
    panel = view_last(fold_board(start(), make_scan(-SECOND)), is_log=True)
    assert (panel.y_scale, panel.title) == ("linear", NOTHING_POSITIVE)


def test_chi_which_has_both_signs_stays_linear() -> None:
    panels = (Panel("chi", traces=(Trace("a", X, SECOND),), x_name="k"), Panel("mu", traces=(Trace("a", X, SECOND),)))
    shown = use_log_axes(Figure("f", "xafsscan", "", panels))
    assert [panel.y_scale for panel in shown.panels] == ["linear", "log"]


def test_a_derivative_is_that_of_numpy() -> None:
    panel = view_last(fold_board(start(), make_scan(SECOND)), is_derivative=True)
    np.testing.assert_array_equal(panel.traces[0].y, np.gradient(SECOND, X))
    assert panel.y_label == "derivative of It/I0 per xafs_x"


def test_the_statistics_are_those_of_the_derivative() -> None:
    board = fold_board(start(), make_scan(np.arctan((X - 0.5) * 4.0)))
    panel = get_only_panel(build_view(board, board.scans[0], ViewOptions(is_derivative=True)))
    assert panel.title.startswith("peak 0.")


def test_the_derivative_of_a_peak_has_two_extremes_and_no_width() -> None:
    board = fold_board(start(), make_scan(np.exp(-(((X - 0.5) / 0.15) ** 2))))
    panel = get_only_panel(build_view(board, board.scans[0], ViewOptions(is_derivative=True)))
    y = panel.traces[0].y
    assert {(mark.x, mark.y) for mark in panel.marks} == {(X[y.argmax()], y.max()), (X[y.argmin()], y.min())}
    assert panel.title.startswith("maximum 0.")
    assert "minimum 0." in panel.title
    assert "FWHM" not in panel.title


def test_equal_positions_have_no_derivative() -> None:
    x = [0.0, 1.0, 1.0, 1.0, 2.0]
    run = make_run({"xafs_x": x, "I0": [1.0] * 5, "It": x}, motors=["xafs_x"])
    panel = view_last(fold_board(start(), run), is_derivative=True)
    assert np.isnan(panel.traces[0].y[2])


def test_an_unchanged_curve_keeps_its_array() -> None:
    """A renderer draws again what has another array."""
    board = fold_board(start(), make_scan(SECOND))
    for option in ("is_log", "is_derivative"):
        assert view_last(board, **{option: True}).traces[0].y is view_last(board, **{option: True}).traces[0].y
