"""Viewer of one page: selects the figure in front, sends updates to the page, and handles the page's messages."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# Bokeh's stubs do not know what its properties accept.
from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bokeh.document import Document
from bokeh.events import DocumentReady
from bokeh.models import Column, ColumnDataSource, CustomJS
from bokeh.plotting import figure as Plot  # noqa: N812 - a class that is named like a function

from xafs_workers.figures.model import Figure, Panel
from xafs_workers.figures.view_options import ViewOptions
from xafs_workers.frontends.browser.gallery import Gallery
from xafs_workers.frontends.browser.page_state import parse_message, parse_number, parse_style
from xafs_workers.frontends.click_position import build_click
from xafs_workers.frontends.readout import format_scan_readout
from xafs_workers.frontends.view_commands import choose_overlay, list_active, toggle_option
from xafs_workers.logs import get_logger
from xafs_workers.render.bokeh.drawing import Drawing, is_wide
from xafs_workers.render.bokeh.style import Style
from xafs_workers.scans.scan import scan_kinds

log = get_logger("browser")

FORWARDED_EVENTS = ("mousemove", "mouseleave", "tap", "doubletap")


@dataclass(frozen=True, slots=True)
class ViewerCallbacks:
    """Functions that viewers call.

    Attributes
    ----------
    on_click
        Receives a picked position; None if clicks pick no positions.
    find_edge_energy
        Returns the energy of (element, edge) in eV, None if it is unknown.
    """

    on_click: Callable[[dict[str, Any]], object] | None = None
    find_edge_energy: Callable[[str, str], float | None] = lambda element, edge: None


class Viewer:
    """A page and its Bokeh document.

    The page reports when it has drawn a frame. The next frame is sent only after that, so that a slow page gets fewer
    frames.

    Attributes
    ----------
    is_ready
        Whether the page has drawn its last frame; False until the page has sent its first message.
    call
        Schedules a function that is then called with the document locked.
    last_refresh
        Time of the last refresh, on the server's clock.
    """

    def __init__(self, document: Document, gallery: Gallery, callbacks: ViewerCallbacks):
        self._document, self._gallery, self._callbacks = document, gallery, callbacks
        self.is_ready, self.last_refresh = False, 0.0
        self.call: Callable[[Callable[[], None]], object] = document.add_next_tick_callback
        self._frame, self._dirty, self._version = 0, False, (-1, -1)
        self._style, self._options = Style(), ViewOptions()
        self._pinned: str | None = None
        self._broken_figure: str | None = None
        self._order = 0  # number of the page's newest request for another view
        self._drawing: Drawing | None = None
        self._drawn_key: tuple[str, ViewOptions, Style] | None = None
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
        self._plot_column.js_on_change("tags", begin)  # never fires; it makes the data sources part of the document
        document.js_on_event(DocumentReady, begin)
        document.add_root(self._plot_column)

    @property
    def has_updates(self) -> bool:
        """Whether the page is out of date."""
        gallery = self._gallery
        sent = (self._version, *(self._sent_state.get(name) for name in ("status", "cards", "past")))
        return self._dirty or sent != (self._get_version(), gallery.status, gallery.cards, gallery.past)

    def _get_version(self) -> tuple[int, int]:
        return self._gallery.board.version, self._gallery.history.version

    def refresh(self) -> None:
        """Send the changes since the last frame; call it with the document locked."""
        if not self.is_ready:
            return
        self._dirty, self._version = False, self._get_version()
        figure = self._choose_figure()
        self._draw_or_report(figure)
        self._frame += 1
        self.is_ready = False
        self._outgoing.data = {"json": [json.dumps({"frame": self._frame, **self._build_updates(figure)})]}

    def _choose_figure(self) -> Figure | None:
        """Return the figure in front: the one that the user selected while it exists, otherwise the newest."""
        gallery = self._gallery
        if self._pinned is not None and gallery.find_scan(self._pinned) is None:
            if gallery.is_reading_history:
                return None
            self._pinned = None
        wide = is_wide(self._style)
        newest = gallery.newest
        if wide and newest is not None:
            newest = gallery.find_live_view(newest) or newest
        front = self._pinned or newest
        figure = None if front is None else gallery.get_figure(front, self._options)
        beside = gallery.get_beside(figure.id) if wide and figure is not None else None
        return figure if figure is None or beside is None else replace(figure, beside=beside)

    def _draw_or_report(self, figure: Figure | None) -> None:
        """Draw a figure; a failure is logged once and does not affect other figures."""
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
        shown = (figure.id, self._options, Style(style.dark, style.large, style.narrow))
        if self._drawing is None or shown != self._drawn_key:
            self._drop_drawing()
            self._drawn_key = shown
            self._drawing = Drawing(figure, style, self._subscribe_events, panels_per_call=1)
            self._plot_column.children = [self._drawing.root]
        else:
            self._drawing.show(figure)
            self._drawing.resize(style.width, style.height)
        self._dirty = not self._drawing.is_complete

    def _drop_drawing(self) -> None:
        if self._drawing is not None:
            self._plot_column.children = []
            self._drawing, self._drawn_key = None, None

    def _subscribe_events(self, plot: Plot, panel: Panel) -> None:
        for event in FORWARDED_EVENTS:
            plot.js_on_event(event, CustomJS(args={"panel": panel.key}, code="window.xafs.felt(panel, cb_obj)"))

    def _build_updates(self, figure: Figure | None) -> dict[str, Any]:
        """Return the parts of the page's state that changed since they were last sent."""
        gallery = self._gallery
        now: dict[str, Any] = {
            "status": gallery.status,
            "front": None if figure is None else self._describe_front(figure),
            "picked": self._pinned is not None,
            "order": self._order if not self._dirty else None,
            "view": list_active(self._options),
            "overlay": self._options.overlay,
            "cards": gallery.cards,
            "past": gallery.past,
        }
        changed = {
            name: value
            for name, value in now.items()
            if name not in self._sent_state or self._sent_state[name] != value
        }
        self._sent_state = now
        drawn = {card: drawn for card, drawn in gallery.pictures.items() if self._sent_pictures.get(card) != drawn}
        self._sent_pictures = dict(gallery.pictures)
        return {**changed, **({"pictures": drawn} if drawn else {})}

    def _describe_front(self, figure: Figure) -> dict[str, Any]:
        gallery = self._gallery
        scan = gallery.find_scan(figure.id)
        return {
            "id": figure.id,
            "title": figure.title,
            "caption": figure.caption,
            "broken": figure.id == self._broken_figure,
            "summary": summarize_figure(figure),
            "live": scan is not None and not gallery.board.is_closed(scan),
            "plucks": self._callbacks.on_click is not None
            and scan is not None
            and bool(scan_kinds[scan.kind].clickable_axes),
        }

    def _on_message(self, data: Mapping[str, Any]) -> None:
        """Handle a message from the page."""
        message = parse_message(next(iter(data.get("json", ())), None))
        if message.get("drawn") == self._frame:
            self.is_ready = True
        if isinstance(message.get("order"), int):
            self._order = message["order"]
        if "look" in message:
            self._style = parse_style(message["look"])
            self.is_ready = self.is_ready or self._frame == 0
            self._dirty = True
        if "toggle" in message:
            self._options, self._dirty = toggle_option(self._options, message["toggle"]), True
        if "overlay" in message:
            self._options, self._dirty = choose_overlay(self._options, message["overlay"]), True
        if "show" in message:
            self._pinned = message["show"] if isinstance(message["show"], str) else None
            self._dirty = True
        if "at" in message:
            self._on_pointer(message["at"])
        if "click" in message:
            self._on_click(message["click"])

    def _find_position(self, fields: object) -> tuple[Figure, Panel, float, float] | None:
        """Find the figure, panel and position that a message refers to, None if it is invalid."""
        given: Mapping[str, Any] = fields if isinstance(fields, Mapping) else {}
        x, y = parse_number(given.get("x")), parse_number(given.get("y"))
        drawing = self._drawing
        view = drawing.views.get(str(given.get("panel"))) if drawing is not None else None
        if drawing is None or view is None or x is None or y is None:
            return None
        return drawing.figure, view.panel, x, y

    def _on_pointer(self, fields: object) -> None:
        position = self._find_position(fields)
        self._send_text("" if position is None else self._format_readout(*position))

    def _on_click(self, fields: object) -> None:
        position = self._find_position(fields)
        if position is None or self._callbacks.on_click is None:
            return
        figure, panel, x, y = position
        scan = self._gallery.find_scan(figure.id)
        click = build_click(scan, panel, x, y) if scan is not None else None
        if click is not None:
            self._callbacks.on_click(click)
            where = f"{click['motor']} = {x:.4g}"
            self._send_text("picked " + (f"{where}, {click['motor2']} = {y:.4g}" if "motor2" in click else where))

    def _format_readout(self, figure: Figure, panel: Panel, x: float, y: float) -> str:
        scan = self._gallery.find_scan(figure.id)
        return format_scan_readout(scan, panel, x, y, self._callbacks.find_edge_energy)

    def _send_text(self, text: str) -> None:
        """Send a text to the page independently of the frames."""
        self._outgoing.data = {"json": [json.dumps({"words": text})]}


def summarize_figure(figure: Figure) -> list[str]:
    """Summarize the panels of a figure as texts, for users of screen readers; no two are equal."""
    panels = (*figure.panels, *(figure.beside.panels if figure.beside is not None else ()))
    texts = [_summarize_panel(panel) for panel in panels]
    return [f"panel {n} of {len(texts)}: {text}" for n, text in enumerate(texts, 1)]


def _summarize_panel(panel: Panel) -> str:
    names = (panel.title, panel.y_label, *(mesh.label for mesh in panel.meshes))
    name = ", ".join(dict.fromkeys(filter(None, names))) or panel.key
    parts = [f"{len(trace.x)} points" + (f" of {trace.label}" if trace.label else "") for trace in panel.traces]
    parts += [f"a map of {mesh.z.shape[1]} by {mesh.z.shape[0]}" for mesh in panel.meshes]
    parts += [line.label for line in panel.lines if line.label]
    parts += [f"{mark.label or 'marked position'} at {mark.x:.5g}" for mark in panel.marks]
    parts += [text.text for text in panel.texts]
    over = f" over {panel.x_label}" if panel.x_label else ""
    return f"{name}{over}: {', '.join(parts) or 'nothing yet'}"
