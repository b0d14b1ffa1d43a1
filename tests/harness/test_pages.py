"""The browser of the tests notices what a page does that it should not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from helpers.pages import Tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from plugins.browsers import OpenTab

QUIET = "<!doctype html><title>t</title><style>@media (prefers-color-scheme: dark) {p {color: red}}</style><p>x</p>"
LOUD = """<!doctype html><title>t</title><img src="missing.png"><div style="width: 3000px">wide</div>
<link rel="stylesheet" href="http://198.51.100.1/x.css"><script>console.error("bad"); nowhere()</script>"""


def test_a_valid_page_has_no_complaints_in_either_scheme(open_tab: OpenTab, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(QUIET)
    for scheme, colour in (("light", "rgb(0, 0, 0)"), ("dark", "rgb(255, 0, 0)")):
        tab = open_tab(page.as_uri(), scheme=scheme, size=(360, 640))
        assert tab.page.eval_on_selector("p", "e => getComputedStyle(e).color") == colour
        assert tab.overflow == 0
        assert tab.requested_urls == [page.as_uri()]
        assert tab.save_screenshot(tmp_path / f"{scheme}.png").read_bytes().startswith(b"\x89PNG")
    assert tab.save_pdf(tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")


def test_complaints_are_collected(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(LOUD)
    context_blocks = Tab(browser, page.as_uri())
    context_blocks.close()
    heard = "\n".join(context_blocks.complaints)
    for part in ("asked for http://198.51.100.1", "missing.png", "console error: bad", "exception: nowhere"):
        assert part in heard
