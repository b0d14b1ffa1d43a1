"""Bokeh server of the browser view, with one clock for all viewers."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# Bokeh's stubs do not know what its properties accept.
from __future__ import annotations

import gc
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import bokeh
import bokeh.document.document
from bokeh.application import Application
from bokeh.application.application import SessionContext
from bokeh.application.handlers import FunctionHandler
from bokeh.core.validation import silence
from bokeh.core.validation.warnings import EMPTY_LAYOUT
from bokeh.document import Document
from bokeh.server.auth_provider import NullAuth
from bokeh.server.server import Server
from bokeh.server.views.auth_request_handler import AuthRequestHandler
from bokeh.util.token import generate_secret_key
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.web import RequestHandler, StaticFileHandler, authenticated

from xafs_workers import __version__
from xafs_workers.frontends.browser.access import COOKIE_NAME, TokenAuthProvider
from xafs_workers.frontends.browser.gallery import Gallery
from xafs_workers.frontends.browser.guarded_handlers import NONCE_VARIABLE, UnknownPathHandler, guard_handlers
from xafs_workers.frontends.browser.viewer import Viewer, ViewerCallbacks
from xafs_workers.frontends.table import build_table_name, format_table, list_origins
from xafs_workers.frontends.view_commands import FIGURE_COMMANDS, VIEW_COMMANDS, build_options
from xafs_workers.logs import get_logger
from xafs_workers.render.palette import DARK, LIGHT, map_colours
from xafs_workers.render.sketch import build_sketch_style

log = get_logger("browser")

PAGE_FOLDER = Path(__file__).parent / "page"

TICK_INTERVAL = 40
"""Time between two refreshes of the gallery, ms; at most 25 frames a second."""

REFRESH_BUDGET = 0.03
"""Time per tick for refreshing pages, seconds; if frames are slow and viewers are many, some wait for the next tick."""

UNUSED_LIFETIME = 5_000
"""Time until the session of a closed page is discarded, ms."""

_WILDCARD_HOSTS = {"0.0.0.0", "::", ""}  # noqa: S104 - compared, not bound

MAX_MESSAGE_BYTES = 64 * 1024
"""Maximum size of a message from a page, bytes."""


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Address at which the server listens, and who may connect.

    Attributes
    ----------
    prefix
        Path below which a reverse proxy serves the pages, '' for none.
    origins
        Further origins of pages that may connect, as host:port in the browser's address.
    is_proxied
        Whether a reverse proxy gives host and scheme in its X- headers.
    token
        Token that users must enter, None for open access.
    """

    host: str = "127.0.0.1"
    port: int = 5006
    prefix: str = ""
    origins: tuple[str, ...] = ()
    is_proxied: bool = False
    token: str | None = None


