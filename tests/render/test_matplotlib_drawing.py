"""Test updates of a drawing: which artists are reused, what is drawn again, and the resulting pixels."""

from __future__ import annotations

import io
import itertools
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure as Drawn
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from PIL import Image

from xafs_workers.figures.model import Figure, Line, Mark, Mesh, Panel, Text, Trace
from xafs_workers.render.matplotlib.artists import PIECE_LENGTH
from xafs_workers.render.matplotlib.drawing import Drawing, Redraw
from xafs_workers.render.matplotlib.pictures import render_picture
from xafs_workers.render.matplotlib.pixels import MeshImage

X = np.linspace(0.0, 10.0, 51)


def trace(key="a", x=X, y=None, **how) -> Trace:
    return Trace(key, x, np.sin(x) if y is None else y, **how)


def figure(*traces: Trace, **of_panel) -> Figure:
    panel = Panel("p", "title", "energy (eV)", "µ(E)", traces=traces, **of_panel)
    return Figure("f", "linescan", "heading", (panel,))


def with_panel(old: Figure, **changes) -> Figure:
    return replace(old, panels=(replace(old.panels[0], **changes), *old.panels[1:]))


def make_drawing(width=4.0, height=3.0, dots=80) -> Drawing:
    """Return a drawing whose texts are always due."""
    return Drawing(FigureCanvasAgg(Drawn(figsize=(width, height), dpi=dots)), clock=itertools.count().__next__)


def pixels(drawing: Drawing) -> np.ndarray:
    return np.array(drawing.canvas.buffer_rgba())


def lines(drawing: Drawing, panel="p") -> list[Line2D]:
    return [artist for artist in drawing.get_axes(panel).get_children() if isinstance(artist, Line2D)]


def assert_equals_full_drawing(drawing: Drawing) -> None:
    blitted = pixels(drawing)
    drawing.canvas.draw()
    np.testing.assert_array_equal(blitted, pixels(drawing))


def test_the_same_figure_is_not_drawn_twice():
    drawing = make_drawing()
    shown = figure(trace())
    assert [drawing.show(shown), drawing.show(shown)] == [Redraw.FULL, Redraw.NONE]
    assert drawing.redraw_counts == {Redraw.FULL: 1, Redraw.NONE: 1}


def test_a_figure_of_the_same_arrays_is_not_redrawn():
    drawing = make_drawing()
    shown = figure(trace())
    drawing.show(shown)
    before = pixels(drawing)
    assert drawing.show(figure(shown.panels[0].traces[0])) is Redraw.NONE
    assert drawing.show(figure(replace(shown.panels[0].traces[0]))) is Redraw.NONE
    np.testing.assert_array_equal(before, pixels(drawing))


def test_artists_are_reused_with_new_data():
    drawing = make_drawing()
    drawing.show(figure(trace("a"), trace("b", y=np.cos(X), series=1)))
    before = lines(drawing)
    y = 0.5 * np.sin(X)
    assert drawing.show(figure(trace("a", y=y), trace("b", y=np.cos(X), series=1))) is Redraw.BLIT
    after = lines(drawing)
    assert [id(line) for line in after] == [id(line) for line in before]
    np.testing.assert_array_equal(after[0].get_ydata(), y)


@pytest.mark.slow
def test_points_beyond_the_limits_redraw_the_axes():
    drawing = make_drawing()
    changes = []
    for count in range(2, 201):
        x = np.arange(float(count))
        changes.append(drawing.show(figure(trace(x=x, y=np.sqrt(x)))))
        low, high = drawing.get_axes("p").get_xlim()
        assert low <= 0.0
        assert high >= count - 1
    assert set(changes) == {Redraw.FULL, Redraw.PANEL, Redraw.BLIT}
    assert changes[-100:].count(Redraw.BLIT) >= 92
    assert_equals_full_drawing(drawing)


