"""Test what protects the pages: headers of every answer, refusal of malformed requests, waits after wrong tokens."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import structlog
from bokeh.core.types import ID
from bokeh.util.token import generate_jwt_token

from helpers.browser import BrowserHarness, has_figure_data
from helpers.patience import SECONDS as PATIENCE
from helpers.processes import wait_until
from helpers.streams import build_run_documents
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.frontends.browser.guess_limit import FORGET_AFTER, FREE_GUESSES, MAX_ADDRESSES, MAX_WAIT, GuessLimit

if TYPE_CHECKING:
    from plugins.browsers import OpenTab

TOKEN = "heron-and-grebe"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "c2l4dGVlbiBjaGFyYWN0ZQ==",
}
HEADERS = ("content-security-policy", "x-content-type-options", "x-frame-options")


@pytest.fixture(scope="module")
def unharmed() -> Iterator[BrowserHarness]:
    """One server for all requests that must not change it."""
    harness = BrowserHarness(token=TOKEN)
    yield harness
    harness.close()


@pytest.fixture
def show() -> Iterator[BrowserHarness]:
    harness = BrowserHarness(token=TOKEN)
    yield harness
    harness.close()


def send_raw(
    harness: BrowserHarness, path: str, *, method: str = "GET", body: str = "", source: str = "", **headers: str
) -> tuple[int, dict[str, str]]:
    """Send a request as it is given, in Latin-1, and return status and headers of the answer."""
    parts = urlsplit(harness.address)
    given = {"Host": parts.netloc, **({"Content-Length": str(len(body))} if body else {}), **headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    own = (source, 0) if source else None
    with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE, source_address=own) as there:
        there.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode("latin-1"))
        with there.makefile("rb") as answer:
            status = int(answer.readline().split()[1])
            lines = list(iter(lambda: answer.readline().decode("latin-1").strip(), ""))
    return status, {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def guess(harness: BrowserHarness, token: str, source: str = "") -> tuple[int, dict[str, str]]:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return send_raw(harness, "/login", method="POST", body=f"token={token}", source=source, **kind)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 302),
        ("/login", 200),
        ("/login?token=guess", 403),
        ("/alive", 200),
        ("/metadata", 302),
        ("/table.csv?figure=none", 302),
        ("/ws", 403),
        ("/favicon.ico", 200),
        ("/page/page.js", 200),
        ("/page/none.js", 404),
        ("/page/", 403),
        ("/page/%00", 404),
        ("/page/%ff", 400),
        ("/static/js/bokeh.min.js", 200),
        ("/static/%00", 404),
        ("/static/extensions/%00/a", 404),
        ("/autoload.js?bokeh-autoload-element=1", 404),
        ("/nowhere", 404),
        ("/%ff%fe", 404),
        ("/" + "a" * 9000, 404),
        ("//[", 404),
        ("http://[::1", 404),
        ("nonsense", 404),
        ("/?bokeh-token=x", 403),
        ("/?bokeh-session-id=x", 403),
        ("/login?token=%ff", 400),
    ],
)
def test_every_answer_has_the_protecting_headers(
    unharmed: BrowserHarness, path: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    answer, headers = send_raw(unharmed, path)
    assert answer == status
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize(
    ("path", "status", "headers"),
    [
        ("/", 302, {"Cookie": "xafs-workers=\xff\xfe\xe9"}),
        ("/", 302, {"Cookie": 'xafs-workers="\\777"'}),
        ("/", 302, {"Cookie": "caf\xe9=1; ;;=; xafs-workers; $Version=1"}),
        ("/", 302, {"Cookie": "xafs-workers=" + "a" * 10_000}),
        ("/", 302, {"X-Strange": "\xff\xe9"}),
        ("/", 403, {"Bokeh-Session-Id": "x"}),
        ("/ws", 403, {}),
        ("/ws", 403, {"Sec-WebSocket-Protocol": "other"}),
        ("/ws", 403, {"Sec-WebSocket-Protocol": "bokeh, rubbish"}),
        ("/ws", 403, {"Sec-WebSocket-Protocol": "bokeh, e30.abc"}),
        ("/ws", 403, {"Sec-WebSocket-Protocol": "bokeh, W10.abc"}),
        ("/ws", 403, {"Sec-WebSocket-Protocol": "bokeh, \xe9\xff"}),
        ("/ws", 403, {"Sec-WebSocket-Protocol": "bokeh, a, b"}),
        ("/ws", 403, {"Sec-WebSocket-Protocol": "bokeh, " + "W1tb" * 5000}),
        ("/ws", 403, {"Origin": "http://[bad", "Sec-WebSocket-Protocol": "bokeh, a"}),
    ],
)
def test_malformed_headers_are_refused_quietly(
    unharmed: BrowserHarness, path: str, status: int, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    upgrade = UPGRADE if path == "/ws" else {}
    answer, given = send_raw(unharmed, path, **upgrade, **headers)
    assert answer == status
    assert set(HEADERS) <= given.keys()
    assert [record for record in caplog.records if record.exc_info or record.levelno > logging.WARNING] == []


def test_an_expired_session_is_refused_quietly(unharmed: BrowserHarness, caplog: pytest.LogCaptureFixture) -> None:
    key = unharmed.server._server._tornado.secret_key
    token = generate_jwt_token(ID("a"), secret_key=key, signed=True, expiration=-10)
    assert send_raw(unharmed, "/ws", **UPGRADE, **{"Sec-WebSocket-Protocol": f"bokeh, {token}"})[0] == 403
    assert [record for record in caplog.records if record.exc_info or record.levelno > logging.WARNING] == []


@pytest.mark.slow
def test_guesses_wait_without_closing_others_out(show: BrowserHarness) -> None:
    with structlog.testing.capture_logs() as logged:
        for _ in range(FREE_GUESSES + 1):
            assert guess(show, "wrong")[0] == 403
        status, headers = guess(show, TOKEN)
        assert status == 429
        assert headers["retry-after"] == "1"
        assert guess(show, TOKEN, source="127.0.0.2")[0] == 302
    assert [(line["event"], line["address"], line["wrong_tokens"]) for line in logged] == [
        ("wrong_token", "127.0.0.1", number + 1) for number in range(FREE_GUESSES + 1)
    ]
    wait_until(lambda: guess(show, TOKEN)[0] == 302, "the end of the wait")


def test_the_wait_grows_up_to_a_limit() -> None:
    now = [0.0]
    limit = GuessLimit(clock=lambda: now[0])
    waits = []
    for _ in range(FREE_GUESSES + 10):
        limit.record_wrong_token("192.0.2.1")
        waits.append(limit.compute_wait("192.0.2.1"))
        now[0] += waits[-1]
    assert waits[:FREE_GUESSES] == [0.0] * FREE_GUESSES
    assert waits[FREE_GUESSES : FREE_GUESSES + 3] == [1.0, 2.0, 4.0]
    assert waits[-1] == MAX_WAIT
    assert limit.compute_wait("192.0.2.2") == 0.0


def test_addresses_of_one_ipv6_network_wait_together() -> None:
    limit = GuessLimit(clock=lambda: 0.0)
    for number in range(FREE_GUESSES + 1):
        limit.record_wrong_token(f"2001:db8::{number + 1}")
    assert limit.compute_wait("2001:db8::ffff") == 1.0
    assert limit.compute_wait("2001:db8:0:1::1") == 0.0


def test_old_addresses_are_forgotten() -> None:
    now = [0.0]
    limit = GuessLimit(clock=lambda: now[0])
    for number in range(MAX_ADDRESSES + 5):
        limit.record_wrong_token(f"client {number}")
    assert len(limit._guesses) == MAX_ADDRESSES
    now[0] = FORGET_AFTER + 1
    limit.record_wrong_token("another")
    assert len(limit._guesses) == 1


def test_the_policy_forbids_foreign_scripts(show: BrowserHarness, open_tab: OpenTab) -> None:
    """The page draws under its policy without a complaint; an inline script without the nonce does not run."""
    columns = {"xafs_x": [0.0, 1.0, 2.0], "I0": [1.0] * 3, "It": [1.0, 3.0, 2.0]}
    line = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
    show.add_entries(("bmm", line), *build_run_documents(hint=None, motors=["xafs_x"], columns=columns))
    tab = open_tab(f"{show.address}login?token={TOKEN}")
    wait_until(lambda: has_figure_data(tab.page, build_figure(show.board, show.board.scans[0])), "the figure")
    with tab.page.expect_download() as download:
        tab.page.click("#png")
    assert download.value.suggested_filename.endswith(".png")
    assert tab.complaints == []
    ran = tab.page.evaluate("""() => { const one = document.createElement("script");
      one.textContent = "window.foreign = 1"; document.body.append(one); return window.foreign ?? 0; }""")
    assert ran == 0
    assert len(tab.complaints) == 1
    assert "Content Security Policy" in tab.complaints.pop()
