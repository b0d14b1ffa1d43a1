"""Drawing of a figure on a canvas that redraws only the curves that changed, not the whole window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from math import ceil, floor, isfinite
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox, IdentityTransform

from xafs_workers.figures.model import Figure, Panel
from xafs_workers.render import limits
from xafs_workers.render.limits import Extent
from xafs_workers.render.matplotlib.axes import PanelView, StaleParts
from xafs_workers.render.matplotlib.scene import Patch, Scene
from xafs_workers.render.matplotlib.style import Style
from xafs_workers.render.reflow import GridFitter, can_show_beside

Box = tuple[float, float, float, float]
"""Left, bottom, right and top, pixels."""


class Redraw(StrEnum):
    """Amount of drawing for an update: the whole canvas, whole panels, only the changed artists, or nothing."""

    FULL = "full"
    PANEL = "panel"
    BLIT = "blit"
    NONE = "none"


class Drawing:
    """Drawing of model figures on an Agg canvas, off screen or in a Qt window. Call it in the canvas's thread.

    Parameters
    ----------
    canvas
        Canvas with a plain ``matplotlib.figure.Figure``, made without pyplot.

    Attributes
    ----------
    redraw_counts
        Number of updates by amount of drawing.
    model
        Figure that is shown, None before the first.

    Notes
    -----
    The canvas keeps only weak references to callbacks, so the caller must keep a reference to the drawing. The home
    button of a window should call `reset_view`, because matplotlib's own returns to the limits of the first zoom.
    """

    def __init__(self, canvas: FigureCanvasAgg, style: Style | None = None):
        self.canvas = canvas
        self.redraw_counts: Counter[Redraw] = Counter()
        self._scene = Scene(canvas.figure, style or Style(), live=True)
        self._layers: dict[str, _PanelLayers] = {}
        self._source: Figure | None = None
        self._fitter = GridFitter()
        self._renderer: Any = None
        self._drawn_extents: dict[str, Extent] = {}
        canvas.mpl_connect("draw_event", self._on_draw)
        canvas.mpl_connect("resize_event", self._on_resize)

    @property
    def model(self) -> Figure | None:
        """Figure that is shown, None before the first."""
        return self._scene.model

    @property
    def is_wide(self) -> bool:
        """Whether the canvas has room for two figures side by side."""
        return can_show_beside(*(length / self._scene.style.scale for length in self._scene.canvas_size))

    @property
    def is_zoomed(self) -> bool:
        """Whether the user has chosen the limits of a panel."""
        return any(view.is_zoomed for view in self._scene.views.values())

    def show(self, figure: Figure) -> Redraw:
        """Show a figure on the canvas; return how much was drawn."""
        change = self._draw(self._update_scene(figure))
        self.redraw_counts[change] += 1
        return change

    def lay_out(self, figure: Figure) -> None:
        """Arrange a figure on the canvas without drawing it."""
        self._update_scene(figure)
        self._scene.arrange()

    def reset_view(self, panel: str | None = None) -> Redraw:
        """Fit the limits of one panel, or of all panels, to the data; they follow the data again from now on."""
        for key, view in self._scene.views.items():
            if panel is None or panel == key:
                view.reset_limits()
        self._scene.fit_margins()
        self._draw_all()
        self.redraw_counts[Redraw.FULL] += 1
        return Redraw.FULL

    def zoom(self, factor: float) -> None:
        """Show ranges in all panels with data that are `factor` times as long."""
        self._change_limits(lambda view: view.zoom(factor))

    def shift(self, part: float) -> None:
        """Move the ranges of x in all panels with data by so many times their length."""
        self._change_limits(lambda view: view.shift(part))

    def _change_limits(self, change: Callable[[PanelView], object]) -> None:
        for view in self._scene.views.values():
            if not view.is_empty:
                change(view)
        self._scene.fit_margins()
        self._draw_all()

    def restyle(self, style: Style) -> None:
        """Use other sizes or colours from the next update on; with other sizes, limits that the user chose stay."""
        self._scene.restyle(style)
        self._renderer = None

    def release_pixels(self) -> None:
        """Free the saved pixels; the next figure is drawn on the whole canvas."""
        self._layers = {}
        self._renderer = None

    def get_axes(self, panel: str) -> Axes:
        """Return the axes of a panel; raise KeyError if the panel is not shown."""
        return self._scene.views[panel].axes

    def find_panel(self, axes: Axes | None) -> Panel | None:
        """Find the panel that is drawn on the axes of a mouse event; None if there is none."""
        return next((view.panel for view in self._scene.views.values() if view.axes is axes), None)

    def _draw(self, stale: dict[str, StaleParts]) -> Redraw:
        panels = self._find_stale_panels(stale)
        if self._is_canvas_stale(stale) or (self._needs_layout(stale, panels) and self._scene.arrange()):
            self._draw_all()
            return Redraw.FULL
        patches = self._scene.take_patches()
        changed = {key: part.first_artist for key, part in stale.items() if part.first_artist is not None}
        if not changed and not patches and not panels:
            return Redraw.NONE
        for key in panels:
            self._redraw_panel(key)
        for patch in patches:
            self._draw_over(patch)
        for key in changed.keys() - panels:
            box = self._layers[key].repaint(changed[key])
            if box is not None:
                self.canvas.blit(box)
        return Redraw.PANEL if panels else Redraw.BLIT

    def _redraw_panel(self, key: str) -> None:
        """Draw a panel with its decorations, which fill a cell of the canvas alone."""
        view = self._scene.views[key]
        self._draw_over(Patch(self._scene.compute_cell(key), tuple(view.decorations.list_artists())))
        self._drawn_extents[key] = view.visible_extent
        self._layers[key] = _PanelLayers(self.canvas, view)

    def _draw_over(self, patch: Patch) -> None:
        """Draw artists over a blank rectangle."""
        box, colour = patch.box, self._scene.style.palette.background
        blank = Rectangle(box.p0, box.width, box.height, facecolor=colour, linewidth=0)
        blank.set(antialiased=False, transform=IdentityTransform())
        renderer = self.canvas.get_renderer()
        for artist in (blank, *patch.artists):
            artist.draw(renderer)
        self.canvas.blit(box)

    def _find_stale_panels(self, stale: dict[str, StaleParts]) -> set[str]:
        """Find the panels whose axes must be drawn again."""
        extents = {key: view.visible_extent for key, view in self._scene.views.items()}
        return {
            key
            for key, part in stale.items()
            if part.has_stale_background or extents[key] != self._drawn_extents.get(key)
        }

    def _is_canvas_stale(self, stale: dict[str, StaleParts]) -> bool:
        """Check whether all must be drawn again: for a new set of panels, or a canvas of a new size."""
        return (
            self._renderer is None
            or self._renderer is not self.canvas.get_renderer()
            or self._scene.is_stale
            or self._layers.keys() != stale.keys()
        )

    def _needs_layout(self, stale: dict[str, StaleParts], panels: set[str]) -> bool:
        return bool(panels) or any(part.has_stale_legend for part in stale.values())

    def _draw_all(self) -> None:
        self._scene.arrange()
        self.canvas.draw()

    def _on_draw(self, event: object) -> None:
        """Save the pixels of the drawn axes and draw the data over them; matplotlib can also cause this event."""
        if self.canvas.is_saving():
            return
        self._renderer = self.canvas.get_renderer()
        self._drawn_extents = {key: view.visible_extent for key, view in self._scene.views.items()}
        self._scene.take_patches()
        self._layers = {key: _PanelLayers(self.canvas, view) for key, view in self._scene.views.items()}

    def _on_resize(self, event: object) -> None:
        """Arrange the panels on a canvas of a new size, in another grid if its shape asks for one."""
        if self._source is not None:
            self._scene.update(self._fit(self._source))
        self._scene.arrange()

    def _update_scene(self, figure: Figure) -> dict[str, StaleParts]:
        self._source = figure
        return self._scene.update(self._fit(figure))

    def _fit(self, figure: Figure) -> Figure:
        """Return a figure with the grid that suits the canvas and the size of the type."""
        return self._fitter.fit(figure, *self._scene.canvas_size, self._scene.style.scale)


class _PanelLayers:
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
        self._artists_box = self._panel_box
        self._background: Any = canvas.copy_from_bbox(self.box)
        self._static_pixels: Any = self._background
        self._static_count = 0
        if len(view.drawing_order) > 1:  # the next change is expected in the last curve, or in one that follows it
            self._extend_static(len(view.drawing_order) - 1)
        self._paint(view.drawing_order[self._static_count :])

    def repaint(self, first: int) -> Bbox | None:
        """Draw the artists from index `first` on; return the box in which pixels may have changed."""
        order = self.view.drawing_order
        if first < self._static_count:
            self._static_pixels, self._static_count = self._background, 0
        before, self._artists_box = self._artists_box, self._compute_box(order[first:])
        if first > self._static_count:
            self.canvas.restore_region(self._static_pixels)
            self._extend_static(first)
            changed = self._panel_box
        else:
            changed = _clip_box(_merge_boxes(before, self._artists_box), self._panel_box)
            if changed[0] >= changed[2] or changed[1] >= changed[3]:
                return None
            self._restore(changed)
        self._paint(order[first:])
        return Bbox.from_extents(*changed)

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

    def _compute_box(self, artists: list[Any]) -> Box:
        """Compute a box of whole pixels that contains everything the artists draw."""
        found = self._panel_box[2:] + self._panel_box[:2]
        for artist in artists:
            if not artist.get_visible():
                continue
            if not isinstance(artist, Line2D) or artist.get_transform() is not self.view.axes.transData:
                return self._panel_box
            x, y = (np.asarray(data) for data in artist.get_data(orig=True))
            if x.size:
                extent = limits.compute_extent(x, y)
                if extent is None:
                    return self._panel_box
                left, bottom, right, top = self._to_pixels(extent)
                if not isfinite(left + bottom + right + top):  # on a logarithmic axis
                    return self._panel_box
                pad = (3.0 + 2.0 * artist.get_linewidth()) * self.canvas.figure.dpi / 72.0
                found = _merge_boxes(found, (left - pad, bottom - pad, right + pad, top + pad))
        return floor(found[0]), floor(found[1]), ceil(found[2]), ceil(found[3])

    def _to_pixels(self, extent: Extent) -> Box:
        """Return the box of an extent; the scales of the axes are monotonic, so its corners suffice."""
        corners = self.view.axes.transData.transform([(extent.left, extent.bottom), (extent.right, extent.top)])
        (x0, y0), (x1, y1) = corners.tolist()
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)

    def _paint(self, artists: list[Any]) -> None:
        renderer = self.canvas.get_renderer()
        for artist in artists:
            artist.draw(renderer)


def _merge_boxes(one: Box, other: Box) -> Box:
    """Return the smallest box that contains two boxes."""
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _clip_box(one: Box, other: Box) -> Box:
    """Return the intersection of two boxes; it is inverted if they do not overlap."""
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])
