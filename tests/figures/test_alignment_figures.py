"""Alignments and the calibration: what the messages bring is what is shown, and each result replaces the one before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.examples import AXIS, CURVE, FIT, SIGNAL
from helpers.figures import build_last_figure, fold_board, get_only_panel, join_notes, list_shown_figures, make_run
from xafs_workers.figures.cubic import interpolate_cubic
from xafs_workers.figures.figure_builder import build_figure, build_shown_figures
from xafs_workers.figures.model import Figure, Panel
from xafs_workers.figures.mono_calibration import interpolate_edges

WHEEL = {"align_wheel": "start"}
SPINNER = {"glancing_angle": "start", "filename": "/p/2026-1/pass-1/snapshots/s.png"}


def slot(motor: str, center: float = 2.5, amplitude: float = -0.31) -> dict[str, Any]:
    return {"align_wheel": "find_slot", "motor": motor, **CURVE, "center": center, "amplitude": amplitude}


def aligned(action: str, motor: str, center: float, *, fit: bool = True, **more: Any) -> dict[str, Any]:
    curve = CURVE if fit else {"xaxis": AXIS, "data": SIGNAL}
    told = {"motor": motor, **curve, "center": center, "amplitude": 0.4, "spinner": 3, **more}
    return {"glancing_angle": action, **told}


LINEAR = aligned("linear", "xafs_y", 1.2, inverted="inverted ")
PITCH = aligned("pitch", "xafs_pitch", 0.1, fit=False)
FLUO = aligned("fluo", "xafs_y", 1.3, fit=False)


def check(panel: Panel, cross: tuple[float, float], *, fit: bool = True) -> None:
    assert [trace.key for trace in panel.traces] == (["data", "fit"] if fit else ["data"])
    for trace, values in zip(panel.traces, (SIGNAL, FIT), strict=False):
        assert trace.x.tolist() == AXIS
        assert trace.y.tolist() == values
    (mark,) = panel.marks
    assert (mark.x, mark.y) == cross


def test_a_slot_shows_points_fit_and_a_cross_at_its_centre() -> None:
    figure = build_last_figure(WHEEL, slot("xafs_y"))
    panel = get_only_panel(figure)
    assert figure.title == "fit to y scan, center=2.500"
    assert (panel.x_label, panel.y_label) == ("xafs_y (mm)", "It/I0 and error function")
    check(panel, (2.5, 0.31))


def test_the_summary_shows_both_scans_and_closes_no_other() -> None:
    line = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
    entries = [line, {"linescan": "stop"}, WHEEL, slot("xafs_y"), slot("xafs_x", 3.0)]
    assert list_shown_figures(*entries) == [
        ("linescan", "xafs_x alignment scan"),
        ("align_wheel", "fit to x scan, center=3.000"),
    ]
    board = fold_board(*entries, {"align_wheel": "end"})
    assert [figure.kind for figure in build_shown_figures(board)] == ["linescan", "align_wheel"]
    figure = build_shown_figures(board)[-1]
    assert figure.title == "Sample wheel alignment"
    assert [(panel.x_label, panel.y_label, panel.row) for panel in figure.panels] == [
        ("xafs_x (mm)", "It/I0", 0),
        ("xafs_y (mm)", "It/I0", 1),
    ]
    check(figure.panels[0], (3.0, 0.31))
    check(figure.panels[1], (2.5, 0.31))


def test_find_slot_ends_with_the_summary_on_show() -> None:
    """`close: all` comes just before the end; `close: last` before each result closes the line scan."""
    entries: list[Any] = [WHEEL]
    for motor in ("xafs_y", "xafs_x"):
        run = make_run({motor: [1.0], "I0": [1.0], "It": [1.0]}, f"rectanglescan It {motor} negated", [motor])
        entries += [{"linescan": "start", "motor": motor, "detector": "it"}, run, {"linescan": "stop"}]
        entries += [{"close": "last"}, slot(motor), {"resting_state": True}]
        assert [kind for kind, _ in list_shown_figures(*entries)] == ["align_wheel"]
    assert list_shown_figures(*entries, {"close": "all"}) == []
    assert list_shown_figures(*entries, {"close": "all"}, {"align_wheel": "stop"}) == [
        ("align_wheel", "Sample wheel alignment")
    ]


def test_each_result_has_its_own_figure() -> None:
    """L14: an id is never used again, so closing one result does not close the next."""
    ids = {
        build_last_figure(*entries).id for entries in ([WHEEL, slot("xafs_y")], [WHEEL, slot("xafs_y"), slot("xafs_x")])
    }
    assert len(ids) == 2
    assert list_shown_figures(WHEEL, slot("xafs_y"), {"close": "all"}) == []
    assert len(list_shown_figures(WHEEL, slot("xafs_y"), {"close": "all"}, slot("xafs_x"))) == 1


def test_a_search_without_a_result_shows_nothing() -> None:
    assert list_shown_figures(WHEEL) == []
    assert list_shown_figures(WHEEL, {"align_wheel": "stop"}) == []


def test_a_new_search_closes_the_previous_figure() -> None:
    assert list_shown_figures(WHEEL, slot("xafs_y"), WHEEL) == []


def test_a_direction_without_a_result_is_noted_as_missing() -> None:
    assert (
        join_notes(build_last_figure(WHEEL, slot("xafs_y"), {"align_wheel": "stop"}))
        == "no scan along x came to a result"
    )


@pytest.mark.parametrize(
    ("result", "title", "x_label", "y_label", "cross"),
    [
        (LINEAR, "fit to y scan, spinner 3, center=1.200", "xafs_y (mm)", "inverted It/I0 and error function", 0.2),
        (PITCH, "pitch scan, spinner 3, center=0.100", "xafs_pitch (deg)", "It/I0", 0.4),
        (FLUO, "y scan, spinner 3, center=1.300", "xafs_y (mm)", "If/I0", 0.4),
    ],
)
def test_each_spinner_result_is_drawn(
    result: dict[str, Any], title: str, x_label: str, y_label: str, cross: float
) -> None:
    figure = build_last_figure(SPINNER, result)
    panel = get_only_panel(figure)
    assert (figure.title, panel.x_label, panel.y_label) == (title, x_label, y_label)
    check(panel, (result["center"], cross), fit="best_fit" in result)


def test_the_spinner_summary_shows_the_latest_results() -> None:
    first = aligned("linear", "xafs_y", 9.9)
    figure = build_last_figure(SPINNER, first, PITCH, LINEAR, FLUO, {"glancing_angle": "end"})
    assert figure.title == "alignment of spinner 3"
    assert [(panel.key, panel.column) for panel in figure.panels] == [("linear", 0), ("pitch", 1), ("fluo", 2)]
    check(figure.panels[0], (1.2, 0.2))
    check(figure.panels[1], (0.1, 0.4), fit=False)
    check(figure.panels[2], (1.3, 0.4), fit=False)


def test_auto_align_ends_with_the_summary_on_show() -> None:
    entries: list[Any] = [SPINNER]
    for result in (LINEAR, PITCH, LINEAR, PITCH):
        entries += [{"close": "last"}, {"linescan": "start", "motor": "xafs_y", "detector": "it"}]
        entries += [{"linescan": "stop"}, {"resting_state": True}, {"close": "last"}, result]
    entries += [{"close": "last"}, FLUO, {"close": "last"}, {"glancing_angle": "stop"}]
    assert list_shown_figures(*entries) == [("glancing_angle", "alignment of spinner 3")]


def wafer(**more: Any) -> dict[str, Any]:
    return {"wafer": "edge", "motor": "xafs_x", **CURVE, "center": 3.4, "amplitude": 0.2, **more}


def test_the_wafer_edge_is_drawn() -> None:
    figure = build_last_figure(wafer())
    panel = get_only_panel(figure)
    assert figure.title == "Wafer edge: x scan, center=3.400"
    assert (panel.x_label, panel.y_label) == ("xafs_x (mm)", "It/I0 and error function")
    check(panel, (3.4, 0.1))
    assert len(list_shown_figures(wafer(), wafer(motor="xafs_y"))) == 1


def test_arrays_of_a_message_figure_are_built_once() -> None:
    """Every pull gives the same arrays, so a front end draws nothing twice; no window is opened by a handler."""
    for entries in ([WHEEL, slot("xafs_y")], [wafer()], [calibration(1e-5, 2e-4)]):
        board = fold_board(*entries)
        one, other = (build_figure(board, board.scans[0]) for _ in range(2))
        for a, b in zip(one.panels[0].traces, other.panels[0].traces, strict=True):
            assert a.x is b.x
            assert a.y is b.y


EE = [7112.0, 8979.0, 11919.0, 13035.0, 20000.0]
TT = [16.13, 12.71, 9.54, 8.72, 5.67]


def calibration(spacing_error: float | None, offset_error: float | None) -> dict[str, Any]:
    found = [energy + 0.3 for energy in EE]
    fitted = {"dspacing": [3.1359, spacing_error], "offset": [0.001, offset_error]}
    return {"mono_calibration": True, "found": found, "ee": EE, "tt": TT, "mono": "111", **fitted}


def test_the_calibration_curve_is_drawn() -> None:
    figure: Figure = build_last_figure(calibration(1e-5, 2e-4))
    panel = get_only_panel(figure)
    assert figure.title == "Si(111) calibration curve"
    assert (panel.x_label, panel.y_label) == ("energy (eV)", "angle (degrees)")
    curve, points = panel.traces
    assert [curve.label, points.label] == ["tabulated", "measured"]
    assert points.x.tolist() == [energy + 0.3 for energy in EE]
    assert points.y.tolist() == TT
    np.testing.assert_array_equal(curve.x, np.linspace(EE[0], EE[-1], 100))
    assert join_notes(figure) == "d-spacing = 3.13590000 ± 0.00001000 Å offset = 0.00100 ± 0.00020°"


def test_a_fit_without_errors_is_drawn_without_them() -> None:
    assert join_notes(build_last_figure(calibration(None, None))) == "d-spacing = 3.13590000 Å offset = 0.00100°"


def test_the_spline_equals_the_one_of_scipy() -> None:
    interpolate = pytest.importorskip("scipy.interpolate")
    rng = np.random.default_rng(3)
    for n in (2, 3, 4, 5, 12, 200):
        x = np.cumsum(rng.uniform(0.1, 2.0, n))
        y = rng.uniform(-1.0, 1.0, n)
        fine = np.linspace(x[0], x[-1], 301)
        expected = interpolate.CubicSpline(x, y, bc_type="not-a-knot")(fine)
        np.testing.assert_allclose(interpolate_cubic(x, y, fine), expected, rtol=1e-7, atol=1e-9)


def test_the_spline_reproduces_a_cubic_and_passes_its_points() -> None:
    x = np.array([0.0, 0.7, 1.1, 2.0, 3.5, 4.0])
    y = x**3 - 2.0 * x**2 + 0.5
    fine = np.linspace(0.0, 4.0, 101)
    np.testing.assert_allclose(interpolate_cubic(x, y, fine), fine**3 - 2.0 * fine**2 + 0.5, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(interpolate_cubic(x, y, x), y, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("energies", "angles"),
    [((), ()), ((1.0,), (2.0,)), ((1.0, float("nan")), (2.0, 3.0)), ((3.0, 1.0, 1.0), (1.0, 2.0, 5.0))],
)
def test_few_missing_or_repeated_edges_are_accepted(energies: tuple[float, ...], angles: tuple[float, ...]) -> None:
    x, y = interpolate_edges(energies, angles)
    assert len(x) == len(y)
    assert np.isfinite(y).all()
