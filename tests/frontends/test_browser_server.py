"""Test the server of the pages: access, origins, and that closed pages use no resources."""

from __future__ import annotations

import asyncio
import gc
import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from bokeh.models import Plot
from bokeh.util.token import generate_jwt_token, generate_session_id

from helpers.browser import BrowserHarness, find_free_port, has_figure_data
from helpers.patience import SECONDS as PATIENCE
from helpers.processes import wait_until
from helpers.protocol_viewer import TOKEN, ProtocolViewer, run_coroutines
from helpers.streams import build_run_documents
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.frontends.browser.page_state import parse_message, parse_style
from xafs_workers.render.bokeh.style import Style

if TYPE_CHECKING:
    from plugins.browsers import OpenTab

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
TEXT = b"\x81"
"""First byte of a websocket text frame."""
SECRET = "as dark as a hutch"


@pytest.fixture
def shows() -> Iterator[Callable[..., BrowserHarness]]:
    made: list[BrowserHarness] = []

    def new(**options: Any) -> BrowserHarness:
        show = BrowserHarness(**options)
        columns = {"xafs_x": [0.0, 1.0, 2.0], "I0": [1.0] * 3, "It": [1.0, 3.0, 2.0]}
        show.add_entries(("bmm", LINE), *build_run_documents(hint=None, motors=["xafs_x"], columns=columns))
        made.append(show)
        return show

    yield new
    for show in made:
        show.close()


def asked(show: BrowserHarness, path: str, *, method: str = "GET", body: str | None = None, **headers: str) -> Any:
    """Request a path and return the answer with its text; redirects are not followed."""
    connection = http.client.HTTPConnection(urlsplit(show.address).netloc, timeout=PATIENCE)
    kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    connection.request(method, path, body, {**kind, **headers})
    answer = connection.getresponse()
    answer.text = answer.read().decode()  # type: ignore[attr-defined]
    connection.close()
    return answer


def refused(address: str, token: str, **headers: str) -> bool:
    """Check whether a websocket is refused, or closed before its first message."""
    parts = urlsplit(address)
    lines = {
        "Host": parts.netloc,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "c2l4dGVlbiBjaGFyYWN0ZXJz"[:22] + "==",
        "Sec-WebSocket-Protocol": f"bokeh, {token}",
        **headers,
    }
    with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE) as there:
        text = f"GET {parts.path}ws HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        there.sendall(text.encode() + b"\r\n")
        with there.makefile("rb") as answer:
            status = int(answer.readline().split()[1])
            while answer.readline() not in (b"\r\n", b""):
                pass
            return status != http.client.SWITCHING_PROTOCOLS or answer.read(1) != TEXT


def test_pages_are_open_without_a_token(shows: Callable[..., BrowserHarness]) -> None:
    show = shows()
    page = asked(show, "/")
    assert page.status == 200
    token = TOKEN.search(page.text)
    assert token is not None
    assert not refused(show.address, token[1])
    assert asked(show, "/alive").text == "alive"
    assert asked(show, "/table.csv?figure=nothing").status == 404


def test_pages_are_refused_without_the_required_token(shows: Callable[..., BrowserHarness], open_tab: OpenTab) -> None:
    show = shows(token=SECRET)
    figure = build_figure(show.board, show.board.scans[0])
    for path in ("/", f"/table.csv?figure={figure.id}", "/metadata"):
        answer = asked(show, path)
        assert answer.status in (302, 403), path
        assert "xafs_x" not in answer.text
    forged = generate_jwt_token(generate_session_id(signed=False), signed=False)
    assert refused(show.address, forged)
    assert asked(show, "/login", method="POST", body="token=guess").status == 403
    assert asked(show, "/login?token=guess").status == 403
    assert asked(show, "/", Cookie="xafs-workers=viewer").status == 302
    tab = open_tab(show.address)
    tab.page.fill("#token", SECRET)
    tab.page.click("button")
    wait_until(lambda: has_figure_data(tab.page, figure), "the figure")
    assert tab.page.url == show.address
    assert "hutch" not in tab.page.content()
    assert tab.page.evaluate("document.cookie") == ""


def test_the_token_may_be_given_once_in_the_address(shows: Callable[..., BrowserHarness]) -> None:
    show = shows(token="rook-and-magpie")
    answer = asked(show, "/login?token=rook-and-magpie")
    assert answer.status == 302
    assert answer.getheader("Location") == "/"
    cookie = answer.getheader("Set-Cookie")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "magpie" not in cookie
    assert asked(show, "/", Cookie=cookie.partition(";")[0]).status == 200


