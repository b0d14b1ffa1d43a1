"""The server of the pages: Bokeh's, with one clock for all viewers."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# Bokeh's stubs do not know what its properties accept.
from __future__ import annotations

import gc
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

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
from tornado.web import StaticFileHandler, authenticated

from xafs_workers import __version__
from xafs_workers.frontends.browser.access import COOKIE, Token
from xafs_workers.frontends.browser.gallery import Gallery
from xafs_workers.frontends.browser.table import table_of
from xafs_workers.frontends.browser.viewer import Viewer, ViewerPorts
from xafs_workers.logs import get_logger

log = get_logger("browser")

PAGE = Path(__file__).parent / "page"

FASTEST = 40
"""Time between looks at the board, ms: at most 25 frames a second."""

SHARE = 0.03
"""Of each tick about so much time goes into refreshing pages, seconds: of many viewers of a dear frame some wait."""

UNUSED = 5_000
"""A page that is gone is forgotten after so long, ms."""

_ANY = {"0.0.0.0", "::", ""}  # noqa: S104 - compared, not bound

MESSAGE_BYTES = 64 * 1024
"""No page has more to say at once."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens.

    Attributes
    ----------
    prefix
        Path below which a reverse proxy shows it, '' for none.
    origins
        host:port, as in the browser's address, of pages that may connect; beside those of the port itself.
    proxied
        Whether a reverse proxy in front tells host and scheme in its X- headers.
    token
        What one must know to look, None: nothing.
    """

    host: str = "127.0.0.1"
    port: int = 5006
    prefix: str = ""
    origins: tuple[str, ...] = ()
    proxied: bool = False
    token: str | None = None


class BrowserServer:
    """Serves the pages until it is stopped.

    Attributes
    ----------
    each_tick
        Called with each tick of the clock, in the thread that serves.
    viewers
        Those who look, by their sessions.
    frame_seconds
        What the last update of one viewer cost, None before the first.

    Raises
    ------
    OSError
        Nothing can listen at this address.
    """

    def __init__(self, gallery: Gallery, ports: ViewerPorts, address: Address):
        self.each_tick: Callable[[], object] = lambda: None
        self.viewers: dict[str, Viewer] = {}
        self.frame_seconds: float | None = None
        self._late = 0.0
        self._gallery, self._ports, self._where = gallery, ports, address
        self._prefix = "/" + address.prefix.strip("/") if address.prefix.strip("/") else ""
        self._refreshing: set[Viewer] = set()
        self._spent = 0.0
        self._ticked = time.monotonic()
        self._complained = ""
        silence(EMPTY_LAYOUT)  # a page without a figure
        _collect_when_due()
        self._server = Server(
            {"/": Application(_Opens(self._open, self._forget))},
            address=address.host,
            port=address.port,
            prefix=self._prefix,
            allow_websocket_origin=_origins(address),
            use_xheaders=address.proxied,
            index=None,
            auth_provider=NullAuth() if address.token is None else Token(address.token),
            sign_sessions=True,
            secret_key=generate_secret_key().encode(),
            exclude_cookies=[COOKIE],
            exclude_headers=["Cookie", "Authorization"],
            check_unused_sessions_milliseconds=UNUSED,
            unused_session_lifetime_milliseconds=UNUSED,
            websocket_max_message_size=MESSAGE_BYTES,
            websocket_compression_level=1,
            keep_alive_milliseconds=10_000,
            extra_patterns=[
                ("/page/(.*)", StaticFileHandler, {"path": str(PAGE)}),
                ("/table.csv", type("Table", (_Table,), {"gallery": gallery})),
                ("/alive", _Alive),
            ],
        )
        self._server.start()
        self._clock = PeriodicCallback(self._tick, FASTEST)
        self._clock.start()

    @property
    def address(self) -> str:
        """What to type into a browser on this computer."""
        host = "127.0.0.1" if self._where.host in _ANY else self._where.host
        return f"http://{host}:{self._where.port}{self._prefix}/"

    @property
    def loop(self) -> IOLoop:
        """The loop that serves."""
        return self._server.io_loop

    def lateness(self) -> float:
        """Return by how much the clock was late at worst since the last time, seconds: what held up the server."""
        late, self._late = self._late, 0.0
        return late

    def run(self) -> None:
        """Serve until `stop` is called.

        What is there now stays: it need not be searched with each collection of garbage, which takes a tenth of a
        second and more.
        """
        gc.collect()
        gc.freeze()
        self.loop.start()

    def stop(self) -> None:
        """Stop serving; may be called from anywhere, a signal handler too."""
        self.loop.add_callback(self._end)

    def _end(self) -> None:
        self._clock.stop()
        self._server.stop()
        self.loop.stop()

    def _open(self, document: Document) -> None:
        document.title = "XAFS live plots"
        document.template = (PAGE / "page.html").read_text()
        document.template_variables.update(prefix=self._prefix, version=__version__, bokeh_version=bokeh.__version__)
        document.config.update(reconnect_session=False, notify_connection_status=False)
        viewer = Viewer(document, self._gallery, self._ports)
        context: Any = document.session_context
        self.viewers[str(context.id)] = viewer

    def _forget(self, session: str) -> None:
        viewer = self.viewers.pop(session, None)
        if viewer is not None:
            self._refreshing.discard(viewer)

    def _tick(self) -> None:
        """Let those viewers have what is new who have drawn what they had."""
        now = time.monotonic()
        self._late = max(self._late, now - self._ticked - FASTEST / 1000)
        self._ticked = now
        self.each_tick()
        if not self.viewers:
            return
        try:
            self._gallery.look()
        except Exception as error:  # noqa: BLE001 - logged, and costs one tick
            self._complain("state_not_read", error)
            return
        self._spent = 0.0
        for viewer in sorted(self.viewers.values(), key=lambda one: one.refreshed):
            if viewer.waits and viewer.behind and viewer not in self._refreshing:
                self._refreshing.add(viewer)
                viewer.call(lambda one=viewer: self._refresh(one))

    def _refresh(self, viewer: Viewer) -> None:
        """Refresh a page, unless the time of this tick is spent: then it comes first with the next one."""
        self._refreshing.discard(viewer)
        if self._spent > SHARE:
            return
        began = viewer.refreshed = time.perf_counter()
        try:
            viewer.refresh()
        except Exception as error:  # noqa: BLE001 - logged, and costs one frame
            self._complain("page_not_refreshed", error)
        self.frame_seconds = time.perf_counter() - began
        self._spent += self.frame_seconds

    def _complain(self, event: str, error: Exception) -> None:
        """Log what is wrong once, not with each tick."""
        complaint = f"{event} {error!r}"
        if complaint != self._complained:
            self._complained = complaint
            log.error(event, exc_info=error)


def _collect_when_due() -> None:
    """Keep Bokeh from collecting all garbage with each page that is left: nobody else is served meanwhile.

    Its documents take their models apart by themselves; Python finds the rest in its own time.
    """
    bokeh.document.document.gc = SimpleNamespace(collect=lambda: 0)  # type: ignore[attr-defined]


class _Opens(FunctionHandler):
    """Opens documents, and forgets them: told by the server, since a hook of the document costs a collection."""

    def __init__(self, open_document: Callable[[Document], None], forget: Callable[[str], None]):
        super().__init__(open_document)
        self._forget = forget

    async def on_session_destroyed(self, session_context: SessionContext) -> None:
        """Forget who looked."""
        self._forget(str(session_context.id))


class _Alive(AuthRequestHandler):
    """Tells a page that lost its connection that there is a server again."""

    def get(self) -> None:
        self.set_header("Cache-Control", "no-store")
        self.write("alive")


class _Table(AuthRequestHandler):
    """A figure's numbers, as CSV."""

    gallery: Gallery

    @authenticated
    def get(self) -> None:
        figure = self.gallery.figure(
            self.get_query_argument("figure", ""), channels=self.get_query_argument("channels", "") == "1"
        )
        if figure is None:
            self.set_status(404)
            self.finish("this figure is no longer kept")
            return
        name = re.sub(r"[^\w.-]+", "_", figure.title, flags=re.ASCII).strip("_.") or figure.kind
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="{name}.csv"')
        self.finish(table_of(figure))


def _origins(address: Address) -> list[str]:
    own = {address.host, "127.0.0.1", "localhost"} - _ANY
    return [*(f"{name}:{address.port}" for name in sorted(own)), *address.origins]
