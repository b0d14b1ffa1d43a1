"""A figure in a page: a grid of plots, kept and updated as long as the panels are the same."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# Bokeh's stubs do not know what its properties accept.
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bokeh.models import GridBox, Spacer
from bokeh.plotting import figure as Plot  # noqa: N812 - a class that is named like a function

from xafs_workers.figures.model import Figure, Panel
from xafs_workers.render.bokeh.panel import PanelView
from xafs_workers.render.bokeh.style import Style

MIN_ROW_HEIGHT = 240
NARROW_HEIGHT = 300

_MAX_ROOMY_COLUMNS = 2
"""Up to so many columns there is room for many numbers."""

PlotCallback = Callable[[Plot, Panel], object]
"""Told of each new plot, to listen to what a person does there."""


class Drawing:
    """A figure and its models.

    Parameters
    ----------
    at_once
        So many panels are made in one call of `show`, None for all: each costs some ten milliseconds, and who waits for
        a figure had rather see one panel now.

    Attributes
    ----------
    is_complete
        Whether all panels are made.
    root
        What the page shows.
    views
        The panels by key.
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
        self.root = GridBox(sizing_mode="stretch_width", spacing=4, syncable=False)
        self._arrangement: object = None
        self.show(figure)

    def show(self, figure: Figure) -> None:
        """Bring the models up to date with a figure."""
        self.figure = figure
        before, self.views = self.views, {}
        new = [panel.key for panel in figure.panels if panel.key not in before]
        later = frozenset() if self._panels_per_call is None else frozenset(new[self._panels_per_call :])
        for panel in figure.panels:
            if panel.key in before:
                before[panel.key].update(panel)
                self.views[panel.key] = before[panel.key]
            elif panel.key not in later:
                self.views[panel.key] = self._create_view(figure, panel)
        self.is_complete = not later
        self._arrange(figure)

    def resize(self, height: int) -> None:
        """Share another height among the plots."""
        self.style = replace(self.style, height=height)
        self._arrange(self.figure)

    def _create_view(self, figure: Figure, panel: Panel) -> PanelView:
        view = PanelView(panel, self.style, crowded=self.style.narrow or figure.columns > _MAX_ROOMY_COLUMNS)
        self._on_plot(view.plot, panel)
        return view

    def _arrange(self, figure: Figure) -> None:
        places = tuple((p.key, p.row, p.column, p.row_span, p.column_span) for p in figure.panels)
        arrangement = (places, figure.rows, figure.columns, self.style, tuple(self.views))
        if arrangement == self._arrangement:
            return
        self._arrangement = arrangement
        narrow = self.style.narrow
        row_height = max(MIN_ROW_HEIGHT, self.style.height // max(1, figure.rows))
        children = []
        for row, panel in enumerate(figure.panels):
            view = self.views.get(panel.key)
            plot = view.plot if view is not None else Spacer(sizing_mode="stretch_width")
            plot.height = NARROW_HEIGHT if narrow else row_height * panel.row_span
            children.append((plot, row, 0, 1, 1) if narrow else (plot, *places[row][1:]))
        columns = 1 if narrow else figure.columns
        self.root.update(children=children, cols=dict.fromkeys(range(columns), "minmax(0, 1fr)"))
