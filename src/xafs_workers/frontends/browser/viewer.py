"""One viewer: which figure is in front, what of it the page has, what the page is told and what it tells."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# Bokeh's stubs do not know what its properties accept.
from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bokeh.document import Document
from bokeh.events import DocumentReady
from bokeh.models import Column, ColumnDataSource, CustomJS
from bokeh.plotting import figure as Plot  # noqa: N812 - a class that is named like a function

from xafs_workers.figures.model import Figure, Panel
from xafs_workers.frontends.browser.gallery import Gallery
from xafs_workers.frontends.browser.page_state import message_of, number, style_of
from xafs_workers.frontends.click_position import PLUCKED, click_of
from xafs_workers.frontends.readout import ENERGY, readout
from xafs_workers.logs import get_logger
from xafs_workers.render.bokeh.drawing import Drawing
from xafs_workers.render.bokeh.style import Style

log = get_logger("browser")

HEARD = ("mousemove", "mouseleave", "tap", "doubletap")


@dataclass(frozen=True, slots=True)
class ViewerPorts:
    """What viewers ask and tell.

    Attributes
    ----------
    click
        Takes a picked position; None: positions are not picked here.
    edge
        Returns the energy of (element, edge), eV, None where it is not known.
    """

    click: Callable[[dict[str, Any]], object] | None = None
    edge: Callable[[str, str], float | None] = lambda element, edge: None


class Viewer:
    """A page and its document.

    The page says when it has drawn a frame; before that it gets no other, so that no one is sent more than they see.

    Attributes
    ----------
    waits
        Whether the page has drawn all that it was sent; False before it said hello.
    call
        Calls something with the document locked, soon.
    refreshed
        When it was last refreshed, on the server's clock.
    """

    def __init__(self, document: Document, gallery: Gallery, ports: ViewerPorts):
        self._document, self._gallery, self._ports = document, gallery, ports
        self.waits, self.refreshed = False, 0.0
        self.call: Callable[[Callable[[], None]], object] = document.add_next_tick_callback
        self._frame, self._dirty, self._version = 0, False, -1
        self._style, self._channels = Style(), False
        self._pinned: str | None = None
        self._broken: str | None = None
        self._drawing: Drawing | None = None
        self._shown: tuple[str, bool, Style] | None = None
        self._said: dict[str, Any] = {}
        self._pictures: dict[str, str] = {}
        self._stage = Column(name="stage", sizing_mode="stretch_width", syncable=False)
        self._down = ColumnDataSource({"json": [""]}, syncable=False)
        self._up = ColumnDataSource({"json": [""]})
        self._up.on_change("data", lambda attribute, old, new: self._hear(new))
        begin = CustomJS(
            args={"stage": self._stage, "down": self._down, "up": self._up},
            code="window.xafs.begin(stage, down, up, cb_obj)",
        )
        self._stage.js_on_change("tags", begin)  # never; it makes the columns a part of the document
        document.js_on_event(DocumentReady, begin)
        document.add_root(self._stage)

    @property
    def behind(self) -> bool:
        """Whether there is something to tell."""
        gallery = self._gallery
        told = (self._version, self._said.get("status"), self._said.get("cards"))
        return self._dirty or told != (gallery.board.version, gallery.told, gallery.cards)

    def refresh(self) -> None:
        """Send what is new; called with the document locked."""
        if not self.waits:
            return
        self._dirty, self._version = False, self._gallery.board.version
        figure = self._choose()
        self._draw_or_say(figure)
        self._frame += 1
        self.waits = False
        self._down.data = {"json": [json.dumps({"frame": self._frame, **self._news(figure)})]}

    def _choose(self) -> Figure | None:
        """Return the figure in front: the one that was picked as long as it is kept, else the newest."""
        gallery = self._gallery
        if self._pinned is not None and gallery.scan(self._pinned) is None:
            self._pinned = None
        front = self._pinned or gallery.newest
        return None if front is None else gallery.figure(front, channels=self._channels)

    def _draw_or_say(self, figure: Figure | None) -> None:
        """Draw a figure; one that cannot be drawn is told once, and costs no other."""
        if figure is not None and figure.id == self._broken:
            return
        self._broken = None
        try:
            self._draw(figure)
        except Exception:
            log.exception("figure_not_drawn", figure=figure.id if figure is not None else None)
            self._broken = figure.id if figure is not None else None
            self._drop()

    def _draw(self, figure: Figure | None) -> None:
        if figure is None:
            self._drop()
            return
        style = self._style
        shown = (figure.id, self._channels, Style(style.dark, style.large, style.narrow))
        if self._drawing is None or shown != self._shown:
            self._drop()
            self._shown = shown
            self._drawing = Drawing(figure, style, self._listen, at_once=1)
            self._stage.children = [self._drawing.root]
        else:
            self._drawing.show(figure)
            self._drawing.resize(style.height)
        self._dirty = not self._drawing.complete

    def _drop(self) -> None:
        if self._drawing is not None:
            self._stage.children = []
            self._drawing, self._shown = None, None

    def _listen(self, plot: Plot, panel: Panel) -> None:
        for event in HEARD:
            plot.js_on_event(event, CustomJS(args={"panel": panel.key}, code="window.xafs.felt(panel, cb_obj)"))

    def _news(self, figure: Figure | None) -> dict[str, Any]:
        """Return what the page does not know yet."""
        gallery = self._gallery
        now: dict[str, Any] = {
            "status": gallery.told,
            "front": None if figure is None else self._front(figure),
            "picked": self._pinned is not None,
            "channels": self._channels,
            "cards": gallery.cards,
            "past": gallery.past,
        }
        news = {name: value for name, value in now.items() if name not in self._said or self._said[name] != value}
        self._said = now
        drawn = {card: drawn for card, drawn in gallery.pictures.items() if self._pictures.get(card) != drawn}
        self._pictures = dict(gallery.pictures)
        return {**news, **({"pictures": drawn} if drawn else {})}

    def _front(self, figure: Figure) -> dict[str, Any]:
        gallery = self._gallery
        scan = gallery.scan(figure.id)
        return {
            "id": figure.id,
            "title": figure.title,
            "broken": figure.id == self._broken,
            "summary": summary(figure),
            "live": scan is not None and not gallery.board.closed(scan),
            "plucks": self._ports.click is not None and scan is not None and scan.kind in PLUCKED,
        }

    def _hear(self, data: Mapping[str, Any]) -> None:
        """Do what the page asks for."""
        said = message_of(next(iter(data.get("json", ())), None))
        if said.get("drawn") == self._frame:
            self.waits = True
        if "look" in said:
            self._style = style_of(said["look"])
            self.waits = self.waits or self._frame == 0
            self._dirty = True
        if "channels" in said:
            self._channels, self._dirty = said["channels"] is True, True
        if "show" in said:
            self._pinned = said["show"] if isinstance(said["show"], str) else None
            self._dirty = True
        if "at" in said:
            self._point(said["at"])
        if "click" in said:
            self._click(said["click"])

    def _place(self, said: object) -> tuple[Figure, Panel, float, float] | None:
        """Return the place that a page speaks of, None where there is none."""
        given: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
        x, y = number(given.get("x")), number(given.get("y"))
        drawing = self._drawing
        view = drawing.views.get(str(given.get("panel"))) if drawing is not None else None
        if drawing is None or view is None or x is None or y is None:
            return None
        return drawing.figure, view.panel, x, y

    def _point(self, said: object) -> None:
        place = self._place(said)
        self._answer("" if place is None else self._words(*place))

    def _click(self, said: object) -> None:
        place = self._place(said)
        if place is None or self._ports.click is None:
            return
        figure, panel, x, y = place
        scan = self._gallery.scan(figure.id)
        click = click_of(scan, panel, x, y) if scan is not None else None
        if click is not None:
            self._ports.click(click)
            where = f"{click['motor']} = {x:.4g}"
            self._answer("picked " + (f"{where}, {click['motor2']} = {y:.4g}" if "motor2" in click else where))

    def _words(self, figure: Figure, panel: Panel, x: float, y: float) -> str:
        scan = self._gallery.scan(figure.id)
        message: Any = scan.start.message if scan is not None else None
        element, edge = getattr(message, "element", None), getattr(message, "edge", None)
        e0 = self._ports.edge(element, edge) if panel.x_name == ENERGY and element and edge else None
        return readout(panel, x, y, e0)

    def _answer(self, words: str) -> None:
        """Say something beside the frames."""
        self._down.data = {"json": [json.dumps({"words": words})]}


def summary(figure: Figure) -> str:
    """Return in words what is to be seen, for those who cannot see it."""
    return "; ".join(_panel_in_words(panel) for panel in figure.panels)


def _panel_in_words(panel: Panel) -> str:
    name = panel.title or panel.y_label or panel.key
    parts = [f"{len(trace.x)} points" + (f" of {trace.label}" if trace.label else "") for trace in panel.traces]
    parts += [f"a map of {mesh.z.shape[1]} by {mesh.z.shape[0]}" for mesh in panel.meshes]
    parts += [text.text for text in panel.texts]
    over = f" over {panel.x_label}" if panel.x_label else ""
    return f"{name}{over}: {', '.join(parts) or 'nothing yet'}"
