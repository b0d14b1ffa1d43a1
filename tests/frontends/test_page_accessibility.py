"""What axe finds wrong with the pages of the browser view: nothing, in light and dark, wide and on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from helpers.accessibility import find_violations
from helpers.browser import BrowserHarness, has_figure_data
from helpers.pages import Scheme
from helpers.processes import wait_until
from helpers.streams import Entry, build_run_documents, fold, stamp_entries
from xafs_workers.figures.figure_builder import build_figure, list_shown_scans

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from plugins.browsers import OpenTab

DESK, PHONE = (1440, 900), (360, 740)
LOOKS: list[tuple[Scheme, tuple[int, int]]] = [
    ("light", DESK),
    ("light", PHONE),
    ("dark", DESK),
    ("dark", PHONE),
]
TOKEN = "heron-and-grebe"
LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
XAFS = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "transmission", "filename": "fe", "repetitions": 2}
LOST = """() => { document.querySelector("#lost").hidden = false;
  document.querySelector("#connection").className = "waiting"; document.querySelector("#age").className = "stale";
  document.querySelector("#age").textContent = "data 1 min old"; }"""


def measure_line(scan: int, n: int = 20) -> list[Entry]:
    columns = {"xafs_x": [0.1 * i for i in range(n)], "I0": [1.0] * n, "It": [1.0 + i % 7 for i in range(n)]}
    start = {"scan_id": scan, "XDI": {"Sample": {"name": "Ni foil"}}}
    return [("bmm", LINE), *build_run_documents(hint=None, motors=["xafs_x"], columns=columns, start=start)]


def measure_spectrum(n: int = 30) -> list[Entry]:
    columns = {"dcm_energy": [7000.0 + 10 * i for i in range(n)], "dwti_dwell_time": [1.0] * n, "I0": [100.0] * n,
               "It": [50.0 + i for i in range(n)], "Ir": [20.0] * n}  # fmt: skip
    start = {"num_points": 2 * n, "scan_id": 8}
    run = build_run_documents(hint="xafs", motors=["dcm_energy"], columns=columns, start=start)
    return [("bmm", XAFS), ("bmm", {"xafsscan": "next", "count": 1}), *run]


@pytest.fixture
def harness() -> Iterator[BrowserHarness]:
    made = BrowserHarness(token=TOKEN)
    yield made
    made.close()


def open_menu(name: str) -> Callable[[Page], None]:
    return lambda page: page.click(f"#{name} summary")


def open_history(page: Page) -> None:
    page.keyboard.press("h")
    wait_until(lambda: page.locator("#past .picture svg").count() >= 1, "the thumbnails")
    page.fill("#search", "ni")


STATES: dict[str, Callable[[Page], object]] = {
    "live": lambda page: None,
    "view menu": open_menu("view"),
    "copy menu": open_menu("copies"),
    "keys": lambda page: page.keyboard.press("?"),
    "history": open_history,
    "lost connection": lambda page: page.evaluate(LOST),
    "large type": lambda page: page.click("#large"),
    "one figure": lambda page: page.click("#cards li:nth-child(2) button"),
}
"""What a user opens on a page, one after another."""


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "size"), LOOKS)
def test_pages_of_figures_have_no_violations(
    scheme: Scheme, size: tuple[int, int], harness: BrowserHarness, open_tab: OpenTab
) -> None:
    harness.board = fold(stamp_entries([*measure_line(7), ("bmm", {"linescan": "stop"}), *measure_spectrum()]))
    tab = open_tab(f"{harness.address}login?token={TOKEN}", scheme=scheme, size=size)
    figure = build_figure(harness.board, list_shown_scans(harness.board)[-1])
    wait_until(lambda: has_figure_data(tab.page, figure) and tab.page.evaluate("xafs.isDrawn()"), "the figure")
    wait_until(lambda: tab.page.locator("#cards .picture svg").count() == 2, "the thumbnails")
    assert tab.page.is_visible("h1")
    found: dict[str, list[str]] = {}
    for state, act in STATES.items():
        act(tab.page)
        wait_until(lambda: tab.page.evaluate("xafs.isDrawn()"), "the page to be drawn")
        found[state] = find_violations(tab.page)
        tab.page.keyboard.press("Escape")
    assert "/figure/" in tab.page.url
    assert {state: violations for state, violations in found.items() if violations} == {}


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "size"), LOOKS)
def test_other_pages_have_no_violations(
    scheme: Scheme, size: tuple[int, int], harness: BrowserHarness, open_tab: OpenTab
) -> None:
    tab = open_tab(f"{harness.address}login", scheme=scheme, size=size)
    found = {"login": find_violations(tab.page)}
    for name, path, title in (
        ("refusal", "login?token=wrong", "XAFS live plots"),
        ("error", "nowhere", "Error 404"),
    ):
        tab.page.goto(f"{harness.address}{path}")
        assert tab.page.title() == title
        found[name] = find_violations(tab.page)
        tab.complaints.clear()  # each of these answers is an error
    assert tab.page.get_attribute("a", "href") == "/"
    tab.page.goto(f"{harness.address}login?token={TOKEN}")
    wait_until(lambda: tab.page.inner_text("#nothing") == "no figures yet", "the empty page")
    found["empty"] = find_violations(tab.page)
    tab.page.goto(f"{harness.address}table.csv?figure=none")
    found["no table"] = find_violations(tab.page)
    tab.complaints.clear()
    assert tab.overflow == 0
    assert {name: violations for name, violations in found.items() if violations} == {}
