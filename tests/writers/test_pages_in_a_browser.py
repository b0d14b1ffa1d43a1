"""Dossier, list and message log in a real Chromium: light, dark, on a phone, on paper."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from helpers.accessibility import find_violations
from helpers.dossiers import build_board_sources, touch_files
from helpers.processes import wait_until
from helpers.streams import fold, read_entries, stamp_entries
from xafs_workers.writers.dossier import build_page_name, render_dossier_page
from xafs_workers.writers.dossier_content import SpectrumCounts
from xafs_workers.writers.dossier_index import format_manifest_line, render_index_page
from xafs_workers.writers.message_log import LogEntry, encode_entry, render_log_page

if TYPE_CHECKING:
    from plugins.browsers import OpenTab

PAGES = ("s-01.html", "00INDEX.html", "messagelog.html")
DESK, TABLET, PHONE = (1360, 900), (820, 1000), (360, 740)
LONG_WORD = "a_very_long_word_that_nobody_can_break_" * 12


@pytest.fixture(scope="module")
def folder(measured: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a proposal folder with a complete dossier, its list and the log."""
    made = tmp_path_factory.mktemp("proposal")
    board = fold(stamp_entries(read_entries(measured / "cr2o3_fluo.jsonl")))
    files = [f"Cr2O3.{n:03d}" for n in range(1, 6)]
    pictures = ["snapshots/s_01.png", "snapshots/s_liveplot_01.png", "snapshots/w.jpg", "XRF/x.png"]
    touch_files(made, *files, *pictures, "prj/s_01.prj")
    found = build_board_sources(board, made)
    first = found.first_run
    user = {
        **first.xdi["_user"],
        "instrument": "<table><tr><td>slot</td><td>14</td></tr></table>",
        "clargs": "{'a': 1}",
    }
    more = {"_snapshots": {"webcam_file": "w.jpg", "xrf_image": "x.png"}, "_user": {**user, "comment": LONG_WORD}}
    first = replace(first, start={**first.start, "XDI": {**first.xdi, **more}})
    counts = SpectrumCounts(("1", "2", "3", "4"), (1234567,) * 4, (98765,) * 4)
    found = replace(found, dossier=replace(found.dossier, stub="s"), runs=[first, *found.runs[1:]], counts=counts)
    (made / "dossier").mkdir()
    page = made / build_page_name("s", 1)
    page.write_bytes(render_dossier_page("xafs", found))
    there = lambda name: (made / name).exists()  # noqa: E731
    manifest = format_manifest_line("xafs", str(page))
    index = render_index_page(manifest, lambda name: (made / name).read_bytes(), session="pass-1", date="2025-03-03")
    (made / "dossier/00INDEX.html").write_bytes(index)
    log = b"".join(
        [
            encode_entry(LogEntry("1", 1.7e9, "begins", rid=found.dossier.rid)),
            encode_entry(LogEntry("2", 1.7e9, LONG_WORD, picture="snapshots/s_01.png")),
            encode_entry(LogEntry("3", 1.7e9, "webcam", picture="snapshots/w.jpg")),
        ]
    )
    (made / "dossier/messagelog.html").write_bytes(render_log_page(log, there, session="pass-1"))
    return made


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_legible_in_light_dark_and_on_a_phone(name: str, folder: Path, open_tab: OpenTab) -> None:
    grounds: dict[str, str] = {}
    for scheme in ("light", "dark"):
        chosen: Literal["light", "dark"] = "light" if scheme == "light" else "dark"
        for size in (DESK, TABLET, PHONE):
            tab = open_tab((folder / "dossier" / name).as_uri(), scheme=chosen, size=size)
            assert tab.overflow == 0, size
            assert all(address.startswith(("file:", "data:")) for address in tab.requested_urls)
            grounds[scheme] = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert _contrast(tab.page.evaluate(TEXT_AND_GROUND)) > 7, "text is read without effort"
            assert size == TABLET or find_violations(tab.page) == [], (scheme, size)
    assert grounds["light"] != grounds["dark"]