@pytest.mark.slow
def test_a_blitted_canvas_equals_a_redrawn_one():
    drawing = make_drawing(6.0, 4.0)
    rng = np.random.default_rng(3)
    base = {key: rng.normal(size=51) for key in "abcd"}

    def shown() -> Figure:
        traces = tuple(Trace(key, X, y, key, n) for n, (key, y) in enumerate(base.items()))
        left = Panel("p", "one", "x", "y", traces=traces, legend="full", marks=(Mark("m", 5.0, 0.0, "here"),))
        right = Panel("q", "two", "x", "y", column=1, traces=traces[:2], lines=(Line("l", 3.0, "Fe Kα"),))
        return Figure("f", "k", "h", (left, right), 1, 2)

    drawing.show(shown())
    for key in "ddcdabdbad":
        base[key] = np.clip(base[key] + rng.normal(scale=0.05, size=51), base[key].min(), base[key].max())
        assert drawing.show(shown()) is Redraw.BLIT
        assert_equals_full_drawing(drawing)


def test_repeated_blits_leave_no_stale_pixels():
    drawing = make_drawing()
    shown = {key: trace(key, y=np.cos(X + n), series=n) for n, key in enumerate("abc")}
    drawing.show(figure(*shown.values()))
    rng = np.random.default_rng(5)
    for key in "ccbcacbbc":
        shown[key] = replace(shown[key], y=np.cos(X) * (0.5 + 0.4 * rng.random()))
        drawing.show(figure(*shown.values()))
    assert drawing.redraw_counts[Redraw.BLIT] == 9
    assert_equals_full_drawing(drawing)


@pytest.mark.first_case_fast
@pytest.mark.parametrize("style", ["line", "both", "points"])
@pytest.mark.parametrize("series", [0, 1])
def test_a_long_curve_grows_piecewise_with_the_same_pixels(style, series, monkeypatch):
    x = np.linspace(0.0, 10.0, 900)
    y = np.sin(5.0 * x) * np.where(x > 9.5, 0.5, 1.0)
    y[[300, 302, 512, 514, 700, 701, 702]] = np.nan  # isolated points at and beside the seam of two pieces
    drawing = make_drawing(6.0, 4.0)
    drawing.show(figure(trace(x=x[:2], y=y[:2], style=style, series=series)))
    drawn: list[Line2D] = []
    monkeypatch.setattr(Line2D, "draw", lambda line, *args, draw=Line2D.draw: (drawn.append(line), draw(line, *args)))
    for count in range(400, 900, 3):
        drawing.show(figure(trace(x=x[:count], y=y[:count], style=style, series=series)))
    drawn.clear()
    assert drawing.show(figure(trace(x=x, y=y, style=style, series=series))) is Redraw.BLIT
    assert len(drawn) == 1
    assert len(drawn[0].get_xdata()) == 900 - 3 * PIECE_LENGTH
    assert_equals_full_drawing(drawing)


def test_replaced_points_and_shorter_curves_are_redrawn():
    x = np.linspace(0.0, 10.0, 900)
    drawing = make_drawing()
    drawing.show(figure(trace(x=x), trace("b", y=np.cos(X), series=1)))
    last = drawing.model.panels[0].traces[1]
    replaced = np.sin(x)
    replaced[100:110] = 0.3
    for curve in (replaced, replaced[:700], replaced[:257], np.sin(x)):
        drawing.show(figure(trace(x=x[: len(curve)], y=curve), last))
        pieces = sorted(lines(drawing), key=Line2D.get_zorder)[:-1]
        shown = np.concatenate([piece.get_ydata()[n > 0 :] for n, piece in enumerate(pieces)])
        np.testing.assert_array_equal(shown, curve)
        assert_equals_full_drawing(drawing)


