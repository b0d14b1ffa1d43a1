"""Drawing of a figure on a canvas that redraws only the curves that changed, not the whole window."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Rectangle
from matplotlib.transforms import IdentityTransform

from xafs_workers.figures.model import Figure, Panel
from xafs_workers.render.limits import Extent
from xafs_workers.render.matplotlib.axes import PanelView, StaleParts
from xafs_workers.render.matplotlib.panel_layers import PanelLayers
from xafs_workers.render.matplotlib.scene import Patch, Scene
from xafs_workers.render.matplotlib.style import Style
from xafs_workers.render.reflow import GridFitter, can_show_beside

TEXT_INTERVAL = 0.25
"""Least time between two updates of the texts of a figure that grows, seconds: to read a number takes as long, and to
draw it longer than to draw a point."""


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
    clock
        Returns the time for the pace of the texts, seconds.

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
    After `show`, a window must call `show_texts` in `text_delay` seconds, unless it has shown a newer figure then.
    """

    def __init__(
        self, canvas: FigureCanvasAgg, style: Style | None = None, *, clock: Callable[[], float] = time.monotonic
    ):
        self.canvas = canvas
        self._clock, self._texts_due = clock, 0.0
        self.redraw_counts: Counter[Redraw] = Counter()
        self._scene = Scene(canvas.figure, style or Style(), live=True)
        self._layers: dict[str, PanelLayers] = {}
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
        """Show a figure on the canvas; return how much was drawn.

        Curves, vertical lines and crosses are up to date at once. So are the texts of a figure that has ended; those
        of one that grows follow in `text_delay` seconds, where they have changed since the last time.
        """
        return self._show(figure, has_texts=figure.is_finished or self._clock() >= self._texts_due)

    @property
    def text_delay(self) -> float | None:
        """Time until texts are due that the figure has and the canvas does not show, seconds; None if it shows all."""
        return max(0.0, self._texts_due - self._clock()) if self._scene.has_late_texts else None

    def show_texts(self) -> Redraw:
        """Show the texts of the newest figure; return how much was drawn."""
        if self._source is None or not self._scene.has_late_texts:
            return Redraw.NONE
        return self._show(self._source, has_texts=True)

    def _show(self, figure: Figure, *, has_texts: bool) -> Redraw:
        before = self._scene.shown_texts
        change = self._draw(self._update_scene(figure, has_texts=has_texts))
        if self._scene.shown_texts != before:
            self._texts_due = self._clock() + TEXT_INTERVAL
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
        self._layers[key] = PanelLayers(self.canvas, view)

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
        self._layers = {key: PanelLayers(self.canvas, view) for key, view in self._scene.views.items()}

    def _on_resize(self, event: object) -> None:
        """Arrange the panels on a canvas of a new size, in another grid if its shape asks for one."""
        if self._source is not None:
            self._scene.update(self._fit(self._source))
        self._scene.arrange()

    def _update_scene(self, figure: Figure, *, has_texts: bool = True) -> dict[str, StaleParts]:
        self._source = figure
        return self._scene.update(self._fit(figure), has_texts=has_texts)

    def _fit(self, figure: Figure) -> Figure:
        """Return a figure with the grid that suits the canvas and the size of the type."""
        return self._fitter.fit(figure, *self._scene.canvas_size, self._scene.style.scale)
