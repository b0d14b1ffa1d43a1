"""Drawing of a figure in a web page: a grid of Bokeh plots that are reused while the panels stay the same."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# Bokeh's stubs do not know what its properties accept.
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bokeh.models import GridBox, Spacer
from bokeh.plotting import figure as Plot  # noqa: N812 - a class that is named like a function

from xafs_workers.figures.model import Figure, Panel
from xafs_workers.render.bokeh.panel import PanelView
from xafs_workers.render.bokeh.room import USUAL_WIDTH
from xafs_workers.render.bokeh.style import FONT, LARGE_SCALE, Style
from xafs_workers.render.reflow import GridFitter, can_show_beside

MIN_ROW_HEIGHT = 240
MIN_ROW_EMS = 15
"""Minimum height of a row in units of the font size of its labels."""
MIN_COLUMN_EMS = 18
"""Minimum width of a column in the same units; a figure with narrower ones gets more rows."""
_MAX_STEPS = 8
NARROW_HEIGHT, NARROW_MAP_HEIGHT = 300, 560
"""Height of a panel of a narrow page, and largest height of one with a map, which is as high as its width needs."""

POINTS_PER_PIXEL = 0.75
"""Size of a pixel of CSS, points."""

PLACEHOLDER = "being drawn …"

SPACING = 4
"""Distance between two plots, pixels."""

PlotCallback = Callable[[Plot, Panel], object]
"""Called with each new plot, for example to subscribe to its mouse events."""


def compute_canvas(style: Style) -> tuple[float, float]:
    """Return width and height of the plots in points of the usual type."""
    scale = POINTS_PER_PIXEL / (LARGE_SCALE if style.large else 1.0)
    return scale * style.width, scale * style.height


def is_wide(style: Style) -> bool:
    """Check whether the page has room for two figures side by side."""
    return not style.narrow and can_show_beside(*compute_canvas(style))


class Drawing:
    """A figure and the Bokeh models that show it.

    Parameters
    ----------
    panels_per_call
        Maximum number of panels that one call of `show` creates, None for all. A panel takes some ten milliseconds;
        users see the first one sooner if the others follow later.

    Attributes
    ----------
    is_complete
        Whether all panels have been created.
    root
        Grid of plots, the root model for the page.
    views
        Views of the panels by panel key.
    """

    def __init__(
        self,
        figure: Figure,
        style: Style,
        on_plot: PlotCallback = lambda plot, panel: None,
        *,
        panels_per_call: int | None = None,
    ):
        self.style, self._on_plot, self._panels_per_call = style, on_plot, panels_per_call
        self.is_complete = False
        self.figure = figure
        self.views: dict[str, PanelView] = {}
        self.root = GridBox(sizing_mode="stretch_width", spacing=SPACING, syncable=False)
        self._arrangement: object = None
        self._source, self._fitter = figure, GridFitter()
        self.show(figure)

    def show(self, figure: Figure) -> None:
        """Show a figure, reusing the existing models."""
        self._source = figure
        self.figure = figure = self._fit(figure)
        before, self.views = self.views, {}
        new = [panel.key for panel in figure.panels if panel.key not in before]
        later = frozenset() if self._panels_per_call is None else frozenset(new[self._panels_per_call :])
        for panel in figure.panels:
            if panel.key in before:
                before[panel.key].update(panel, is_growing=not figure.is_finished)
                self.views[panel.key] = before[panel.key]
            elif panel.key not in later:
                self.views[panel.key] = self._create_view(figure, panel)
        self.is_complete = not later
        self._arrange(figure)

    def resize(self, width: int, height: int) -> None:
        """Set the width and the total height of the plots, in pixels."""
        self.style = replace(self.style, width=width, height=height)
        self.figure = self._fit(self._source)
        self._arrange(self.figure)

    def _fit(self, figure: Figure) -> Figure:
        """Return a figure with the grid that suits the page; a narrow page has one column."""
        style = self.style
        if style.narrow:
            return figure
        width, height = compute_canvas(style)
        fitted = self._fitter.fit(figure, width, height)
        for _ in range(_MAX_STEPS):
            is_wide_enough = style.width / fitted.columns >= MIN_COLUMN_EMS * style.text_size
            if is_wide_enough or fitted.split or fitted.columns == 1 or not style.width:
                break
            height *= 1.25  # the page is scrolled
            fitted = self._fitter.fit(figure, width, height)
        return fitted

    def _create_view(self, figure: Figure, panel: Panel) -> PanelView:
        view = PanelView(panel, self.style, is_growing=not figure.is_finished)
        self._on_plot(view.plot, panel)
        return view

    def _arrange(self, figure: Figure) -> None:
        places = tuple((p.key, p.row, p.column, p.row_span, p.column_span) for p in figure.panels)
        arrangement = (places, figure.rows, figure.columns, self.style, tuple(self.views))
        if arrangement == self._arrangement:
            return
        self._arrangement = arrangement
        narrow = self.style.narrow
        smallest = min((panel.row_span for panel in figure.panels), default=1)  # above 1 in two joined grids
        least = max(MIN_ROW_HEIGHT, MIN_ROW_EMS * self.style.text_size)
        row_height = max(least // smallest, self.style.height // max(1, figure.rows))
        children = []
        for row, panel in enumerate(figure.panels):
            view = self.views.get(panel.key)
            narrow_height = NARROW_MAP_HEIGHT if panel.is_to_scale else NARROW_HEIGHT
            height = narrow_height if narrow else row_height * panel.row_span
            if view is not None:
                view.fit(self._compute_width(1 if narrow else panel.column_span / figure.columns), height)
            plot = view.plot if view is not None else self._create_placeholder(height)
            children.append((plot, row, 0, 1, 1) if narrow else (plot, *places[row][1:]))
        columns = 1 if narrow else figure.columns
        cols = dict.fromkeys(range(columns), "minmax(0, 1fr)")
        if len(cols) < len(self.root.cols or {}):
            self.root.cols = cols  # before the children: the page fails on the size of a column that is gone
        self.root.update(children=children, cols=cols)

    def _create_placeholder(self, height: int) -> Spacer:
        """Create what is shown in place of a plot that is not drawn yet."""
        palette = self.style.palette
        style = f"""
            :host {{ background: {palette.face}; color: {palette.muted}; font: {self.style.text_size}px {FONT};
                     display: grid; place-items: center; }}
            :host::after {{ content: "{PLACEHOLDER}"; }}"""
        return Spacer(sizing_mode="stretch_width", height=height, stylesheets=[style])

    def _compute_width(self, fraction: float) -> int:
        """Return the width of a plot in pixels, as a fraction of the page's."""
        return int((self.style.width + SPACING) * fraction) - SPACING if self.style.width else USUAL_WIDTH