def test_a_drawing_fitted_to_its_data_equals_the_picture():
    x, y = np.linspace(7000.0, 7800.0, 60), np.linspace(0.0, 1.0, 60)
    panels = (
        Panel("p", "one", "energy (eV)", "µ(E)", traces=(Trace("a", x, y, "scan 1"), Trace("b", x, y**2, "scan 2", 1)),
              legend="full", marks=(Mark("m", 7400.0, 0.5),), texts=(Text("t", "from +60 eV"),)),
        Panel("q", "two", "x (mm)", "y (mm)", column=1, meshes=(Mesh("z", np.arange(5.0), np.arange(4.0),
              np.arange(20.0).reshape(4, 5), "counts"),), y_inverted=True),
    )  # fmt: skip
    shown = Figure("f", "k", "heading", panels, 1, 2, 7.0, 3.5)
    drawing = make_drawing(7.0, 3.5, 100)
    drawing.show(with_panel(shown, traces=shown.panels[0].traces[:1]))
    drawing.show(shown)
    drawing.reset_view()
    still = np.array(Image.open(io.BytesIO(render_picture(shown, dots_per_inch=100))).convert("RGBA"))
    np.testing.assert_array_equal(pixels(drawing), still)


def test_the_end_of_a_measurement_takes_the_headroom_back():
    drawing = make_drawing()
    for points in (1, 10, 30, 51):
        growing = figure(trace(x=X[:points]), x_range=(0.0, 30.0))
        drawing.show(growing)
    axes = drawing.get_axes("p")
    assert axes.get_xlim()[1] > 30.0
    drawing.show(replace(growing, is_finished=True))
    assert axes.get_xlim() == pytest.approx((-0.2, 10.2))
    assert axes.get_ylim() == pytest.approx((-1.12, 1.12), abs=0.02)
    axes.set_xlim(2.0, 3.0)
    drawing.show(replace(growing, is_finished=True, title="another"))
    assert axes.get_xlim() == (2.0, 3.0)


@pytest.mark.first_case_fast
@pytest.mark.parametrize(
    "changes",
    [
        {"title": "another, of two lines " * 5}, {"title": ""},
        {"x_label": "k (Å⁻¹)"}, {"legend": "full"}, {"y_inverted": True},
        {"traces": (trace(), trace("b", series=1))}, {"traces": (trace(label="scan 2"),)}, {"traces": ()},
        {"marks": (Mark("m", 1.0, 0.1),)},
    ],
)  # fmt: skip
def test_changed_decorations_are_drawn(changes):
    drawing = make_drawing()
    drawing.show(figure(trace()))
    assert drawing.show(with_panel(figure(trace()), **changes)) is not Redraw.NONE
    assert_equals_full_drawing(drawing)


def test_changed_headings_and_titles_replace_the_old_ones():
    drawing = make_drawing()
    shown = figure(trace())
    drawing.show(shown)
    for title, heading in (("longer than that", "scan 2 of 3"), ("gj", "QÅ"), ("gj", "heading"), ("title", "heading")):
        shown = replace(with_panel(shown, title=title), title=heading)
        assert drawing.show(shown) is Redraw.BLIT
        assert_equals_full_drawing(drawing)
        assert drawing.show(shown) is Redraw.NONE
    new = with_panel(replace(shown, title="all"), title="at once", traces=(trace(y=0.5 * np.sin(X)),))
    assert drawing.show(new) is Redraw.BLIT
    assert_equals_full_drawing(drawing)


def test_a_new_layout_causes_a_full_drawing():
    drawing = make_drawing()
    shown = figure(trace())
    drawing.show(shown)
    assert drawing.show(replace(shown, title="scan 2 of 3 " * 9)) is Redraw.FULL
    assert_equals_full_drawing(drawing)
    assert drawing.show(replace(shown, title="scan 2 of 3")) is Redraw.FULL
    assert_equals_full_drawing(drawing)
    drawing.canvas.figure.set_size_inches(5.0, 3.5)
    assert drawing.show(replace(shown, title="scan 2 of 3")) is Redraw.FULL
    assert pixels(drawing).shape[:2] == (280, 400)


