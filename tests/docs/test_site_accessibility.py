"""The built manual in a real Chromium: axe finds nothing, in light and dark, on a desktop and on a phone."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from helpers.accessibility import find_violations
from helpers.pages import Scheme

if TYPE_CHECKING:
    from plugins.browsers import OpenTab

SITE = Path(__file__).parents[2] / "docs" / "_build" / "html"
DESKTOP, PHONE = (1280, 900), (360, 740)
BOTH_ON_BOTH = [(scheme, size) for scheme in get_args(Scheme) for size in (DESKTOP, PHONE)]
EACH_ONCE = [("light", DESKTOP), ("dark", PHONE)]
"""For pages whose frame is that of the front page: axe takes seconds for a long one."""

PAGES = {
    "index": BOTH_ON_BOTH,
    "reference/messages/xafsscan": BOTH_ON_BOTH,
    "search": BOTH_ON_BOTH,
    "explanations/comparison": BOTH_ON_BOTH,
    "tutorials/demo": EACH_ONCE,
    "how-to/read-the-screen": EACH_ONCE,
    "reference/files": EACH_ONCE,
    "configuration": EACH_ONCE,
}
"""One page of each kind."""


class QuietHandler(SimpleHTTPRequestHandler):
    """Files without a line on standard error for each."""

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Serve the manual that `make docs` built; in CI it is built before the tests. The search reads other pages."""
    if not (SITE / "index.html").is_file():
        if os.environ.get("CI"):
            raise FileNotFoundError(f"{SITE}/index.html: expected the built manual (make docs)")
        pytest.skip("the manual is not built: make docs")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=SITE)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_pages_have_no_violations(name: str, site: str, open_tab: OpenTab) -> None:
    address = f"{site}/{name}.html" + ("?q=kafka" if name == "search" else "")
    for scheme, size in PAGES[name]:
        tab = open_tab(address, scheme=scheme, size=size)
        if name == "search":
            tab.page.wait_for_selector("#search-results .highlighted")
        assert tab.page.evaluate("document.documentElement.dataset.theme") == scheme
        assert find_violations(tab.page) == [], (scheme, size)
        assert tab.overflow == 0, (scheme, size)
        assert tab.page.evaluate(SCROLLED_TEXT) == 0, (scheme, size)


SCROLLED_TEXT = """() => { const box = document.querySelector('.bd-article-container');
  return box === null ? 0 : box.scrollWidth - box.clientWidth; }"""
"""By how many pixels the text of a page is wider than its column, which the theme hides behind a scroll bar."""


def test_violations_are_found(open_tab: OpenTab) -> None:
    page = (
        "<html lang='en'><title>t</title><main><h1>t</h1><p style='color:#ccc;background:#fff'>pale</p></main></html>"
    )
    (found,) = find_violations(open_tab(f"data:text/html,{page.replace('#', '%23')}").page)
    assert found.startswith("color-contrast: <p style=")
