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
from xafs_workers.frontends.browser.page_state import parse_message, parse_number, parse_style
from xafs_workers.frontends.click_position import CLICKABLE_KINDS, build_click
from xafs_workers.frontends.readout import ENERGY_AXIS, format_readout
from xafs_workers.logs import get_logger
from xafs_workers.render.bokeh.drawing import Drawing
from xafs_workers.render.bokeh.style import Style

log = get_logger("browser")

FORWARDED_EVENTS = ("mousemove", "mouseleave", "tap", "doubletap")


@dataclass(frozen=True, slots=True)
class ViewerCallbacks:
    """What viewers ask and tell.

    Attributes
    ----------
    on_click
        Takes a picked position; None: positions are not picked here.
    find_edge_energy
        Returns the energy of (element, edge), eV, None where it is not known.
    """

    on_click: Callable[[dict[str, Any]], object] | None = None
    find_edge_energy: Callable[[str, str], float | None] = lambda element, edge: None


class Viewer:
    """A page and its document.

    The page says when it has drawn a frame; before that it gets no other, so that no one is sent more than they see.

    Attributes
    ----------
    is_ready
        Whether the page has drawn all that it was sent; False before it said hello.
    call
        Calls something with the document locked, soon.
    last_refresh
        When it was last refreshed, on the server's clock.
    """

    def __init__(self, document: Document, gallery: Gallery, callbacks: ViewerCallbacks):
        self._document, self._gallery, self._callbacks = document, gallery, callbacks
        self.is_ready, self.last_refresh = False, 0.0
        self.call: Callable[[Callable[[], None]], object] = document.add_next_tick_callback
        self._frame, self._dirty, self._version = 0, False, -1
        self._style, self._channels = Style(), False
        self._pinned: str | None = None
        self._broken_figure: str | None = None
        self._drawing: Drawing | None = None
        self._drawn_key: tuple[str, bool, Style] | None = None
        self._sent_state: dict[str, Any] = {}
        self._sent_pictures: dict[str, str] = {}
        self._plot_column = Column(name="stage", sizing_mode="stretch_width", syncable=False)
        self._outgoing = ColumnDataSource({"json": [""]}, syncable=False)
        self._incoming = ColumnDataSource({"json": [""]})
        self._incoming.on_change("data", lambda attribute, old, new: self._on_message(new))
        begin = CustomJS(
            args={"stage": self._plot_column, "down": self._outgoing, "up": self._incoming},
            code="window.xafs.begin(stage, down, up, cb_obj)",
        )
        self._plot_column.js_on_change("tags", begin)  # never; it makes the columns a part of the document
        document.js_on_event(DocumentReady, begin)
        document.add_root(self._plot_column)

    @property
    def has_updates(self) -> bool:
        """Whether there is something to tell."""
        gallery = self._gallery
        told = (self._version, self._sent_state.get("status"), self._sent_state.get("cards"))
        return self._dirty or told != (gallery.board.version, gallery.status, gallery.cards)

    def refresh(self) -> None:
        """Send what is new; called with the document locked."""
        if not self.is_ready:
            return
        self._dirty, self._version = False, self._gallery.board.version
        figure = self._choose_figure()
        self._draw_or_report(figure)
        self._frame += 1
        self.is_ready = False
        self._outgoing.data = {"json": [json.dumps({"frame": self._frame, **self._build_updates(figure)})]}

    def _choose_figure(self) -> Figure | None:
        """Return the figure in front: the one that was picked as long as it is kept, else the newest."""
        gallery = self._gallery
        if self._pinned is not None and gallery.find_scan(self._pinned) is None:
            self._pinned = None
        front = self._pinned or gallery.newest
        return None if front is None else gallery.get_figure(front, channels=self._channels)

    def _draw_or_report(self, figure: Figure | None) -> None:
        """Draw a figure; one that cannot be drawn is told once, and costs no other."""
        if figure is not None and figure.id == self._broken_figure:
            return
        self._broken_figure = None
        try:
            self._draw(figure)
        except Exception:
            log.exception("figure_not_drawn", figure=figure.id if figure is not None else None)
            self._broken_figure = figure.id if figure is not None else None
            self._drop_drawing()

    def _draw(self, figure: Figure | None) -> None:
        if figure is None:
            self._drop_drawing()
            return
        style = self._style
        shown = (figure.id, self._channels, Style(style.dark, style.large, style.narrow))
        if self._drawing is None or shown != self._drawn_key:
            self._drop_drawing()
            self._drawn_key = shown
            self._drawing = Drawing(figure, style, self._subscribe_events, panels_per_call=1)
            self._plot_column.children = [self._drawing.root]
        else:
            self._drawing.show(figure)
            self._drawing.resize(style.height)
        self._dirty = not self._drawing.is_complete

    def _drop_drawing(self) -> None:
        if self._drawing is not None:
            self._plot_column.children = []
            self._drawing, self._drawn_key = None, None

    def _subscribe_events(self, plot: Plot, panel: Panel) -> None:
        for event in FORWARDED_EVENTS:
            plot.js_on_event(event, CustomJS(args={"panel": panel.key}, code="window.xafs.felt(panel, cb_obj)"))

    def _build_updates(self, figure: Figure | None) -> dict[str, Any]:
        """Return what the page does not know yet."""
        gallery = self._gallery
        now: dict[str, Any] = {
            "status": gallery.status,
            "front": None if figure is None else self._describe_front(figure),
            "picked": self._pinned is not None,
            "channels": self._channels,
            "cards": gallery.cards,
            "past": gallery.past,
        }
        news = {
            name: value
            for name, value in now.items()
            if name not in self._sent_state or self._sent_state[name] != value
        }
        self._sent_state = now
        drawn = {card: drawn for card, drawn in gallery.pictures.items() if self._sent_pictures.get(card) != drawn}
        self._sent_pictures = dict(gallery.pictures)
        return {**news, **({"pictures": drawn} if drawn else {})}

    def _describe_front(self, figure: Figure) -> dict[str, Any]:
        gallery = self._gallery
        scan = gallery.find_scan(figure.id)
        return {
            "id": figure.id,
            "title": figure.title,
            "broken": figure.id == self._broken_figure,
            "summary": summarize_figure(figure),
            "live": scan is not None and not gallery.board.is_closed(scan),
            "plucks": self._callbacks.on_click is not None and scan is not None and scan.kind in CLICKABLE_KINDS,
        }

    def _on_message(self, data: Mapping[str, Any]) -> None:
        """Do what the page asks for."""
        said = parse_message(next(iter(data.get("json", ())), None))
        if said.get("drawn") == self._frame:
            self.is_ready = True
        if "look" in said:
            self._style = parse_style(said["look"])
            self.is_ready = self.is_ready or self._frame == 0
            self._dirty = True
        if "channels" in said:
            self._channels, self._dirty = said["channels"] is True, True
        if "show" in said:
            self._pinned = said["show"] if isinstance(said["show"], str) else None
            self._dirty = True
        if "at" in said:
            self._on_pointer(said["at"])
        if "click" in said:
            self._on_click(said["click"])

    def _find_position(self, said: object) -> tuple[Figure, Panel, float, float] | None:
        """Return the place that a page speaks of, None where there is none."""
        given: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
        x, y = parse_number(given.get("x")), parse_number(given.get("y"))
        drawing = self._drawing
        view = drawing.views.get(str(given.get("panel"))) if drawing is not None else None
        if drawing is None or view is None or x is None or y is None:
            return None
        return drawing.figure, view.panel, x, y

    def _on_pointer(self, said: object) -> None:
        place = self._find_position(said)
        self._send_text("" if place is None else self._format_readout(*place))

    def _on_click(self, said: object) -> None:
        place = self._find_position(said)
        if place is None or self._callbacks.on_click is None:
            return
        figure, panel, x, y = place
        scan = self._gallery.find_scan(figure.id)
        click = build_click(scan, panel, x, y) if scan is not None else None
        if click is not None:
            self._callbacks.on_click(click)
            where = f"{click['motor']} = {x:.4g}"
            self._send_text("picked " + (f"{where}, {click['motor2']} = {y:.4g}" if "motor2" in click else where))

    def _format_readout(self, figure: Figure, panel: Panel, x: float, y: float) -> str:
        scan = self._gallery.find_scan(figure.id)
        message: Any = scan.start.message if scan is not None else None
        element, edge = getattr(message, "element", None), getattr(message, "edge", None)
        e0 = (
            self._callbacks.find_edge_energy(element, edge)
            if panel.x_name == ENERGY_AXIS and element and edge
            else None
        )
        return format_readout(panel, x, y, e0)

    def _send_text(self, words: str) -> None:
        """Say something beside the frames."""
        self._outgoing.data = {"json": [json.dumps({"words": words})]}


def summarize_figure(figure: Figure) -> str:
    """Return in words what is to be seen, for those who cannot see it."""
    return "; ".join(_summarize_panel(panel) for panel in figure.panels)


def _summarize_panel(panel: Panel) -> str:
    name = panel.title or panel.y_label or panel.key
    parts = [f"{len(trace.x)} points" + (f" of {trace.label}" if trace.label else "") for trace in panel.traces]
    parts += [f"a map of {mesh.z.shape[1]} by {mesh.z.shape[0]}" for mesh in panel.meshes]
    parts += [text.text for text in panel.texts]
    over = f" over {panel.x_label}" if panel.x_label else ""
    return f"{name}{over}: {', '.join(parts) or 'nothing yet'}"