def test_moved_marks_and_new_notes_are_blitted():
    drawing = make_drawing()
    drawing.show(with_panel(figure(trace()), marks=(Mark("m", 1.0, 0.5, "a"),), texts=(Text("t", "from +60 eV"),)))
    moved = with_panel(figure(trace()), marks=(Mark("m", 2.0, 0.4, "b"),), texts=(Text("t", "provisional"),))
    moved = with_panel(moved, traces=drawing.model.panels[0].traces)
    assert drawing.show(moved) is Redraw.BLIT
    assert_equals_full_drawing(drawing)


def test_removed_traces_and_panels_disappear():
    drawing = make_drawing(6.0, 3.0)
    one, two = Panel("p", traces=(trace("a"), trace("b"))), Panel("q", column=1, traces=(trace("c"),))
    drawing.show(Figure("f", "k", "", (one, two), 1, 2))
    drawing.show(Figure("f", "k", "", (replace(one, traces=one.traces[1:]),), 1, 2))
    assert len(lines(drawing)) == 1
    assert len(drawing.canvas.figure.axes) == 1
    assert drawing.find_panel(drawing.get_axes("p")).key == "p"
    with pytest.raises(KeyError):
        drawing.get_axes("q")
    alone = make_drawing(6.0, 3.0)
    alone.show(drawing.model)
    drawing.reset_view()
    alone.reset_view()
    np.testing.assert_array_equal(pixels(drawing), pixels(alone))


def test_another_figure_on_the_same_canvas_is_drawn_in_full():
    drawing = make_drawing()
    drawing.show(figure(trace(x=X * 1000.0)))
    drawing.get_axes("p").set_xlim(1.0, 2.0)
    drawing.show(replace(figure(trace()), id="g"))
    low, high = drawing.get_axes("p").get_xlim()
    assert (low, high) == pytest.approx((-0.2, 10.2))
    assert len(lines(drawing)) == 1


def test_a_zoom_survives_updates_until_it_is_reset():
    drawing = make_drawing()
    drawing.show(figure(trace()))
    axes = drawing.get_axes("p")
    axes.set_xlim(2.0, 3.0)
    axes.set_ylim(0.0, 1.0)
    assert drawing.show(figure(trace(y=5.0 * np.sin(X)))) in (Redraw.FULL, Redraw.PANEL)
    assert drawing.show(figure(trace(x=3.0 * X, y=50.0 * np.sin(X)))) is Redraw.BLIT
    assert (axes.get_xlim(), axes.get_ylim()) == ((2.0, 3.0), (0.0, 1.0))
    assert_equals_full_drawing(drawing)
    assert drawing.reset_view("p") is Redraw.FULL
    assert axes.get_xlim()[1] == pytest.approx(30.6)
    assert drawing.show(figure(trace(x=30.0 * X))) in (Redraw.FULL, Redraw.PANEL)
    assert axes.get_xlim()[1] > 300.0


def test_a_redraw_by_the_toolbar_shows_the_data():
    drawing = make_drawing()
    drawing.show(figure(trace()))
    before = pixels(drawing)
    drawing.canvas.draw()
    np.testing.assert_array_equal(before, pixels(drawing))


def test_saving_a_window_saves_its_content_and_keeps_it():
    drawing = make_drawing()
    last = trace("b", y=np.cos(X), series=1)
    drawing.show(figure(last))
    drawing.show(figure(trace("a", series=2), last))
    on_screen = pixels(drawing)
    drawing.canvas.print_figure(saved := io.BytesIO(), format="png", dpi=80)
    np.testing.assert_array_equal(np.array(Image.open(saved).convert("RGBA")), on_screen)
    drawing.canvas.print_figure(io.BytesIO(), format="png", dpi=200)
    drawing.show(figure(trace("a", y=0.5 * np.sin(X), series=2), last))
    assert pixels(drawing).shape[:2] == (240, 320)
    assert_equals_full_drawing(drawing)