class BrowserServer:
    """Server of the pages.

    Attributes
    ----------
    on_tick
        Called at each tick of the clock, in the server's thread.
    viewers
        Viewers by session id.
    frame_seconds
        Duration of the last update of a viewer, None before the first.

    Raises
    ------
    OSError
        The server cannot listen at this address.
    """

    def __init__(self, gallery: Gallery, callbacks: ViewerCallbacks, address: ListenAddress):
        self.on_tick: Callable[[], object] = lambda: None
        self.viewers: dict[str, Viewer] = {}
        self.frame_seconds: float | None = None
        self._max_lateness = 0.0
        self._gallery, self._callbacks, self._listen_address = gallery, callbacks, address
        self._prefix = "/" + address.prefix.strip("/") if address.prefix.strip("/") else ""
        self._refreshing: set[Viewer] = set()
        self._tick_cost = 0.0
        self._last_tick = time.monotonic()
        self._last_error = ""
        silence(EMPTY_LAYOUT)  # a page without a figure
        _disable_forced_collection()
        self._server = Server(
            {"/": Application(_SessionHandler(self._open_page, self._forget_session))},
            address=address.host,
            port=address.port,
            prefix=self._prefix,
            allow_websocket_origin=_list_page_origins(address),
            use_xheaders=address.is_proxied,
            index=None,
            auth_provider=NullAuth() if address.token is None else TokenAuthProvider(address.token),
            sign_sessions=True,
            secret_key=generate_secret_key().encode(),
            exclude_cookies=[COOKIE_NAME],
            exclude_headers=["Cookie", "Authorization"],
            check_unused_sessions_milliseconds=UNUSED_LIFETIME,
            unused_session_lifetime_milliseconds=UNUSED_LIFETIME,
            websocket_max_message_size=MAX_MESSAGE_BYTES,
            websocket_compression_level=1,
            keep_alive_milliseconds=10_000,
            default_handler_class=UnknownPathHandler,
            extra_patterns=[
                ("/page/(.*)", StaticFileHandler, {"path": str(PAGE_FOLDER)}),
                ("/table.csv", type("Table", (_TableHandler,), {"gallery": gallery})),
                ("/alive", _AliveHandler),
                ("/sketch.svg", type("Sketch", (_SketchHandler,), {"gallery": gallery})),
                ("/figure/(.+)", type("FigureAddress", (_FigureHandler,), {"prefix": self._prefix})),
            ],
        )
        guard_handlers(self._server._tornado)  # noqa: SLF001 - Bokeh gives its application no other name
        self._server.start()
        self._clock = PeriodicCallback(self._tick, TICK_INTERVAL)
        self._clock.start()

    @property
    def url(self) -> str:
        """Address of the page for a browser on this computer."""
        host = "127.0.0.1" if self._listen_address.host in _WILDCARD_HOSTS else self._listen_address.host
        return f"http://{host}:{self._listen_address.port}{self._prefix}/"

    @property
    def loop(self) -> IOLoop:
        """Event loop of the server."""
        return self._server.io_loop

    def take_lateness(self) -> float:
        """Return the largest delay of the clock since the last call, in seconds, and reset it."""
        late, self._max_lateness = self._max_lateness, 0.0
        return late

    def run(self) -> None:
        """Serve until `stop` is called.

        The objects that exist at the start are excluded from garbage collection, which would otherwise take a tenth of
        a second or more each time.
        """
        gc.collect()
        gc.freeze()
        self.loop.start()

    def stop(self) -> None:
        """Stop serving; safe to call from any thread and from a signal handler."""
        self.loop.add_callback(self._stop_serving)

    def _stop_serving(self) -> None:
        self._clock.stop()
        self._server.stop()
        self.loop.stop()

    def _open_page(self, document: Document) -> None:
        document.title = "XAFS live plots"
        document.template = (PAGE_FOLDER / "page.html").read_text()
        document.template_variables.update(prefix=self._prefix, version=__version__, bokeh_version=bokeh.__version__)
        document.template_variables.update(
            sketch_style=build_sketch_style(),
            light_colours=map_colours(DARK, LIGHT),
            switches=[asdict(command) for command in VIEW_COMMANDS],
            commands={command.name: asdict(command) for command in (*VIEW_COMMANDS, *FIGURE_COMMANDS)},
        )
        document.template_variables[NONCE_VARIABLE] = secrets.token_urlsafe(16)
        document.config.update(reconnect_session=False, notify_connection_status=False)
        viewer = Viewer(document, self._gallery, self._callbacks)
        context: Any = document.session_context
        self.viewers[str(context.id)] = viewer

    def _forget_session(self, session: str) -> None:
        viewer = self.viewers.pop(session, None)
        if viewer is not None:
            self._refreshing.discard(viewer)

    def _tick(self) -> None:
        """Refresh the gallery, and schedule updates for the viewers that have drawn their last frame."""
        now = time.monotonic()
        self._max_lateness = max(self._max_lateness, now - self._last_tick - TICK_INTERVAL / 1000)
        self._last_tick = now
        self.on_tick()
        if not self.viewers:
            return
        try:
            self._gallery.refresh()
        except Exception as error:  # noqa: BLE001 - logged; only this tick is lost
            self._log_error("state_not_read", error)
            return
        self._tick_cost = 0.0
        for viewer in sorted(self.viewers.values(), key=lambda one: one.last_refresh):
            if viewer.is_ready and viewer.has_updates and viewer not in self._refreshing:
                self._refreshing.add(viewer)
                viewer.call(lambda one=viewer: self._refresh(one))

    def _refresh(self, viewer: Viewer) -> None:
        """Refresh a page, unless the time of this tick is used up; then the page comes first in the next tick."""
        self._refreshing.discard(viewer)
        if self._tick_cost > REFRESH_BUDGET:
            return
        began = viewer.last_refresh = time.perf_counter()
        try:
            viewer.refresh()
        except Exception as error:  # noqa: BLE001 - logged; only this frame is lost
            self._log_error("page_not_refreshed", error)
        self.frame_seconds = time.perf_counter() - began
        self._tick_cost += self.frame_seconds

    def _log_error(self, event: str, error: Exception) -> None:
        """Log an error once, not again at each tick."""
        description = f"{event} {error!r}"
        if description != self._last_error:
            self._last_error = description
            log.error(event, exc_info=error)


