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

LEAST_HEIGHT = 240
NARROW_HEIGHT = 300

_ROOMY = 2
"""Up to so many columns there is room for many numbers."""

Adopt = Callable[[Plot, Panel], object]
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
    complete
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
        adopt: Adopt = lambda plot, panel: None,
        *,
        at_once: int | None = None,
    ):
        self.style, self._adopt, self._at_once = style, adopt, at_once
        self.complete = False
        self.figure = figure
        self.views: dict[str, PanelView] = {}
        self.root = GridBox(sizing_mode="stretch_width", spacing=4, syncable=False)
        self._arranged: object = None
        self.show(figure)

    def show(self, figure: Figure) -> None:
        """Bring the models up to date with a figure."""
        self.figure = figure
        before, self.views = self.views, {}
        new = [panel.key for panel in figure.panels if panel.key not in before]
        later = frozenset() if self._at_once is None else frozenset(new[self._at_once :])
        for panel in figure.panels:
            if panel.key in before:
                before[panel.key].update(panel)
                self.views[panel.key] = before[panel.key]
            elif panel.key not in later:
                self.views[panel.key] = self._made(figure, panel)
        self.complete = not later
        self._arrange(figure)

    def resize(self, height: int) -> None:
        """Share another height among the plots."""
        self.style = replace(self.style, height=height)
        self._arrange(self.figure)

    def _made(self, figure: Figure, panel: Panel) -> PanelView:
        view = PanelView(panel, self.style, crowded=self.style.narrow or figure.columns > _ROOMY)
        self._adopt(view.plot, panel)
        return view

    def _arrange(self, figure: Figure) -> None:
        places = tuple((p.key, p.row, p.column, p.row_span, p.column_span) for p in figure.panels)
        arrangement = (places, figure.rows, figure.columns, self.style, tuple(self.views))
        if arrangement == self._arranged:
            return
        self._arranged = arrangement
        narrow = self.style.narrow
        row_height = max(LEAST_HEIGHT, self.style.height // max(1, figure.rows))
        children = []
        for row, panel in enumerate(figure.panels):
            view = self.views.get(panel.key)
            plot = view.plot if view is not None else Spacer(sizing_mode="stretch_width")
            plot.height = NARROW_HEIGHT if narrow else row_height * panel.row_span
            children.append((plot, row, 0, 1, 1) if narrow else (plot, *places[row][1:]))
        columns = 1 if narrow else figure.columns
        self.root.update(children=children, cols=dict.fromkeys(range(columns), "minmax(0, 1fr)"))