def test_all_pictures_are_drawn_and_nothing_is_executed(folder: Path, open_tab: OpenTab) -> None:
    tab = open_tab((folder / "dossier" / "s-01.html").as_uri())
    tab.page.evaluate("document.querySelectorAll('img').forEach(image => image.loading = 'eager')")
    # The page's policy forbids the script with which Playwright itself would wait.
    drawn = "[...document.images].every(image => image.complete && image.naturalWidth > 0)"
    wait_until(lambda: tab.page.evaluate(drawn), "all pictures")
    assert tab.page.evaluate("document.images.length") == 4
    assert tab.page.evaluate("document.scripts.length") == 0


def test_the_details_open_without_a_script(folder: Path, open_tab: OpenTab) -> None:
    page = open_tab((folder / "dossier" / "s-01.html").as_uri()).page
    code = page.locator("pre.code").first
    assert not code.is_visible()
    page.get_by_text("INI file").click()
    assert code.is_visible()
    assert "filename = Cr2O3" in code.inner_text()


def test_links_open_the_list_and_the_anchor(folder: Path, open_tab: OpenTab) -> None:
    tab = open_tab((folder / "dossier" / "s-01.html").as_uri())
    tab.page.get_by_role("link", name="Timeline").click()
    tab.page.wait_for_selector("article:target")
    tab.page.get_by_role("link", name="Dossiers").click()
    tab.page.get_by_role("link", name="s-01").click()
    assert tab.page.title() == "XAFS: s 01"


def test_the_content_policy_blocks_injected_scripts(folder: Path, open_tab: OpenTab) -> None:
    """A script or a foreign picture that got past all escaping would still neither run nor be fetched."""
    content = (folder / "dossier" / "s-01.html").read_text()
    slipped = folder / "dossier" / "slipped.html"
    bad = "<script>document.title = 'mine'</script><img src='http://198.51.100.1/x.png'>"
    slipped.write_text(content.replace("</main>", f"{bad}</main>"))
    tab = open_tab(slipped.as_uri())
    assert tab.page.title() == "XAFS: s 01"
    assert "request failed: http://198.51.100.1/x.png (csp)" in tab.complaints
    assert [complaint for complaint in tab.complaints if "inline script violates" in complaint]
    tab.complaints.clear()


def test_pages_are_legible_in_print(folder: Path, open_tab: OpenTab, tmp_path: Path) -> None:
    """Printed in dark mode too it is dark on white, and what is folded on the screen is unfolded."""
    for name in PAGES:
        tab = open_tab((folder / "dossier" / name).as_uri(), scheme="dark")
        assert tab.save_pdf(tmp_path / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        tab.page.emulate_media(media="print", color_scheme="dark")
        assert tab.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert _contrast(tab.page.evaluate(TEXT_AND_GROUND)) > 15
        # A card that may not be broken begins a page, and leaves the one before it empty.
        long = tab.page.locator(".sheet").filter(has=tab.page.locator("article, ol, figure"))
        assert long.count() >= 1
        assert set(long.evaluate_all("all => all.map(one => getComputedStyle(one).breakInside)")) == {"auto"}
        assert tab.page.evaluate(PRINTED_HEAD).startswith("pass-1 " if name != "s-01.html" else "BMM")
        if name == "s-01.html":
            assert tab.page.locator("pre.code").first.bounding_box()["height"] > 50  # type: ignore[index]


PRINTED_HEAD = """() => {
  const page = [...document.styleSheets[0].cssRules].find(rule => rule instanceof CSSPageRule);
  return page.cssRules[0].style.content.slice(1, -1);
}"""

TEXT_AND_GROUND = """() => {
  const sheet = document.querySelector('.sheet');
  const numbers = text => text.match(/\\d+/g).slice(0, 3).map(Number);
  return [numbers(getComputedStyle(sheet).color), numbers(getComputedStyle(sheet).backgroundColor)];
}"""


def _contrast(colours: list[list[int]]) -> float:
    """Return the contrast ratio of two colours (WCAG 2.1)."""

    def luminance(colour: list[int]) -> float:
        linear = [(c / 255 / 12.92) if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted(map(luminance, colours), reverse=True)
    return (bright + 0.05) / (dark + 0.05)