@pytest.mark.slow
def test_sessions_of_another_server_are_refused(shows: Callable[..., BrowserHarness]) -> None:
    one, other = shows(), shows()
    token = TOKEN.search(asked(one, "/").text)
    assert token is not None
    assert refused(other.address, token[1])
    assert refused(one.address, generate_jwt_token(generate_session_id(signed=False), signed=False))


@pytest.mark.slow
def test_pages_of_other_hosts_may_not_connect(shows: Callable[..., BrowserHarness]) -> None:
    show = shows(origins=("plots.example.org",))
    token = TOKEN.search(asked(show, "/").text)
    assert token is not None
    assert refused(show.address, token[1], Origin="http://evil.example.org")
    token = TOKEN.search(asked(show, "/").text)
    assert token is not None
    assert not refused(show.address, token[1], Origin="https://plots.example.org")


class Proxy:
    """Reverse proxy that forwards another port of this computer to the server."""

    def __init__(self, port: int, target: int):
        self.port, self._target = port, target
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._listening.wait(PATIENCE)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", self.port))
        self._listening.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer), return_exceptions=True)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        finally:
            sink.close()


def test_pages_work_behind_a_proxy_below_a_path(shows: Callable[..., BrowserHarness], open_tab: OpenTab) -> None:
    outside = find_free_port()
    show = shows(prefix="/beamline/xafs/", origins=(f"127.0.0.1:{outside}",), is_proxied=True)
    own = urlsplit(show.address)
    assert own.path == "/beamline/xafs/"
    assert asked(show, "/").status == 404
    proxy = Proxy(outside, int(own.port or 0))
    try:
        tab = open_tab(show.address.replace(own.netloc, f"127.0.0.1:{outside}"))
        wait_until(lambda: has_figure_data(tab.page, build_figure(show.board, show.board.scans[0])), "the figure")
        assert not [address for address in tab.requested_urls if own.netloc in address]
        tab.close()
    finally:
        proxy.close()


@pytest.mark.slow
def test_no_other_file_is_served(shows: Callable[..., BrowserHarness]) -> None:
    show = shows()
    for path in ("/page/../viewer.py", "/page/%2e%2e/viewer.py", "/page/%2e%2e%2fviewer.py", "/page//etc/passwd"):
        answer = asked(show, path)
        assert answer.status in (403, 404), path
    assert asked(show, "/page/page.js").status == 200


@pytest.mark.slow
def test_closed_pages_use_no_resources(shows: Callable[..., BrowserHarness]) -> None:
    """Each viewer opens the page, gets a figure and leaves; its models are then freed."""
    show = shows()
    lost: list[ProtocolViewer] = []

    async def visit() -> None:
        onlooker = ProtocolViewer(show.address)
        await onlooker.open()
        await onlooker.draw_until(lambda one: one.frames >= 1)
        await onlooker.close()
        lost.append(onlooker)

    def plots() -> int:
        wait_until(lambda: not show.run_in_loop(lambda: len(show.server.viewers)), "the server to forget its viewers")
        return show.run_in_loop(lambda: gc.collect() and sum(isinstance(one, Plot) for one in gc.get_objects()))

    for _ in range(2):
        run_coroutines(*(visit() for _ in range(10)))
    before = plots()
    for _ in range(5):
        run_coroutines(*(visit() for _ in range(10)))
    assert len(lost) == 70
    assert plots() <= before


@pytest.mark.slow
def test_a_page_that_does_not_draw_gets_no_more_frames(shows: Callable[..., BrowserHarness]) -> None:
    show = shows()

    async def stare() -> int:
        onlooker = ProtocolViewer(show.address)
        await onlooker.open()
        await onlooker.draw_until(lambda one: one.frames >= 1)
        show.add_entries(("bmm", {**LINE, "motor": "xafs_y"}))
        show.now += 1000
        frames = await onlooker.count_pending_frames()
        await onlooker.close()
        return frames

    assert run_coroutines(stare()) == [1]


@pytest.mark.parametrize("text", [None, 7, "x" * 5000, "{", "[1]", '"look"', '{"a": 1'])
def test_an_invalid_page_message_is_ignored(text: object) -> None:
    assert parse_message(text) == {}


@pytest.mark.parametrize(
    ("fields", "style"),
    [
        (None, Style()),
        ({"dark": True, "height": 500}, Style(dark=True, height=500)),
        ({"dark": 1, "large": "yes", "height": "tall"}, Style()),
        ({"height": float("nan")}, Style()),
        ({"height": 1e9}, Style(height=4000)),
        ({"height": -5, "narrow": True}, Style(narrow=True, height=320)),
    ],
)
def test_an_invalid_page_style_falls_back_to_defaults(fields: object, style: Style) -> None:
    assert parse_style(fields) == style
