"""Points of a drawn figure that a text covers."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawn
from matplotlib.text import Text

from xafs_workers.figures.model import Figure
from xafs_workers.render.matplotlib.drawing import Drawing


def list_covered_points(figure: Figure, size: tuple[float, float] = (8.0, 6.0)) -> list[str]:
    """List the texts of a figure that lie over a measured point, with the number of points."""
    canvas = FigureCanvasAgg(Drawn(figsize=size, dpi=100))
    drawing = Drawing(canvas)
    drawing.show(figure)
    found: Any = canvas.figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_visible())
    boxes = {text.get_text(): text.get_window_extent() for text in found if text.get_text()}
    points = [
        drawing.get_axes(panel.key).transData.transform(np.column_stack((trace.x, trace.y)))
        for panel in figure.panels
        for trace in panel.traces
    ]
    every = np.concatenate(points) if points else np.empty((0, 2))
    covered = {
        name: int(np.sum((every > (box.x0, box.y0)).all(axis=1) & (every < (box.x1, box.y1)).all(axis=1)))
        for name, box in boxes.items()
    }
    return [f"{name!r} covers {count} points" for name, count in covered.items() if count]
