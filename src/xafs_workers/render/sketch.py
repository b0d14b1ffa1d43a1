"""Thumbnail of a figure as SVG, with the limits and shapes of its plots; the page that contains it sets the colours."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from xafs_workers.figures.model import Array, Figure, Mesh, Panel, Trace
from xafs_workers.render import limits
from xafs_workers.render.grid import compute_edges, sort_values
from xafs_workers.render.limits import Interval
from xafs_workers.render.palette import DARK, LIGHT, Palette
from xafs_workers.render.panel_limits import ExtentCache, fit_limits

WIDTH, HEIGHT = 120, 80
MAX_POINTS = 90
"""Maximum number of points of a curve; more would be less than a pixel apart."""
MAX_TRACES = 8
"""Maximum number of traces; only the newest are drawn, more could not be distinguished."""
MAX_PIXELS = 64

_COLOUR_STOPS = ("#440154", "#3b528b", "#21918c", "#5ec962", "#fde725")  # of viridis

Box = tuple[float, float, float, float]
"""Left, top, width and height."""


def build_sketch_style() -> str:
    """Return the style sheet that gives thumbnails the colours of the plots, on a light and on a dark page."""
    return "\n".join((*_list_rules(LIGHT, ""), *_list_rules(DARK, ":root[data-dark] ")))


def _list_rules(palette: Palette, scope: str) -> list[str]:
    colours = {f"series-{n}": colour for n, colour in enumerate(palette.series)} | {"faded": palette.faded}
    return [f"{scope}.picture .{name} {{ stroke: {colour}; }}" for name, colour in colours.items()]


def render_sketch(figure: Figure) -> str:
    """Return a thumbnail of a figure, without texts, as an SVG element."""
    parts = [
        _render_panel(panel, _compute_box(figure, panel), is_growing=not figure.is_finished) for panel in figure.panels
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
        + "".join(parts)
        + "</svg>"
    )


def _compute_box(figure: Figure, panel: Panel) -> Box:
    width, height = WIDTH / max(1, figure.columns), HEIGHT / max(1, figure.rows)
    return (
        panel.column * width + 2,
        panel.row * height + 2,
        width * panel.column_span - 4,
        height * panel.row_span - 4,
    )


def _render_panel(panel: Panel, box: Box, *, is_growing: bool) -> str:
    extent = ExtentCache().measure(panel)
    across, down = fit_limits(panel, extent, is_growing=is_growing)
    if panel.is_to_scale and extent is not None:
        box = _fit_box(box, (across[1] - across[0]) / (down[1] - down[0]))
    position = 'x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"'.format(*box)
    frame = f'<rect class="frame" {position}/>'
    if panel.meshes:
        pixels = _encode_pixels(panel.meshes[0], panel.y_inverted)
        return f'{frame}<image href="{pixels}" {position} preserveAspectRatio="none"/>'
    if extent is None:
        return frame
    return frame + "".join(_render_trace(trace, panel, box, (across, down)) for trace in panel.traces[-MAX_TRACES:])


def _fit_box(box: Box, aspect: float) -> Box:
    """Return the largest box of an aspect in the middle of another one."""
    left, top, width, height = box
    wide, high = min(width, height * aspect), min(height, width / aspect)
    return left + 0.5 * (width - wide), top + 0.5 * (height - high), wide, high


def _render_trace(trace: Trace, panel: Panel, box: Box, axes: tuple[Interval, Interval]) -> str:
    left, top, width, height = box
    (low, high), vertical = axes
    x, y = _sample_trace(trace)
    bottom, upper = vertical
    if panel.y_scale == "log":
        with np.errstate(divide="ignore", invalid="ignore"):
            bottom, upper, y = np.log10(bottom), np.log10(upper), np.log10(y)
    down = (y - bottom) / (upper - bottom) * height
    path = _format_path(
        left + (x - low) / (high - low) * width,
        top + (down if panel.y_inverted else height - down),
        has_line=trace.style != "points",
    )
    colour = "faded" if trace.is_faded else f"series-{trace.series % len(LIGHT.series)}"
    points = " points" if trace.style == "points" else ""
    return f'<path d="{path}" class="{colour}{points}" fill="none" stroke-linecap="round"/>'


def _sample_trace(trace: Trace) -> tuple[Array, Array]:
    """Return the points of a trace, of many only the lowest and the highest of each interval."""
    x, y = np.asarray(trace.x, dtype=float), np.asarray(trace.y, dtype=float)
    if len(x) <= MAX_POINTS:
        return x, y
    size = -(-len(y) // (MAX_POINTS // 2))
    rows = np.pad(y, (0, -len(y) % size), constant_values=np.nan).reshape(-1, size)
    starts, is_gap = size * np.arange(len(rows)), np.isnan(rows)
    lowest, highest = np.where(is_gap, np.inf, rows).argmin(axis=1), np.where(is_gap, -np.inf, rows).argmax(axis=1)
    keep = np.unique(np.concatenate((starts + lowest, starts + highest, [len(y) - 1])))
    return x[keep], y[keep]


def _format_path(across: Array, down: Array, *, has_line: bool) -> str:
    commands, pen = [], "M"
    for u, v in zip(across, down, strict=True):
        if not (np.isfinite(u) and np.isfinite(v)):
            pen = "M"
            continue
        commands.append(f"{pen}{u:.1f} {v:.1f}" + ("" if has_line else "h0"))
        pen = "L" if has_line else "M"
    return commands[0] + "h0" if len(commands) == 1 and has_line else "".join(commands)


def _encode_pixels(mesh: Mesh, inverted: bool) -> str:
    z = sort_values(mesh)[np.ix_(_sample_cells(mesh.y), _sample_cells(mesh.x))]
    span = limits.compute_interval(z) or (0.0, 1.0)
    fraction = np.clip((np.nan_to_num(z, nan=span[0]) - span[0]) / ((span[1] - span[0]) or 1.0), 0.0, 1.0)
    stops = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in _COLOUR_STOPS], dtype=float)
    positions = np.linspace(0.0, 1.0, len(stops))
    channels = [np.interp(fraction, positions, stops[:, i]) for i in range(3)]
    rgba = np.stack([*channels, np.where(np.isfinite(z), 255.0, 0.0)], axis=-1).astype(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(rgba if inverted else rgba[::-1]), "RGBA")
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def _sample_cells(positions: Array) -> Array:
    """Return the indices, in ascending order of positions, of the cells below evenly spaced pixels."""
    edges = compute_edges(np.sort(np.asarray(positions, dtype=float)))
    pixels = np.linspace(edges[0], edges[-1], 2 * min(MAX_PIXELS, 2 * len(positions)) + 1)[1::2]
    return np.clip(np.searchsorted(edges, pixels) - 1, 0, len(positions) - 1)
