"""Thumbnail of a figure as SVG; the page that contains it sets the colours of the frame."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from xafs_workers.figures.model import Array, Figure, Mesh, Panel, Trace
from xafs_workers.render import limits
from xafs_workers.render.grid import sort_values
from xafs_workers.render.palette import LIGHT

WIDTH, HEIGHT = 120, 80
MAX_POINTS = 90
"""Maximum number of points of a curve; more would be less than a pixel apart."""
MAX_TRACES = 8
"""Maximum number of traces; only the newest are drawn, more could not be distinguished."""
MAX_PIXELS = 64

_COLOUR_STOPS = ("#440154", "#3b528b", "#21918c", "#5ec962", "#fde725")  # of viridis


def render_sketch(figure: Figure) -> str:
    """Return a thumbnail of a figure, without texts, as an SVG element."""
    parts = [_render_panel(panel, *_compute_box(figure, panel)) for panel in figure.panels]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
        + "".join(parts)
        + "</svg>"
    )


def _compute_box(figure: Figure, panel: Panel) -> tuple[float, float, float, float]:
    width, height = WIDTH / max(1, figure.columns), HEIGHT / max(1, figure.rows)
    return (
        panel.column * width + 2,
        panel.row * height + 2,
        width * panel.column_span - 4,
        height * panel.row_span - 4,
    )


def _render_panel(panel: Panel, x: float, y: float, width: float, height: float) -> str:
    frame = f'<rect class="frame" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'
    if panel.meshes:
        position = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        pixels = _encode_pixels(panel.meshes[0], panel.y_inverted)
        return f'{frame}<image href="{pixels}" {position} preserveAspectRatio="none"/>'
    curves = [(trace, *_sample_trace(trace)) for trace in panel.traces[-MAX_TRACES:]]
    extent = limits.merge_extents([found for _, u, v in curves if (found := limits.compute_extent(u, v)) is not None])
    if extent is None:
        return frame
    wide, high = (extent.right - extent.left) or 1.0, (extent.top - extent.bottom) or 1.0
    drawn = []
    for trace, u, v in curves:
        across = x + (u - extent.left) / wide * width
        down = (v - extent.bottom) / high * height
        down = y + (down if panel.y_inverted else height - down)
        colour = LIGHT.series[trace.series % (len(LIGHT.series) - 1)]
        drawn.append(f'<path d="{_format_path(across, down)}" fill="none" stroke="{colour}" stroke-linecap="round"/>')
    return frame + "".join(drawn)


def _sample_trace(trace: Trace) -> tuple[Array, Array]:
    step = max(1, -(-len(trace.x) // MAX_POINTS))
    keep = np.arange(0, len(trace.x), step)
    return trace.x[keep], trace.y[keep]


def _format_path(across: Array, down: Array) -> str:
    commands, pen = [], "M"
    for u, v in zip(across, down, strict=True):
        if not (np.isfinite(u) and np.isfinite(v)):
            pen = "M"
            continue
        commands.append(f"{pen}{u:.1f} {v:.1f}")
        pen = "L"
    return commands[0] + "h0" if len(commands) == 1 else "".join(commands)


def _encode_pixels(mesh: Mesh, inverted: bool) -> str:
    z = sort_values(mesh)
    z = z[:: max(1, -(-z.shape[0] // MAX_PIXELS)), :: max(1, -(-z.shape[1] // MAX_PIXELS))]
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
