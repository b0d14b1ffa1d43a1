"""Saved pixels of a panel, with which a change draws only the artists that changed and those that they overlap."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import ceil, floor, isfinite
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from xafs_workers.render import limits
from xafs_workers.render.limits import Extent
from xafs_workers.render.matplotlib.artists import HALO_WIDTH
from xafs_workers.render.matplotlib.axes import PanelView

Box = tuple[float, float, float, float]
"""Left, bottom, right and top, pixels."""


class PanelLayers:
    """Saved pixels of one panel: the empty axes, and the axes with the artists that do not change.

    The growing curve is usually the last one of its panel, so the artists below it are drawn only once. The drawing
    order and the background are always the same, so the pixels are equal to those of a full drawing.
    """

    def __init__(self, canvas: FigureCanvasAgg, view: PanelView):
        self.canvas = canvas
        self.view = view
        box = view.axes.bbox
        self.box = Bbox.from_extents(box.x0 - 2.0, box.y0 - 2.0, box.x1 + 2.0, box.y1 + 2.0)
        self._panel_box: Box = (float(self.box.x0), float(self.box.y0), float(self.box.x1), float(self.box.y1))
        self._background: Any = canvas.copy_from_bbox(self.box)
        self._static_pixels: Any = self._background
        self._static_count = 0
        if len(view.drawing_order) > 1:  # the next change is expected in the last curve, or in one that follows it
            self._extend_static(len(view.drawing_order) - 1)
        self._boxes: dict[Artist, Box] = {}
        self._paint_all(view.drawing_order[self._static_count :])

    def repaint(self, first: int) -> Bbox | None:
        """Draw the changed artists, of which the first has the index `first`; return the box of changed pixels."""
        order = self.view.drawing_order
        if first == self._static_count:
            return self._paint_changed(order[first:])
        if first < self._static_count:
            self._static_pixels, self._static_count = self._background, 0
        self.canvas.restore_region(self._static_pixels)
        if first > self._static_count:
            self._extend_static(first)
        self._paint_all(order[first:])
        return Bbox.from_extents(*self._panel_box)

    def _paint_all(self, artists: Sequence[Artist]) -> None:
        """Draw all artists over the static pixels."""
        self._boxes = self._compute_boxes(artists)
        self._paint(artists)

    def _paint_changed(self, artists: Sequence[Artist]) -> Bbox | None:
        """Draw the artists that changed, and those that they overlap or overlapped; return the box of them all."""
        before = self._boxes
        kept = {artist: before[artist] for artist in artists if not artist.stale and artist in before}
        self._boxes = self._compute_boxes([artist for artist in artists if artist not in kept]) | kept
        dirty = {box for artist, box in before.items() if artist not in kept}
        dirty |= {box for artist, box in self._boxes.items() if artist not in kept}
        while overlapped := [artist for artist, box in kept.items() if any(_has_overlap(box, one) for one in dirty)]:
            dirty |= {kept.pop(artist) for artist in overlapped}
        if not dirty:
            return None
        for box in dirty:
            self._restore(box)
        self._paint([artist for artist in artists if artist not in kept])
        return Bbox.from_extents(*reduce(_merge_boxes, dirty))

    def _extend_static(self, count: int) -> None:
        """Draw more artists over those that do not change, and save the pixels of the first `count` artists."""
        self._paint(self.view.drawing_order[self._static_count : count])
        self._static_pixels, self._static_count = self.canvas.copy_from_bbox(self.box), count

    def _restore(self, box: Box) -> None:
        """Restore the pixels of a box to the unchanged artists; the renderer counts rows from the top."""
        height = self.canvas.get_renderer().height
        left, top, *_ = self._static_pixels.get_extents()
        part = (int(box[0]), int(height - box[3]), int(box[2]), int(height - box[1]))
        self.canvas.restore_region(self._static_pixels, bbox=part, xy=(left, top))

    def _compute_boxes(self, artists: Sequence[Artist]) -> dict[Artist, Box]:
        """Compute the box of whole pixels that contains what an artist draws, for those that draw something."""
        found = dict[Artist, Box]()
        for artist in artists:
            if not artist.get_visible():
                continue
            box = self._find_box(artist)
            if box is not None and _has_overlap(box, self._panel_box):
                whole = floor(box[0]), floor(box[1]), ceil(box[2]), ceil(box[3])
                found[artist] = _clip_box(whole, self._panel_box)
        return found

    def _find_box(self, artist: Artist) -> Box | None:
        """Find a box that contains what an artist draws, None if it draws nothing."""
        if isinstance(artist, Line2D):
            return self._compute_box(artist)
        if not isinstance(artist, Text):
            return self._panel_box
        found = artist.get_window_extent(self.canvas.get_renderer())
        pad = 1.0 + HALO_WIDTH / 2.0 * float(artist.get_fontsize()) * self.canvas.figure.dpi / 72.0
        box = found.x0 - pad, found.y0 - pad, found.x1 + pad, found.y1 + pad
        return box if all(map(isfinite, box)) else self._panel_box

    def _compute_box(self, line: Line2D) -> Box | None:
        """Compute a box that contains a line with its markers, None for one without points."""
        x, y = (np.asarray(data) for data in line.get_data(orig=True))
        if not x.size:
            return None
        transform, axes = line.get_transform(), self.view.axes
        is_rule = transform is axes.get_xaxis_transform()
        extent = limits.compute_extent(x, y)
        is_known = is_rule or transform is axes.transData
        if extent is None or not (is_known and limits.is_drawable(x) and limits.is_drawable(y)):
            return self._panel_box
        left, bottom, right, top = self._to_pixels(extent)
        if is_rule:
            bottom, top = self._panel_box[1], self._panel_box[3]
        if not isfinite(left + bottom + right + top):  # on a logarithmic axis
            return self._panel_box
        marker = 0.0 if is_rule else 3.0 + 0.5 * line.get_markersize() + line.get_markeredgewidth()
        pad = (1.0 + (0.5 if is_rule else 2.0) * line.get_linewidth() + marker) * self.canvas.figure.dpi / 72.0
        return left - pad, bottom - pad, right + pad, top + pad

    def _to_pixels(self, extent: Extent) -> Box:
        """Return the box of an extent; the scales of the axes are monotonic, so its corners suffice."""
        corners = self.view.axes.transData.transform([(extent.left, extent.bottom), (extent.right, extent.top)])
        (x0, y0), (x1, y1) = corners.tolist()
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)

    def _paint(self, artists: Sequence[Artist]) -> None:
        renderer = self.canvas.get_renderer()
        for artist in artists:
            artist.draw(renderer)


def _merge_boxes(one: Box, other: Box) -> Box:
    """Return the smallest box that contains two boxes."""
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _clip_box(one: Box, other: Box) -> Box:
    """Return the intersection of two boxes that overlap."""
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])


def _has_overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
