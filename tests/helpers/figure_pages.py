"""Pages of figures that are given as they are, without a board: a walk over all of them in one page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from helpers.browser import BrowserHarness
from helpers.processes import wait_until
from xafs_workers.figures.model import Figure
from xafs_workers.figures.view_options import ViewOptions
from xafs_workers.frontends.browser.gallery import Gallery
from xafs_workers.frontends.figure_factory import DEFAULT_VIEW
from xafs_workers.frontends.status import Feed
from xafs_workers.scans.board import Board

if TYPE_CHECKING:
    from playwright.sync_api import Page


class FigureGallery(Gallery):
    """Gallery of one figure that a test chooses."""

    def __init__(self) -> None:
        super().__init__(lambda: Feed(Board(), "", 0.0, 0))
        self.front: Figure | None = None

    @property
    def newest(self) -> str | None:
        """Id of the figure."""
        return None if self.front is None else self.front.id

    def get_figure(self, figure: str, options: ViewOptions = DEFAULT_VIEW) -> Figure | None:
        """Return the figure."""
        return self.front

    def get_beside(self, figure: str) -> Figure | None:
        """Return what belongs beside the figure."""
        return None if self.front is None else self.front.beside

    def _update_status(self, status: Any, now: float) -> None:
        super()._update_status(status, now)
        self.status["measurement"] = "" if self.front is None else self.front.id


class FigureHarness(BrowserHarness):
    """Server of pages that show one figure after another."""

    gallery: FigureGallery

    def _build_gallery(self) -> Gallery:
        return FigureGallery()

    def show(self, page: Page, name: str, figure: Figure) -> None:
        """Show a figure, and wait until a page has drawn all its panels."""
        self.gallery.front = replace(figure, id=name)
        beside = 0 if figure.beside is None else len(figure.beside.panels)
        counts = {len(figure.panels), len(figure.panels) + beside}
        wait_until(lambda: _read_drawn(page) in [(name, count) for count in counts], f"{name} to be drawn", 60)


DRAWN = """() => { const root = window.Bokeh?.documents[0]?.roots()[0];
  const plots = (root?.children ?? []).flatMap((grid) => grid.children.map(([plot]) => plot));
  const idle = plots.every((plot) => plot.type === "Figure") && window.Bokeh?.documents[0]?.is_idle;
  return [document.querySelector("#measurement").textContent, idle ? plots.length : -1]; }"""


def _read_drawn(page: Page) -> tuple[str, int]:
    name, count = page.evaluate(DRAWN)
    return name, count
