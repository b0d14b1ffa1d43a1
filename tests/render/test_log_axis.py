"""Logarithmic axes of both renderers: limits, ticks, gaps, and values that no such axis can show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bokeh.models import LinearScale, LogScale
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure as Drawn

from xafs_workers.figures.model import Figure, Mark, Panel, Text, Trace
from xafs_workers.render.bokeh.drawing import Drawing
from xafs_workers.render.bokeh.style import Style
from xafs_workers.render.matplotlib import ticks
from xafs_workers.render.matplotlib.axes import PanelView
from xafs_workers.render.matplotlib.pictures import render_picture
from xafs_workers.render.palette import LIGHT

X = np.array([1.0, 2.0, 3.0])
PANEL = Panel(
    "reflectivity",
    traces=(Trace("a", X, np.array([1e-4, np.nan, 100.0])),),
    texts=(Text("note", "a note"),),
    y_scale="log",
)


def build_view(panel: Panel, *, live: bool = False) -> PanelView:
    view = PanelView(Drawn(), panel, LIGHT, live=live)
    view.update(panel, is_growing=live)
    return view


def test_limits_are_fitted_in_decades() -> None:
    view = build_view(PANEL)
    low, high = view.axes.get_ylim()
    assert view.axes.get_yscale() == "log"
    assert (np.log10(low), np.log10(high)) == pytest.approx((-4 - 0.06 * 6, 2 + 0.06 * 6))


def test_limits_grow_with_a_live_curve() -> None:
    view = build_view(PANEL, live=True)
    view.update(replace(PANEL, traces=(Trace("a", X, np.array([1e-6, np.nan, 1e3])),)), is_growing=True)
    low, high = view.axes.get_ylim()
    assert low < 1e-6
    assert high > 1e3


@pytest.mark.parametrize("y", [0.0, -5.0])
def test_a_mark_that_cannot_be_shown_is_no_crash(y: float) -> None:
    view = build_view(replace(PANEL, marks=(Mark("center", 2.0, y),)))
    assert view.axes.get_ylim()[0] > 0


def test_an_empty_panel_has_limits_above_zero() -> None:
    assert build_view(replace(PANEL, traces=())).axes.get_ylim() == (0.1, 1.0)
    assert render_picture(Figure("", "", "", (replace(PANEL, traces=()),)), "png", 50).startswith(b"\x89PNG")


@given(st.floats(-30.0, 30.0), st.floats(0.001, 40.0))
def test_ticks_of_a_log_axis_lie_within_the_limits(low: float, decades: float) -> None:
    bottom, top = 10.0**low, 10.0 ** (low + decades)
    values = ticks.compute_log_ticks(bottom, top, length=200.0, size=10.0)
    assert len(values) >= 1
    assert np.all((values >= bottom * (1 - 1e-6)) & (values <= top * (1 + 1e-6)))
    assert len(values) <= 10
    labels = ticks.format_log_labels(values)
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.1, 1.0, 10.0], ["0.1", "1", "10"]),
        ([1e-4, 1e-2, 1.0], ["10⁻⁴", "10⁻²", "10⁰"]),
        ([2e5, 5e5], ["2×10⁵", "5×10⁵"]),
    ],
)
def test_tick_labels_of_a_log_axis(values: list[float], expected: list[str]) -> None:
    assert ticks.format_log_labels(values) == expected


def test_a_warning_colours_the_background_and_goes_again() -> None:
    view = build_view(PANEL)
    faces = []
    for warned in (True, False):
        view.update(replace(PANEL, has_warning=warned), is_growing=False)
        faces.append(view.axes.patch.get_facecolor())
    assert faces[0] != faces[1]


def test_the_browser_draws_the_same_scale_and_warning() -> None:
    drawing = Drawing(Figure("f", "", "", (replace(PANEL, has_warning=True),)), Style())
    plot = drawing.views["reflectivity"].plot
    assert isinstance(plot.y_scale, LogScale)
    assert all(isinstance(scale, LinearScale) for scale in plot.extra_y_scales.values()), "notes are at fractions"
    assert plot.background_fill_color == LIGHT.warning_face
    drawing.views["reflectivity"].update(PANEL)
    assert plot.background_fill_color == LIGHT.face
