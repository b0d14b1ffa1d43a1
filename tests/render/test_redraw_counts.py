"""Test how much of a live figure is drawn again: few panels a scan, and the same pixels as a full drawing."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawn
from matplotlib.lines import Line2D

from helpers.streams import EntryStamper, build_run_documents, fold
from xafs_workers.figures.figure_builder import build_figure, figure_examples
from xafs_workers.figures.model import Figure, Panel, Trace
from xafs_workers.render.matplotlib.drawing import Drawing, Redraw

POINTS = 400
STEPS = 12
"""Number of frames in which an example is played."""
X = np.linspace(-5.0, 5.0, POINTS)
NOISE = np.random.default_rng(1).normal(0.0, 0.01, POINTS)
EDGE = 0.5 * (np.tanh(2.0 * X) + 1.0) + NOISE


def make_drawing(width: float = 6.0, height: float = 4.0) -> Drawing:
    """Return a drawing whose texts are always due."""
    return Drawing(FigureCanvasAgg(Drawn(figsize=(width, height), dpi=60)), clock=itertools.count().__next__)


def pixels(drawing: Drawing) -> Any:
    return np.array(drawing.canvas.buffer_rgba())


def assert_equals_full_drawing(drawing: Drawing) -> None:
    blitted = pixels(drawing)
    drawing.canvas.draw()
    np.testing.assert_array_equal(blitted, pixels(drawing))


def build_panel(count: int, **how: Any) -> Panel:
    return Panel("p", "", "motor (mm)", "signal", traces=(Trace("a", X[:count], EDGE[:count], style="both"),), **how)


def scan(panels: Any) -> Drawing:
    """Show a figure after each point of a scan."""
    drawing = make_drawing()
    for count in range(1, POINTS + 1):
        drawing.show(Figure("f", "k", "heading", (panels(count),)))
    return drawing


@pytest.mark.slow
def test_a_scan_of_unknown_range_redraws_its_axes_rarely() -> None:
    drawing = scan(build_panel)
    assert drawing.redraw_counts[Redraw.FULL] <= 4
    assert drawing.redraw_counts[Redraw.PANEL] <= 24
    assert drawing.redraw_counts[Redraw.BLIT] >= POINTS - 28
    assert_equals_full_drawing(drawing)


@pytest.mark.slow
def test_a_scan_of_known_range_never_changes_its_abscissa() -> None:
    limits: set[tuple[float, float]] = set()
    drawing = make_drawing()
    for count in range(1, POINTS + 1):
        drawing.show(Figure("f", "k", "heading", (build_panel(count, x_range=(-5.0, 5.0)),)))
        limits.add(drawing.get_axes("p").get_xlim())
    assert limits == {(-5.2, 5.2)}
    assert drawing.redraw_counts[Redraw.FULL] + drawing.redraw_counts[Redraw.PANEL] <= 14


def test_limits_that_change_redraw_their_panel_alone() -> None:
    drawing = make_drawing()

    def show(top: float, other: float) -> Redraw:
        left = Panel("p", "one", "x", "y", traces=(Trace("a", X, top * EDGE),))
        right = Panel("q", "two", "x", "y", column=1, traces=(Trace("a", X, other * EDGE),))
        return drawing.show(Figure("f", "k", "heading", (left, right), 1, 2))

    show(1.0, 0.5)
    show(2.0, 0.5)  # the margins of longer labels are there now
    before = pixels(drawing)
    middle = before.shape[1] // 2
    assert show(7.5, 0.5) is Redraw.PANEL
    changed = np.flatnonzero((pixels(drawing) != before).any(axis=(0, 2)))
    assert changed.size
    assert changed.max() < middle
    assert_equals_full_drawing(drawing)


def test_a_new_repetition_is_drawn_over_the_earlier_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = make_drawing(9.0, 4.0)
    traces = tuple(Trace(f"scan-{n}", X, EDGE + 0.01 * n, f"scan {n + 1}", n) for n in range(40))

    def build(count: int, points: int = POINTS) -> Figure:
        shown = tuple(traces[:count])
        shown = (*shown[:-1], replace(shown[-1], x=shown[-1].x[:points], y=shown[-1].y[:points]))
        panels = (
            Panel(key, key, "energy (eV)", "µ(E)", column=column, traces=shown, legend="full")
            for column, key in enumerate("pq")
        )
        return Figure("f", "k", f"scan {count} of 50", tuple(panels), 1, 2)

    drawing.show(build(38))
    drawing.show(build(39))
    drawn: list[Line2D] = []
    monkeypatch.setattr(Line2D, "draw", lambda line, *args, draw=Line2D.draw: (drawn.append(line), draw(line, *args)))
    assert drawing.show(build(40, 1)) is Redraw.BLIT
    axes = [drawing.get_axes(key) for key in "pq"]
    curves = [line for line in drawn if line.axes in axes]
    assert len(curves) <= 8  # in each panel the pieces of the last repetition, and the new point
    monkeypatch.undo()
    assert_equals_full_drawing(drawing)


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(figure_examples))
def test_each_kind_is_drawn_as_a_full_drawing(kind: str) -> None:
    """The example of each kind is played in some frames."""
    example = figure_examples[kind]()
    stamper, drawing = EntryStamper(), make_drawing(9.0, 6.0)
    entries = [("bmm", dict(message)) for message in example.messages]
    if example.columns and "uid" not in example.run_start:
        motors = example.run_start.get("motors")
        columns = {key: list(values) for key, values in example.columns.items()}
        start = {key: value for key, value in example.run_start.items() if key != "motors"}
        entries += build_run_documents(hint=None, motors=motors, columns=columns, start=start)
    board, step = fold([]), max(1, len(entries) // STEPS)
    for number, entry in enumerate(entries):
        board = fold(stamper.stamp([entry]), board)
        figures = [build_figure(board, one) for one in board.scans if one.has_figure] if number % step == 0 else []
        if figures and drawing.show(figures[-1]) in (Redraw.PANEL, Redraw.BLIT):
            assert_equals_full_drawing(drawing)
    assert drawing.model is not None or "uid" in example.run_start
