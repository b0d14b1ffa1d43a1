"""Every figure, in each size of type, on screens of every size: its texts are on the canvas, apart, and complete.

The walk is over the layouts: nothing is painted. `test_text_faults_are_found` shows that it finds what it looks for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawn
from matplotlib.lines import Line2D
from matplotlib.text import Text as DrawnText

from helpers.gallery import list_distinct_figures
from helpers.text_faults import TOLERANCE, list_silent_panels, list_text_faults
from xafs_workers.figures.model import Figure, Panel, Text, Trace
from xafs_workers.frontends.screen.type_sizes import LARGE_STYLE
from xafs_workers.render.bokeh import drawing as bokeh_drawing
from xafs_workers.render.bokeh import style as bokeh_style
from xafs_workers.render.matplotlib.drawing import Drawing
from xafs_workers.render.matplotlib.scene import Scene
from xafs_workers.render.matplotlib.style import Style
from xafs_workers.render.matplotlib.text_layout import sanitize

CANVASES = {"1280x720": (12.8, 6.2), "1920x1080": (19.2, 9.8), "3840x2160": (38.4, 20.6), "narrow": (6.0, 9.0)}
"""Inches that a window leaves for its figure, by screen: matplotlib has 100 pixels to the inch there."""
DOTS_PER_INCH = 100


def lay_out(figure: Figure, size: tuple[float, float], style: Style) -> Drawn:
    """Lay a figure out as in a window of a size in inches."""
    canvas = FigureCanvasAgg(Drawn(figsize=size, dpi=DOTS_PER_INCH))
    Drawing(canvas, style).lay_out(figure)
    return canvas.figure


def list_faults_by_screen(figure: Figure, style: Style) -> dict[str, list[str]]:
    """List the faults of a figure in one window, which is on one screen after another."""
    canvas = FigureCanvasAgg(Drawn(dpi=DOTS_PER_INCH))
    drawing, found = Drawing(canvas, style), dict[str, list[str]]()
    for screen, size in CANVASES.items():
        canvas.figure.set_size_inches(size)
        drawing.lay_out(figure)
        found[screen] = list_text_faults(canvas.figure) + list_cut_labels(drawing) + list_cut_marks(canvas.figure)
    return {screen: faults for screen, faults in found.items() if faults}


def list_cut_labels(drawing: Drawing) -> list[str]:
    """List the labels of axes and lines, and the titles, of which a word is broken, or the middle left out."""
    assert drawing.model is not None
    labels = [
        (label, shown)
        for panel in drawing.model.panels
        for axes in [drawing.get_axes(panel.key)]
        for label, shown in ((panel.x_label, axes.get_xlabel()), (panel.y_label, axes.get_ylabel()))
    ]
    shown_texts = {" ".join(text.get_text().split()) for text in drawing.canvas.figure.findobj(DrawnText)}
    for panel in drawing.model.panels:
        expected = (panel.title, *(line.label for line in panel.lines))
        labels += [(text, "…") for text in expected if " ".join(sanitize(text).split()) not in shown_texts]
    return [f"cut: {label!r}" for label, shown in labels if shown.split() != sanitize(label).split()]


def list_cut_marks(drawn: Drawn) -> list[str]:
    """List the axes of which the frame cuts a point or a cross."""
    cut = [axes.get_label() for axes in drawn.axes for line in axes.lines if measure_gap(axes, line) < -TOLERANCE]
    return [f"cut by the frame: a mark of {label}" for label in dict.fromkeys(cut)]


def measure_gap(axes: Axes, line: Line2D) -> float:
    """Measure the smallest distance of the markers of a line from the frame, pixels; below zero where one is cut."""
    points: Any = line.get_xydata()
    shown = points[np.isfinite(points).all(axis=1)]
    if line.get_marker() in ("none", None) or line.get_transform() is not axes.transData or not len(shown):
        return np.inf
    every: Any = line.get_markevery()
    if isinstance(every, list):
        shown = points[every]
    pixels, frame = axes.transData.transform(shown), axes.bbox
    gaps = np.concatenate((pixels - frame.p0, frame.p1 - pixels))
    return float(gaps.min(initial=np.inf)) - 0.5 * line.get_markersize() * DOTS_PER_INCH / 72.0


def list_pairs() -> dict[str, Figure]:
    """List every second live view, each with a merge beside it."""
    figures = list_distinct_figures()
    merges = [figure for figure in figures.values() if figure.kind == "xafs_sequence" and len(figure.panels) > 1]
    live = [(name, figure) for name, figure in figures.items() if figure.kind == "xafsscan"]
    return {name: replace(one, beside=merges[n % len(merges)]) for n, (name, one) in enumerate(live[::2])}


def list_picture_faults(figure: Figure) -> list[str]:
    """List the faults of a figure's picture."""
    drawn = Drawn(figsize=(figure.width, figure.height), dpi=DOTS_PER_INCH)
    FigureCanvasAgg(drawn)
    scene = Scene(drawn, Style(), live=False)
    scene.update(figure)
    scene.arrange()
    return list_text_faults(drawn)


