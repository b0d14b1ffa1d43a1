"""Thumbnails: colours of the plots, in light and dark; limits and shapes of the plots."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from xafs_workers.figures.model import Figure, Mesh, Panel, Trace
from xafs_workers.render.palette import DARK, LIGHT
from xafs_workers.render.sketch import HEIGHT, MAX_POINTS, WIDTH, build_sketch_style, render_sketch

X = np.linspace(0.0, 1.0, 5)


def draw(panel: Panel, *, is_finished: bool = True) -> str:
    return render_sketch(Figure("f", "linescan", "t", (panel,), is_finished=is_finished))


def read_points(sketch: str) -> np.ndarray:
    """Return the positions of the first curve."""
    (path, *_) = re.findall(r'<path d="([^"]*)"', sketch)
    return np.array([[float(one) for one in pair.split()] for pair in re.findall(r"[ML]([-\d.]+ [-\d.]+)", path)])


def test_curves_have_the_colours_of_the_plots() -> None:
    """Also the last series, and one that is faded."""
    traces = tuple(Trace(str(n), X, X + n, series=n, is_faded=n == 1) for n in range(8))
    classes = re.findall(r'class="([^"]*)" fill', draw(Panel("p", traces=traces)))
    assert classes == ["series-0", "faded", *(f"series-{n}" for n in range(2, 7)), "series-0"]
    rules = dict(re.findall(r"(.*) \{ stroke: (.*); \}", build_sketch_style()))
    for scope, palette in (("", LIGHT), (":root[data-dark] ", DARK)):
        assert [rules[f"{scope}.picture .series-{n}"] for n in range(7)] == list(palette.series)
        assert rules[f"{scope}.picture .faded"] == palette.faded


def test_a_spike_among_many_points_is_drawn() -> None:
    y = np.zeros(10_000)
    y[7001], y[7002] = 1.0, -1.0
    points = read_points(draw(Panel("p", traces=(Trace("t", np.arange(10_000.0), y),))))
    assert len(points) <= MAX_POINTS + 2
    assert points[:, 1].max() - points[:, 1].min() == pytest.approx((HEIGHT - 4) / 1.12, rel=0.01)


def test_a_growing_curve_leaves_room_for_its_range() -> None:
    panel = Panel("p", traces=(Trace("t", X, X),), x_range=(0.0, 4.0))
    assert read_points(draw(panel, is_finished=False))[:, 0].max() < 0.3 * WIDTH
    assert read_points(draw(panel))[:, 0].max() > 0.9 * WIDTH


def test_a_logarithmic_axis_is_logarithmic() -> None:
    panel = Panel("p", traces=(Trace("t", X, 10.0 ** np.arange(5)),), y_scale="log")
    down = read_points(draw(panel))[:, 1]
    assert np.diff(down) == pytest.approx([(down[-1] - down[0]) / 4] * 4, abs=0.11)


def test_points_are_dots_and_no_line() -> None:
    sketch = draw(Panel("p", traces=(Trace("t", X, X, style="points"),)))
    assert 'class="series-0 points"' in sketch
    assert re.findall(r"[MLh]", re.findall(r'<path d="([^"]*)"', sketch)[0]) == ["M", "h"] * 5


def read_map(panel: Panel) -> tuple[float, float, np.ndarray]:
    """Return width and height of a map's picture, and its red channel."""
    sketch = draw(panel)
    width, height = re.findall(r'<image .* width="([\d.]*)" height="([\d.]*)"', sketch)[0]
    content = base64.b64decode(re.findall(r'base64,([^"]*)"', sketch)[0])
    return float(width), float(height), np.asarray(Image.open(io.BytesIO(content)))[:, :, 0]


def test_a_map_to_scale_has_its_own_shape() -> None:
    mesh = Mesh("m", np.arange(10.0), np.arange(5.0), np.arange(50.0).reshape(5, 10))
    panel = Panel("p", meshes=(mesh,), is_to_scale=True)
    width, height, _ = read_map(panel)
    assert width / height == pytest.approx(2.0, rel=0.01)
    assert read_map(replace(panel, is_to_scale=False))[:2] == (WIDTH - 4, HEIGHT - 4)


def test_cells_of_an_uneven_map_have_their_widths() -> None:
    mesh = Mesh("m", np.array([0.0, 1.0, 8.0]), np.array([0.0, 1.0]), np.array([[0.0, 0.0, 1.0]] * 2))
    _, _, red = read_map(Panel("p", meshes=(mesh,)))
    bright = (red[0] > 200).mean()
    assert bright == pytest.approx(7.0 / 12.0, abs=0.1), "the last cell is as wide as it is in the plot"