def _disable_forced_collection() -> None:
    """Prevent Bokeh from collecting garbage whenever a page is closed, because other viewers would wait meanwhile.

    Bokeh's documents release their models themselves; Python collects the rest later.
    """
    bokeh.document.document.gc = SimpleNamespace(collect=lambda: 0)  # type: ignore[attr-defined]


class _SessionHandler(FunctionHandler):
    """Handler that opens documents and reports destroyed sessions.

    The server reports them, because a hook of the document would cause a garbage collection.
    """

    def __init__(self, open_document: Callable[[Document], None], forget: Callable[[str], None]):
        super().__init__(open_document)
        self._forget_session = forget

    async def on_session_destroyed(self, session_context: SessionContext) -> None:
        """Discard the viewer of a session."""
        self._forget_session(str(session_context.id))


class _AliveHandler(AuthRequestHandler):
    """Reply for a page that has lost its connection, to show that the server is available again."""

    def get(self) -> None:
        self.set_header("Cache-Control", "no-store")
        self.write("alive")


class _FigureHandler(RequestHandler):
    """Address of a figure: leads to the page that shows it."""

    prefix: str

    def get(self, figure: str) -> None:
        self.redirect(f"{self.prefix}/?{urlencode({'figure': figure})}")


class _SketchHandler(AuthRequestHandler):
    """Thumbnail of a figure."""

    gallery: Gallery

    @authenticated
    def get(self) -> None:
        sketch = self.gallery.get_sketch(self.get_query_argument("figure", ""))
        if sketch is None:
            self.set_status(404)
            return
        self.set_header("Content-Type", "image/svg+xml")
        self.finish(sketch)


class _TableHandler(AuthRequestHandler):
    """Download of a figure's data as CSV."""

    gallery: Gallery

    @authenticated
    def get(self) -> None:
        name, options = (
            self.get_query_argument("figure", ""),
            build_options(self.get_query_argument("view", "").split(",")),
        )
        figure = self.gallery.get_figure(name, replace(options, has_statistics=False))
        found = self.gallery.find_board_scan(name)
        if figure is None or found is None:
            self.send_error(404, reason="This figure no longer exists")
            return
        is_text = self.get_query_argument("form", "") == "text"
        self.set_header("Content-Type", "text/plain; charset=utf-8" if is_text else "text/csv; charset=utf-8")
        if not is_text:
            self.set_header("Content-Disposition", f'attachment; filename="{build_table_name(figure)}"')
        self.finish(format_table(figure, list_origins(*found), delimiter="\t" if is_text else ","))


def _list_page_origins(address: ListenAddress) -> list[str]:
    own = {address.host, "127.0.0.1", "localhost"} - _WILDCARD_HOSTS
    return [*(f"{name}:{address.port}" for name in sorted(own)), *address.origins]
