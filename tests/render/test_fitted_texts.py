"""Titles, labels of lines and crosses in little room: smaller, but whole and not under the curves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawn
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text

from xafs_workers.figures.model import Figure, Line, Mark, Panel, Trace
from xafs_workers.frontends.screen.type_sizes import LARGE_STYLE
from xafs_workers.render.matplotlib.drawing import Drawing

X = np.linspace(7000.0, 7400.0, 41)
ADVICE = "noise 7.5e-4 (3 repetitions): about 11 more"


def build_figure(**of_panel: object) -> Figure:
    """Build three panels side by side, the first with a title of some length."""
    panel = replace(Panel("a", ADVICE, "energy (eV)", "µ(E)", traces=(Trace("t", X, np.tanh(X - 7200.0)),)), **of_panel)
    others = (replace(panel, key=key, column=column, title=key) for key, column in (("b", 1), ("c", 2)))
    return Figure("f", "k", "heading", (panel, *others), columns=3)


def lay_out(figure: Figure, width: float = 12.8, height: float = 5.6) -> Drawing:
    """Lay a figure out in large type on a canvas of a size in inches."""
    drawing = Drawing(FigureCanvasAgg(Drawn(figsize=(width, height), dpi=100)), LARGE_STYLE)
    drawing.show(figure)
    return drawing


def read_titles(drawing: Drawing) -> dict[str, Any]:
    """Return the texts above the axes by their words on one line."""
    return {" ".join(text.get_text().split()): text for text in drawing.canvas.figure.findobj(Text)}


def test_a_title_gets_smaller_type_and_stays_whole() -> None:
    titles = read_titles(lay_out(build_figure()))
    assert titles[ADVICE].get_fontsize() < 20.0
    assert titles[ADVICE].get_fontsize() == titles["b"].get_fontsize()  # one size in a figure


def test_a_longer_title_during_a_measurement_is_whole() -> None:
    drawing = lay_out(build_figure(title="noise 7.5e-4"))
    full = read_titles(drawing)["b"].get_fontsize()
    drawing.show(build_figure())
    drawing.show_texts()  # which are not part of every frame
    assert read_titles(drawing)[ADVICE].get_fontsize() < full


def test_a_title_that_is_never_whole_keeps_its_size() -> None:
    full = read_titles(lay_out(build_figure(title="")))["b"].get_fontsize()
    assert read_titles(lay_out(build_figure(title="sample_" * 60)))["b"].get_fontsize() == full


def test_the_number_at_a_line_is_whole_and_over_the_curves() -> None:
    drawing = lay_out(build_figure(lines=(Line("e0", 7200.0, "E0 = 7112.0 eV"),)), height=4.5)
    axes = drawing.get_axes("a")
    (label,) = (one for one in axes.texts if isinstance(one, Annotation))
    assert label.get_text() == "E0 = 7112.0 eV"
    assert label.get_window_extent(drawing.canvas.get_renderer()).height < axes.bbox.height
    assert label.get_zorder() > max(line.get_zorder() for line in axes.lines)


@pytest.mark.parametrize("at", [7000.0, 7200.0, 7400.0])
@pytest.mark.parametrize("height", [-1.0, 1.0])
def test_the_frame_cuts_no_cross(at: float, height: float) -> None:
    drawing = lay_out(build_figure(marks=(Mark("center", at, height),)))
    axes = drawing.get_axes("a")
    (cross,) = (line for line in axes.lines if isinstance(line, Line2D) and line.get_marker() == "x")
    ((x, y),) = axes.transData.transform(cross.get_xydata())
    gap = min(x - axes.bbox.x0, axes.bbox.x1 - x, y - axes.bbox.y0, axes.bbox.y1 - y)
    reach = 0.5 * cross.get_markersize() * 100 / 72
    assert 7.0 < reach <= gap + 0.1


def test_the_frame_cuts_no_point() -> None:
    drawing = lay_out(build_figure(traces=(Trace("t", X, np.tanh(X - 7200.0), style="points"),)))
    axes = drawing.get_axes("a")
    (line,) = axes.lines
    pixels = axes.transData.transform(line.get_xydata())
    gaps = np.concatenate((pixels - axes.bbox.p0, axes.bbox.p1 - pixels))
    assert 0.5 * line.get_markersize() * 100 / 72 <= gaps.min() + 0.1