def test_a_mark_or_line_without_a_finite_position_is_hidden():
    drawing = make_drawing()
    shown = figure(trace(), marks=(Mark("m", np.nan, 1.0, "lost"),), lines=(Line("l", np.inf, "lost"),))
    drawing.show(shown)
    drawing.show(with_panel(shown, marks=(), lines=()))
    without = pixels(drawing)
    drawing.show(shown)
    np.testing.assert_array_equal(without, pixels(drawing))


def test_gaps_stay_open_and_isolated_points_are_drawn():
    y = np.sin(X)
    y[10:20] = np.nan
    y[15] = 0.0
    drawing = make_drawing()
    drawing.show(figure(trace(y=y)))
    line = lines(drawing)[0]
    assert line.get_markevery() == [15]
    assert np.isnan(line.get_ydata()[12])
    drawing.show(figure(trace(x=X[:1], y=y[:1])))
    assert lines(drawing)[0].get_markevery() == [0]


@pytest.mark.first_case_fast
@pytest.mark.parametrize(
    "y",
    [
        np.full(51, np.nan), np.full(51, 3.0), np.zeros(51), np.full(51, np.inf), X * 1e250, X * 1e-250, X * 1e150,
        X * 1e-150, np.where(X > 5, np.inf, -X), np.full(51, -1e300), 7112.0 + X * 1e-9,
    ],
)  # fmt: skip
def test_any_numbers_can_be_drawn(y):
    drawing = make_drawing()
    drawing.show(figure(trace(y=y)))
    drawing.show(figure(trace(y=y[:-1], x=X[:-1])))
    low, high = drawing.get_axes("p").get_ylim()
    assert np.isfinite([low, high]).all()
    assert low < high
    assert_equals_full_drawing(drawing)


def test_an_empty_panel_gets_tick_labels_with_the_first_point():
    drawing = make_drawing()
    empty = np.array([])
    drawing.show(figure(trace(x=empty, y=empty)))
    labels = drawing.get_axes("p").yaxis.get_ticklabels
    assert not any(label.get_visible() for label in labels())
    assert drawing.show(figure(trace(x=np.array([7112.0]), y=np.array([1.0])))) in (Redraw.FULL, Redraw.PANEL)
    assert all(label.get_visible() for label in labels())
    assert any("7112" in label.get_text() or "7000" in label.get_text()
               for label in drawing.get_axes("p").xaxis.get_ticklabels())  # fmt: skip


def make_map(z, **how) -> Figure:
    mesh = Mesh("z", np.arange(6.0), np.arange(4.0), z, "counts", **how)
    return Figure("m", "areascan", "map", (Panel("p", "", "x", "y", meshes=(mesh,), y_inverted=True),))


def make_grid() -> np.ndarray:
    z = np.full((4, 6), np.nan)
    z[0] = np.arange(6.0)
    return z


@pytest.mark.slow
def test_a_map_reuses_its_artist_within_the_colour_limits():
    drawing = make_drawing()
    drawing.show(make_map(z := make_grid()))
    (before,) = (artist for artist in drawing.get_axes("p").get_children() if isinstance(artist, MeshImage))
    z = z.copy()
    z[1, :3] = (4.0, 2.5, 1.0)
    assert drawing.show(make_map(z)) is Redraw.BLIT
    (after,) = (artist for artist in drawing.get_axes("p").get_children() if isinstance(artist, AxesImage))
    assert after is before
    assert_equals_full_drawing(drawing)
    alone = make_drawing()
    alone.show(make_map(z))
    np.testing.assert_array_equal(pixels(drawing), pixels(alone))


