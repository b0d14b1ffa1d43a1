"""A growing trace is drawn piece by piece, and looks as if it had been drawn in one go."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawn
from matplotlib.lines import Line2D

from xafs_workers.figures.model import Figure, Mark, Panel, Trace
from xafs_workers.render.matplotlib.drawing import Change, Drawing
from xafs_workers.render.matplotlib.traces import PIECE

Style = Literal["line", "points", "both"]
N = 3 * PIECE + 40
X = np.linspace(0.0, 100.0, N)
Y = np.sin(X) + 0.3 * np.random.default_rng(5).normal(size=N)
Y[np.random.default_rng(6).random(N) < 0.2] = np.nan
CORNERS = (Mark("low", -1.0, -3.0), Mark("high", 101.0, 3.0))


def shown(n: int, style: Style, x: np.ndarray = X, y: np.ndarray = Y) -> Figure:
    """Return a figure with the first points of a trace, whose limits never change."""
    panel = Panel("p", traces=(Trace("a", x[:n].copy(), y[:n].copy(), style=style),), marks=CORNERS)
    return Figure("f", "linescan", "", (panel,))


def made() -> Drawing:
    return Drawing(FigureCanvasAgg(Drawn(figsize=(5.0, 4.0), dpi=80)))


def pixels(drawing: Drawing) -> np.ndarray:
    return np.array(drawing.canvas.buffer_rgba())


def pieces(drawing: Drawing) -> list[Line2D]:
    lines = [artist for artist in drawing.axes_of("p").get_children() if isinstance(artist, Line2D)]
    return [line for line in lines if line.get_marker() != "x"]


@pytest.mark.parametrize("style", ["line", "points", "both"])
def test_grown_point_by_point_it_has_the_pixels_of_one_drawn_at_once(style: Style) -> None:
    drawing = made()
    drawing.show(shown(1, style))
    for n in range(2, N + 1):
        drawing.show(shown(n, style))
        if n % PIECE in (0, 1, 2, 3, 40):
            other = made()
            other.show(shown(n, style))
            np.testing.assert_array_equal(pixels(drawing), pixels(other), err_msg=f"{n} points")
    assert drawing.counts == {Change.FULL: 1, Change.BLIT: N - 1}
    assert len(pieces(drawing)) == 4


@pytest.mark.parametrize("style", ["line", "points", "both"])
def test_pieces_show_each_point_and_each_marker_once(style: Style) -> None:
    drawing = made()
    drawing.show(shown(N, style))
    data = [line.get_xydata() for line in pieces(drawing)]
    assert all(np.array_equal(a[-1], b[0], equal_nan=True) for a, b in pairwise(data))
    np.testing.assert_array_equal(np.vstack([data[0], *(piece[1:] for piece in data[1:])]), np.column_stack([X, Y]))
    if style != "line":
        marked = [np.arange(len(line.get_xdata()))[line.get_markevery()] for line in pieces(drawing)]
        assert sum(map(len, marked)) == N


def test_a_point_that_is_replaced_and_a_trace_that_gets_shorter_are_drawn_anew() -> None:
    drawing = made()
    drawing.show(shown(N, "both"))
    other_y = Y.copy()
    other_y[10] = 2.5
    for figure in (shown(N, "both", y=other_y), shown(PIECE // 2, "both")):
        drawing.show(figure)
        other = made()
        other.show(figure)
        np.testing.assert_array_equal(pixels(drawing), pixels(other))
    assert len(pieces(drawing)) == 1


def test_a_dashed_line_is_one_piece() -> None:
    drawing = made()
    first, second = Trace("a", X, Y), Trace("b", X, Y + 0.1, series=1)
    drawing.show(Figure("f", "linescan", "", (Panel("p", traces=(first, second)),)))
    assert sorted(len(line.get_xdata()) for line in pieces(drawing))[-1] == N
