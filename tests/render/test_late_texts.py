"""Test the pace of texts of a live figure: lines and crosses move at once, numbers and labels soon after."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawn
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text

from xafs_workers.figures.model import Figure, Line, Mark, Panel, Trace
from xafs_workers.render.matplotlib.drawing import TEXT_INTERVAL, Drawing, Redraw

POINTS = 600
X = np.linspace(-5.0, 5.0, POINTS)
Y = np.exp(-(X**2))


class Clock:
    """Clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def drawing(clock: Clock) -> Drawing:
    """Drawing of a scan that began long ago, so that its limits stay."""
    made = Drawing(FigureCanvasAgg(Drawn(figsize=(6.0, 4.0), dpi=60)), clock=clock)
    made.show(build_figure(400))
    clock.now += 10.0
    made.show(build_figure(401))
    return made


def build_figure(count: int, *, is_finished: bool = False) -> Figure:
    """Build the figure of a line scan after so many points."""
    place = float(X[count - 1])
    panel = Panel(
        "p",
        f"peak 0.00   now {place:.3f}",
        "motor (mm)",
        "signal",
        traces=(Trace("a", X[:count], Y[:count], style="both"),),
        lines=(Line("com", 0.0, "COM", is_moving=True), Line("place", place, "now", is_moving=True)),
        marks=(Mark("extremum", 0.0, 1.0),),
        x_range=(-5.0, 5.0),
    )
    return Figure("f", "linescan", "heading", (panel,), is_finished=is_finished)


def read_title(drawing: Drawing) -> str:
    found: Any = drawing.canvas.figure.findobj(Text)
    return next(text.get_text() for text in found if text.get_text().startswith("peak"))


def find_label(drawing: Drawing) -> Annotation:
    notes = [artist for artist in drawing.get_axes("p").texts if isinstance(artist, Annotation)]
    return next(note for note in notes if note.get_text() == "now")


def find_rule(drawing: Drawing) -> float:
    """Return the position of the line of the motor's place, the last one of the vertical lines."""
    axes = drawing.get_axes("p")
    rules: list[Any] = [line for line in axes.lines if line.get_transform() is axes.get_xaxis_transform()]
    return float(rules[-1].get_xdata()[0])


def pixels(drawing: Drawing) -> Any:
    return np.array(drawing.canvas.buffer_rgba())


def assert_shows(drawing: Drawing, count: int) -> None:
    """Check that the line, its label and the numbers are those after so many points, in the pixels too."""
    shown = f"{X[count - 1]:.3f}"
    assert read_title(drawing).endswith(f"now {shown}")
    assert find_label(drawing).xy[0] == find_rule(drawing) == X[count - 1]
    blitted = pixels(drawing)
    drawing.canvas.draw()
    np.testing.assert_array_equal(blitted, pixels(drawing))


def test_the_line_moves_at_once_and_its_label_later(drawing: Drawing, clock: Clock) -> None:
    clock.now += 0.04
    assert drawing.show(build_figure(402)) is Redraw.BLIT
    assert find_rule(drawing) == X[401]
    assert find_label(drawing).xy[0] == X[400]
    assert read_title(drawing).endswith(f"{X[400]:.3f}")
    assert drawing.text_delay == pytest.approx(TEXT_INTERVAL - 0.04)


def test_texts_follow_when_they_are_due(drawing: Drawing, clock: Clock) -> None:
    for count in range(402, 420):
        clock.now += 0.04
        drawing.show(build_figure(count))
        assert drawing.text_delay is None or drawing.text_delay <= TEXT_INTERVAL
    assert find_label(drawing).xy[0] > X[410]
    clock.now += TEXT_INTERVAL
    drawing.show(build_figure(420))
    assert_shows(drawing, 420)


def test_texts_follow_where_no_more_points_come(drawing: Drawing, clock: Clock) -> None:
    clock.now += 0.04
    drawing.show(build_figure(402))
    assert drawing.show_texts() is Redraw.BLIT
    assert drawing.text_delay is None
    assert_shows(drawing, 402)
    assert drawing.show_texts() is Redraw.NONE


def test_an_ended_figure_has_its_texts_at_once(drawing: Drawing) -> None:
    drawing.show(build_figure(402, is_finished=True))
    assert drawing.text_delay is None
    assert_shows(drawing, 402)


def test_a_panel_that_is_laid_out_again_has_its_texts(drawing: Drawing) -> None:
    figure = build_figure(402)
    drawing.show(Figure("f", "linescan", "heading", (*figure.panels, Panel("q", "other", row=1)), 2))
    assert drawing.text_delay is None
    assert read_title(drawing).endswith(f"{X[401]:.3f}")


def test_each_frame_has_the_pixels_of_a_full_drawing(drawing: Drawing, clock: Clock) -> None:
    """Whether texts are due or not; what moves crosses the peak, the cross and the other line."""
    for count in (*range(402, 412), *range(290, 310), 511, 512, 513, 514):
        clock.now += 0.1
        assert drawing.show(build_figure(count)) is Redraw.BLIT
        blitted = pixels(drawing)
        drawing.canvas.draw()
        np.testing.assert_array_equal(blitted, pixels(drawing))


def test_a_frame_draws_only_what_changed(drawing: Drawing, monkeypatch: pytest.MonkeyPatch) -> None:
    drawing.show(build_figure(590))
    drawing.show(build_figure(591))
    drawn: list[Line2D] = []
    monkeypatch.setattr(Line2D, "draw", lambda line, *args, draw=Line2D.draw: (drawn.append(line), draw(line, *args)))
    drawing.show(build_figure(592))
    assert len(drawn) == 2  # the last piece of the curve, and the line at the motor's place
