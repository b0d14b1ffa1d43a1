"""Faults of the texts of a drawn figure: outside the canvas, over one another, over a panel; and silent panels."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure as Drawn
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from xafs_workers.figures.model import Figure, Panel

TOLERANCE = 1.0
"""Pixels by which boxes may overlap: the box of a text is larger than its letters."""


def list_text_faults(drawn: Drawn) -> list[str]:
    """List the faults of all visible texts of a figure that is laid out; empty where there is none."""
    renderer = RendererAgg(8, 8, drawn.dpi)  # it measures texts; its size does not matter
    inside, outside = _collect_texts(drawn, renderer)
    boxes = [(text, text.get_window_extent(renderer)) for text in (*inside, *outside)]
    faults = [f"outside the canvas: {_quote(text)}" for text, box in boxes if not _contains(drawn.bbox, box)]
    pairs = itertools.combinations(boxes, 2)
    over = ((one[0], two[0]) for one, two in pairs if _overlaps(one[1], two[1]))
    faults += [f"over one another: {_quote(one)} and {_quote(two)}" for one, two in over]
    frames = [axes.get_window_extent(renderer) for axes in drawn.axes]
    found = dict(boxes)
    faults += [f"over a panel: {_quote(text)}" for text in outside for frame in frames if _overlaps(found[text], frame)]
    return faults


def list_silent_panels(figure: Figure) -> list[str]:
    """List the panels that show nothing and give no reason."""
    return [panel.key for panel in figure.panels if not panel.texts and not _has_data(panel)]


def _quote(text: Text) -> str:
    return repr(text.get_text()[:50])


def _has_data(panel: Panel) -> bool:
    curves = any((np.isfinite(trace.x) & np.isfinite(trace.y)).any() for trace in panel.traces)
    return curves or any(np.isfinite(mesh.z).any() for mesh in panel.meshes)


def _collect_texts(drawn: Drawn, renderer: RendererBase) -> tuple[list[Text], list[Text]]:
    """Return the visible texts on panels, and those beside them."""
    inside = [text for axes in drawn.axes for text in axes.texts if _is_shown(text)]
    beside = [artist for artist in (*drawn.texts, *drawn.artists) if isinstance(artist, Text)]
    for axes in drawn.axes:
        beside += _iterate_axis_texts(axes, renderer)
    return inside, [text for text in dict.fromkeys(beside) if _is_shown(text)]


def _iterate_axis_texts(axes: Axes, renderer: RendererBase) -> Iterator[Text]:
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_tightbbox(renderer)  # places the label, as drawing does
        yield axis.label
        for tick in axis._update_ticks():
            yield from (label for label in (tick.label1, tick.label2) if label.get_visible())


def _is_shown(text: Text) -> bool:
    return text.get_visible() and bool(text.get_text().strip())


def _contains(canvas: Bbox, box: Bbox) -> bool:
    return (
        box.x0 >= canvas.x0 - TOLERANCE
        and box.y0 >= canvas.y0 - TOLERANCE
        and box.x1 <= canvas.x1 + TOLERANCE
        and box.y1 <= canvas.y1 + TOLERANCE
    )


def _overlaps(one: Bbox, other: Bbox) -> bool:
    return (
        min(one.x1, other.x1) - max(one.x0, other.x0) > TOLERANCE
        and min(one.y1, other.y1) - max(one.y0, other.y0) > TOLERANCE
    )