@pytest.mark.slow
@pytest.mark.parametrize("style", [Style(), LARGE_STYLE], ids=["normal", "large"])
def test_texts_of_every_figure_are_whole_and_apart(style: Style) -> None:
    faults = {name: list_faults_by_screen(figure, style) for name, figure in list_distinct_figures().items()}
    assert {name: found for name, found in faults.items() if found} == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "style"), [(CANVASES["1920x1080"], Style()), (CANVASES["3840x2160"], LARGE_STYLE)], ids=["normal", "large"]
)
def test_texts_of_figures_side_by_side_are_whole_and_apart(size: tuple[float, float], style: Style) -> None:
    drawn = {name: lay_out(figure, size, style) for name, figure in list_pairs().items()}
    faults = {name: list_text_faults(one) for name, one in drawn.items()}
    assert {name: found for name, found in faults.items() if found} == {}
    assert all(len(drawn[name].axes) > len(figure.panels) for name, figure in list_pairs().items())


@pytest.mark.slow
def test_texts_of_every_picture_are_whole_and_apart() -> None:
    faults = {name: list_picture_faults(figure) for name, figure in list_distinct_figures().items()}
    assert {name: found for name, found in faults.items() if found} == {}


@pytest.mark.slow
def test_every_empty_panel_gives_its_reason() -> None:
    silent = {name: list_silent_panels(figure) for name, figure in list_distinct_figures().items()}
    assert {name: found for name, found in silent.items() if found} == {}


@pytest.mark.slow
def test_window_picture_and_page_have_equal_limits() -> None:
    for name, figure in list_distinct_figures().items():
        figure = replace(figure, is_finished=True, reading_order=())
        drawing = Drawing(FigureCanvasAgg(Drawn(figsize=(figure.width, figure.height))), Style())
        drawing.lay_out(figure)
        scene = Scene(Drawn(figsize=(figure.width, figure.height)), Style(), live=False)
        scene.update(figure)
        page = bokeh_drawing.Drawing(figure, bokeh_style.Style())
        for key, view in scene.views.items():
            picture, window = (_read_limits(axes) for axes in (view.axes, drawing.get_axes(key)))
            assert window == picture, (name, key)
            assert sum(page.views[key].axis_limits, ()) == pytest.approx(picture), (name, key)


def _read_limits(axes: Axes) -> tuple[float, ...]:
    return *sorted(axes.get_xlim()), *sorted(axes.get_ylim())


def test_text_faults_are_found() -> None:
    line = Trace("a", np.array([0.0, 1.0]), np.array([0.0, 1.0]), "a curve", 0)
    panel = Panel("p", "title", "x (mm)", "y", traces=(line,), legend="full")
    figure = Figure("f", "k", "heading", (panel, replace(panel, key="q", column=1)), columns=2)
    drawn = lay_out(figure, (8.0, 6.0), Style())
    assert list_text_faults(drawn) == []
    first = drawn.axes[0]
    first.set_position((0.0, 0.1, 0.7, 0.5))
    kinds = {fault.partition(":")[0] for fault in list_text_faults(drawn)}
    assert kinds == {"outside the canvas", "over one another", "over a panel"}
    assert list_silent_panels(replace(figure, panels=(replace(panel, traces=()),))) == ["p"]
    noted = replace(panel, traces=(), texts=(Text("n", "no points"),))
    assert list_silent_panels(replace(figure, panels=(noted,))) == []
