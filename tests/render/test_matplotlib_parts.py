"""Test text layout, ticks, limits, layout and pixels of the matplotlib renderer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.figure import Figure as Drawn
from matplotlib.font_manager import get_font
from matplotlib.image import AxesImage

from xafs_workers.figures.model import Panel, Trace
from xafs_workers.render import grid, limits
from xafs_workers.render.matplotlib import layout, legend, style, text_layout, ticks
from xafs_workers.render.matplotlib.layout import Cell, Margins, Rect
from xafs_workers.render.matplotlib.pixels import MeshImage

anything = st.text(st.characters(codec=None), max_size=60)
numbers = st.floats(-1e150, 1e150)


@given(anything)
def test_clean_text_has_one_line_of_letters_in_the_font(text):
    known = set(get_font(text_layout._find_font_path()).get_charmap())
    cleaned = text_layout.sanitize(text)
    assert all(ord(letter) in known for letter in cleaned)
    assert "\n" not in cleaned
    assert text_layout.sanitize(cleaned) == cleaned


@pytest.mark.parametrize("text", ["µ(E)", "k²χ(k) (Å⁻²)", "|χ(R)| (Å⁻³)", "scan 2 of 3", "a  b"])
def test_symbols_of_the_field_are_not_replaced(text):
    assert text_layout.sanitize(text) == text


@given(anything, st.floats(20.0, 500.0), st.integers(1, 3))
def test_fitted_text_fits_its_space(text, room, lines):
    rows = text_layout.fit_text(text, room, 10.0, lines=lines).split("\n")
    assert len(rows) <= lines
    assert all(text_layout.measure_width(row, 10.0) <= room + 1e-6 for row in rows)


def test_text_that_is_too_long_is_cut_in_its_middle():
    fitted = text_layout.fit_text("sample_" * 30 + "scan 2 of 3", 200.0, 10.0)
    assert fitted.startswith("sample_")
    assert fitted.endswith("scan 2 of 3")
    assert "…" in fitted


def test_text_is_broken_between_words():
    room = text_layout.measure_width("fluorescence signal", 10.0) + 1.0
    assert (
        text_layout.fit_text("fluorescence signal of the sample", room, 10.0, lines=2)
        == "fluorescence signal\nof the sample"
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7112, 7113, 7114], ["7112", "7113", "7114"]),
        ([7112.0, 7112.5], ["7112.0", "7112.5"]),
        ([0, 100000, 200000], ["0", "100000", "200000"]),
        ([0, 1e6, 1.5e6], ["0", "1.0×10⁶", "1.5×10⁶"]),
        ([-0.5, 0, 0.5], ["−0.5", "0.0", "0.5"]),
        ([1e-5, 2e-5], ["1×10⁻⁵", "2×10⁻⁵"]),
        ([0.25, 0.5], ["0.25", "0.50"]),
        ([0.0], ["0"]),
        ([], []),
    ],
)
def test_tick_labels_have_no_offset(values, expected):
    assert ticks.format_labels(values) == expected


@given(numbers, st.floats(1e-3, 1e150), st.floats(5.0, 900.0), st.booleans())
def test_ticks_lie_within_the_limits_and_labels_do_not_touch(low, span, length, upright):
    span = max(span, abs(low) * 1e-6)
    values = ticks.compute_ticks(low, low + span, length=length, size=10.0, is_vertical=upright)
    assert all(low - 1e-6 * span <= value <= low + span * (1 + 1e-6) for value in values)
    if len(values) > 1:
        pitch = (values[1] - values[0]) / span * length
        assert pitch >= (10.0 if upright else ticks.measure_widest_label(values, 10.0))


@given(numbers, numbers)
def test_neighbouring_tick_labels_differ(one, other):
    low, high = sorted((one, other))
    if high - low > 1e-6 * max(abs(low), abs(high)):
        shown = ticks.format_labels(ticks.compute_ticks(low, high, length=400.0, size=10.0, is_vertical=False))
        assert len(set(shown)) == len(shown)


@given(st.lists(numbers, min_size=1, max_size=30))
def test_growing_limits_always_contain_the_data(values):
    now = None
    for count in range(1, len(values) + 1):
        low, high = min(values[:count]), max(values[:count])
        now = limits.expand_interval(now, low, high, margin=0.02, headroom=0.25)
        assert now[0] <= low <= high <= now[1]
        assert now[0] < now[1]


def test_limits_grow_rarely_and_by_a_quarter():
    now = limits.expand_interval(None, 0.0, 100.0, margin=0.02, headroom=0.25)
    assert now == (-2.0, 102.0)
    assert limits.expand_interval(now, 0.0, 101.0, margin=0.02, headroom=0.25) == now
    low, high = limits.expand_interval(now, 0.0, 110.0, margin=0.02, headroom=0.25)
    assert low == -2.0
    assert high == pytest.approx(110.0 + 0.25 * 1.04 * 110.0)


def test_limits_that_are_far_too_wide_are_reduced():
    assert limits.expand_interval((-1000.0, 1000.0), 0.0, 1.0, margin=0.0, headroom=0.25) == (0.0, 1.0)


def test_extents_include_only_points_with_finite_coordinates():
    x = np.array([0.0, 1.0, np.nan, 3.0, 4.0])
    y = np.array([5.0, np.inf, 7.0, 8.0, 1e250])
    assert limits.compute_extent(x, y) == (0.0, 3.0, 5.0, 8.0)
    assert limits.compute_extent(x, np.full(5, np.nan)) is None
    assert limits.compute_interval(np.array([[np.nan, 2.0], [np.inf, -1.0]])) == (-1.0, 2.0)


def test_spanning_panels_reach_over_the_margins_between():
    around = Margins(30.0, 10.0, 20.0, 15.0)
    cells = {"top": Cell(0, 0, 1, 2, around), "a": Cell(1, 0, 1, 1, around), "b": Cell(1, 1, 1, 1, around)}
    rects, has_shrunk = layout.arrange(cells, (2, 2), Rect(5.0, 5.0, 400.0, 300.0))
    assert not has_shrunk
    assert rects["top"].left == rects["a"].left == 35.0
    assert rects["top"].left + rects["top"].width == pytest.approx(rects["b"].left + rects["b"].width)
    assert rects["b"].left - (rects["a"].left + rects["a"].width) == pytest.approx(40.0)
    assert rects["top"].bottom - (rects["a"].bottom + rects["a"].height) == pytest.approx(35.0)


def test_axes_keep_room_however_large_the_margins():
    cells = {"a": Cell(0, 0, 1, 1, Margins(900.0, 0, 900.0, 0))}
    rects, has_shrunk = layout.arrange(cells, (1, 1), Rect(0, 0, 100, 100))
    (rect,) = rects.values()
    assert has_shrunk
    assert rect.width == pytest.approx(25.0)
    assert rect.height == pytest.approx(25.0)


def labelled(count: int) -> Panel:
    x = np.arange(2.0)
    return Panel("p", traces=tuple(Trace(f"t{n}", x, x, f"scan {n + 1}", n) for n in range(count)), legend="full")


def test_a_legend_over_four_rows_loses_its_middle():
    strip = legend.build_strip(labelled(100), 300.0, style.Style().compute_sizes(8.0, 6.0))
    shown = [entry.label for entry in strip.entries]
    assert strip.rows == 4
    assert shown[0] == "scan 1"
    assert shown[-1] == "scan 100"
    assert shown.count("…") == 1


def test_a_legend_is_shared_only_by_panels_with_equal_traces():
    assert legend.find_shared_panel([labelled(3), labelled(2)]) is not None
    assert legend.find_shared_panel([labelled(3)]) is None
    x = np.arange(2.0)
    other = Panel("q", traces=(Trace("t", x, x, "fit", 0),), legend="full")
    assert legend.find_shared_panel([labelled(3), other]) is None
    assert legend.find_shared_panel([other, labelled(2), labelled(3)]) is not other
    assert not legend.is_served(other, labelled(3))


def test_borders_lie_halfway():
    np.testing.assert_allclose(grid.compute_edges(np.array([0.0, 1.0, 3.0])), [-0.5, 0.5, 2.0, 4.0])
    np.testing.assert_allclose(grid.compute_edges(np.array([2.0])), [1.5, 2.5])


@pytest.mark.first_case_fast
@pytest.mark.parametrize("inverted", [True, False])
@pytest.mark.parametrize("view", [(0.0, 7.0, 0.0, 5.0), (1.3, 5.2, 0.7, 3.9)])
def test_pixels_equal_those_of_an_ordinary_image(inverted, view):
    z = np.random.default_rng(2).random((5, 7))
    z[3, 2:5] = np.nan

    def drawn(pixels: bool) -> np.ndarray:
        figure = Drawn(figsize=(3.0, 2.0), dpi=100)
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), frameon=False)
        axes.set(xlim=view[:2], ylim=view[2:][::-1] if inverted else view[2:])
        norm = Normalize(0.0, 1.0)
        if pixels:
            image = MeshImage(axes, (np.arange(8.0), np.arange(6.0)), colours="viridis", norm=norm)
            image.set_values(z)
        else:
            image = AxesImage(
                axes, norm=norm, cmap="viridis", origin="lower", extent=(0, 7, 0, 5), interpolation="nearest"
            )
            image.set_data(z)
        axes.add_artist(image)
        canvas.draw()
        return np.array(canvas.buffer_rgba()).astype(int)

    differ = np.any(np.abs(drawn(True) - drawn(False)) > 2, axis=2)
    assert differ.mean() < 0.02, "only pixels at borders may differ"


def test_pixels_show_their_value_under_the_cursor():
    figure = Drawn(figsize=(2.0, 2.0), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, 2), ylim=(0, 2))
    image = MeshImage(axes, (np.arange(3.0), np.arange(3.0)), colours="viridis", norm=Normalize(0.0, 4.0))
    image.set_values(np.array([[1.0, 2.0], [3.0, 4.0]]))
    axes.add_artist(image)
    canvas.draw()
    event = type("Event", (), {"x": 150, "y": 50})
    assert image.get_cursor_data(event) == 2.0