@pytest.mark.slow
def test_new_extremes_of_measured_pixels_redraw_the_colour_bar():
    drawing = make_drawing()
    drawing.show(make_map(z := make_grid() + 100.0))
    bar = drawing.canvas.figure.axes[1]
    assert bar.get_ylim() == pytest.approx((100.0, 105.0))
    z = z.copy()
    z[1, 0] = 150.0
    assert drawing.show(make_map(z)) is Redraw.PANEL
    assert bar.get_ylim()[0] == 100.0
    assert 150.0 < bar.get_ylim()[1] < 160.0
    assert_equals_full_drawing(drawing)
    drawing.reset_view()
    assert bar.get_ylim() == (100.0, 150.0)


def test_unmeasured_pixels_are_blank():
    drawing = make_drawing()
    drawing.show(make_map(make_grid()))
    axes = drawing.get_axes("p")
    column, row = axes.transData.transform((2.5, 2.5)).astype(int)
    blank = pixels(drawing)[pixels(drawing).shape[0] - row, column]
    assert tuple(blank[:3]) == (0xF2, 0xF2, 0xF2)
    column, row = axes.transData.transform((5.0, 0.0)).astype(int)
    measured = pixels(drawing)[pixels(drawing).shape[0] - row, column]
    assert tuple(measured[:3]) == (253, 231, 36)


def test_contours_replace_pixels_and_a_map_leaves_with_its_bar():
    drawing = make_drawing()
    z = np.add.outer(np.arange(4.0), np.arange(6.0))
    drawing.show(make_map(z))
    assert drawing.show(make_map(z, is_contour=True)) in (Redraw.FULL, Redraw.BLIT)
    kinds = {type(artist).__name__ for artist in drawing.get_axes("p").get_children()}
    assert "Pixels" not in kinds
    assert any("ContourSet" in kind for kind in kinds)
    assert_equals_full_drawing(drawing)
    drawing.show(replace(make_map(z), panels=(Panel("p", traces=(trace(),)),)))
    assert len(drawing.canvas.figure.axes) == 1


@pytest.mark.first_case_fast
@pytest.mark.parametrize("z", [np.full((4, 6), np.nan), np.zeros((4, 6)), np.full((4, 6), np.inf)])
@pytest.mark.parametrize("contour", [True, False])
def test_a_map_without_contrast_can_be_drawn(z, contour):
    drawing = make_drawing()
    drawing.show(make_map(z, is_contour=contour))
    assert drawing.get_axes("p").get_ylim()[0] > drawing.get_axes("p").get_ylim()[1]
    assert not any(isinstance(artist, QuadMesh) for artist in drawing.get_axes("p").get_children())


@pytest.mark.parametrize(("y", "aspect"), [(np.arange(0.0, 3.0, 0.5), 3.5 / 3.0), (np.arange(0.0, 9.0), 3.5 / 9.0)])
def test_a_map_of_two_lengths_is_drawn_to_scale(y, aspect):
    x = np.arange(0.0, 3.5, 0.5)
    mesh = Mesh("z", x, y, np.ones((len(y), len(x))), "counts")
    panel = Panel("p", "", "x (mm)", "y (mm)", meshes=(mesh,), is_to_scale=True)
    drawing = make_drawing(8.0, 6.0)
    drawing.show(Figure("f", "areascan", "heading", (panel,)))
    box = drawing.get_axes("p").bbox
    assert box.width / box.height == pytest.approx(aspect, rel=0.01)
    assert max(box.width / (8.0 * 80), box.height / (6.0 * 80)) > 0.6


def test_a_map_that_would_be_too_narrow_fills_its_panel():
    mesh = Mesh("z", np.arange(200.0), np.arange(3.0), np.ones((3, 200)), "counts")
    panel = Panel("p", "", "x (mm)", "y (mm)", meshes=(mesh,), is_to_scale=True)
    drawing = make_drawing(8.0, 6.0)
    drawing.show(Figure("f", "areascan", "heading", (panel,)))
    box = drawing.get_axes("p").bbox
    assert box.height > 0.5 * box.width
