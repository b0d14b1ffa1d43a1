"""Test the browser view in Chromium, with mouse and keyboard, on a board that the test fills."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from helpers.browser import BrowserHarness, build_expected_data, has_figure_data, read_plotted_data
from helpers.gallery import list_distinct_figures
from helpers.processes import wait_until
from helpers.streams import EPOCH, Entry, build_run_documents, fold, stamp_entries
from xafs_workers.figures.figure_builder import build_figure, list_shown_scans
from xafs_workers.figures.view_options import ViewOptions
from xafs_workers.figures.views import build_view
from xafs_workers.frontends.browser.viewer import summarize_figure
from xafs_workers.frontends.view_commands import FIGURE_COMMANDS, VIEW_COMMANDS, build_options
from xafs_workers.scans.board import Board

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from plugins.browsers import OpenTab

POINTS = 60
LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
XAFS = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "transmission", "filename": "fe", "repetitions": 2}
NEXT = {"xafsscan": "next", "count": 1}
MAP = {
    "areascan": "start", "slow_motor": "xafs_y", "slow_start": 0.0, "slow_stop": 1.5, "slow_steps": 4,
    "slow_initial": 0.0, "fast_motor": "xafs_x", "fast_start": 0.0, "fast_stop": 1.0, "fast_steps": 5,
    "fast_initial": 0.0, "detector": "it", "element": "Fe", "energy": 7200.0,
}  # fmt: skip


def line_run(n: int = POINTS) -> list[Entry]:
    x = [0.1 * i for i in range(n)]
    return list(
        build_run_documents(
            hint=None,
            motors=["xafs_x"],
            columns={"xafs_x": x, "I0": [100.0] * n, "It": [50.0 + (i % 7) for i in range(n)]},
            start={"num_points": n, "scan_id": 7},
        )
    )


def xafs_run(n: int = POINTS) -> list[Entry]:
    columns = {
        "dcm_energy": [7000.0 + 10 * i for i in range(n)],
        "dwti_dwell_time": [1.0] * n,
        "I0": [100.0 + i for i in range(n)],
        "It": [50.0] * n,
        "Ir": [0.0 if i == 3 else 20.0 for i in range(n)],
    }
    start = {"num_points": n, "scan_id": 8}
    return list(build_run_documents(hint="xafs", motors=["dcm_energy"], columns=columns, start=start))


@pytest.fixture
def shows() -> Iterator[Callable[..., BrowserHarness]]:
    made: list[BrowserHarness] = []

    def new(**options: Any) -> BrowserHarness:
        made.append(BrowserHarness(**options))
        return made[-1]

    yield new
    for show in made:
        show.close()


@pytest.fixture
def show(shows: Callable[..., BrowserHarness]) -> BrowserHarness:
    return shows()


def wait_for_page(page: Page, show: BrowserHarness) -> None:
    """Wait until the page shows all data of the newest figure."""
    figure = build_figure(show.board, list_shown_scans(show.board)[-1])
    wait_until(
        lambda: page.text_content("#title") == figure.title and has_figure_data(page, figure),
        "the page to be up to date",
    )


def test_points_appear_as_they_are_measured(show: BrowserHarness, open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab(show.address)
    assert tab.page.inner_text("#nothing") in ("connecting …", "no figures yet")
    run = xafs_run()
    show.add_entries(("bmm", XAFS), ("bmm", NEXT), *run[:2])
    wait_until(lambda: tab.page.inner_text("#title") == "fe: scan 1 of 2", "the title")
    show.add_entries(*run[2:40])
    wait_for_page(tab.page, show)
    show.add_entries(*run[40:])
    wait_for_page(tab.page, show)
    figure = build_figure(show.board, list_shown_scans(show.board)[-1])
    assert len(build_expected_data(figure)) >= 3
    assert any(None in columns["y"] for columns in read_plotted_data(tab.page).values())
    assert tab.page.inner_text("#measurement") == "xafsscan #8: point 60 of 60"
    assert "scan 1 of 2" in tab.page.inner_text("#progress")
    assert "60 points" in (tab.page.text_content("#summary") or "")
    assert tab.save_screenshot(tmp_path / "xafs.png").stat().st_size > 20_000


def test_only_new_points_are_sent(show: BrowserHarness, open_tab: OpenTab) -> None:
    run = line_run(400)
    show.add_entries(("bmm", LINE), *run[:300])
    tab = open_tab("about:blank")
    sizes: list[int] = []
    tab.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: sizes.append(len(frame))))
    tab.page.goto(show.address)
    wait_for_page(tab.page, show)
    first, before = sum(sizes), len(sizes)
    show.add_entries(run[300])
    wait_for_page(tab.page, show)
    assert sum(sizes[before:]) < 0.25 * first  # the point, the numbers of the scan, perhaps a thumbnail
    assert sum(sizes[before:]) < 4000


def test_a_map_is_patched_and_keeps_its_blanks(show: BrowserHarness, open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab(show.address)
    y = [0.5 * (i // 5) for i in range(20)]
    x = [0.25 * (i % 5 if (i // 5) % 2 == 0 else 4 - i % 5) for i in range(20)]
    columns = {"xafs_y": y, "xafs_x": x, "I0": [100.0] * 20, "It": [float(i) for i in range(20)]}
    start = {"shape": [4, 5], "num_points": 20}
    run = list(build_run_documents(hint="areascan", motors=["xafs_y", "xafs_x"], columns=columns, start=start))
    show.add_entries(("bmm", MAP), *run[:9])
    wait_for_page(tab.page, show)
    show.add_entries(*run[9:14])
    wait_for_page(tab.page, show)
    image = next(columns["image"] for columns in read_plotted_data(tab.page).values() if "image" in columns)
    assert None in image
    show.add_entries(*run[14:])
    wait_for_page(tab.page, show)
    tab.save_screenshot(tmp_path / "map.png")


def test_a_zoom_stays_until_a_double_click_resets_it(show: BrowserHarness, open_tab: OpenTab) -> None:
    run = line_run()
    show.add_entries(("bmm", LINE), *run[:30])
    tab = open_tab(show.address)
    wait_for_page(tab.page, show)
    whole = read_x_limits(tab.page)
    drag(tab.page, (0.3, 0.3), (0.5, 0.7))
    wait_until(lambda: read_x_limits(tab.page) != whole, "the zoom")
    zoomed = read_x_limits(tab.page)
    show.add_entries(*run[30:50])
    wait_for_page(tab.page, show)
    assert read_x_limits(tab.page) == zoomed
    tab.page.mouse.dblclick(*find_position(tab.page, 0.5, 0.5))
    (trace,) = build_figure(show.board, show.board.scans[0]).panels[0].traces
    wait_until(lambda: read_x_limits(tab.page)[1] >= trace.x[-1] > zoomed[1], "all the data")


def test_a_click_picks_a_position_and_a_double_click_does_not(show: BrowserHarness, open_tab: OpenTab) -> None:
    show.add_entries(("bmm", LINE), *line_run())
    tab = open_tab(show.address)
    wait_for_page(tab.page, show)
    tab.page.mouse.dblclick(*find_position(tab.page, 0.5, 0.5))
    tab.page.mouse.click(*find_position(tab.page, 0.25, 0.5))
    wait_until(lambda: bool(show.clicks), "the click")
    wait_until(lambda: "picked xafs_x = " in tab.page.inner_text("#words"), "its echo")
    (click,) = show.clicks
    assert click["motor"] == "xafs_x"
    low, high = read_x_limits(tab.page)
    assert click["position"] == pytest.approx(low + 0.25 * (high - low), abs=0.1)


def test_clicks_pick_nothing_without_the_setting(shows: Callable[..., BrowserHarness], open_tab: OpenTab) -> None:
    show = shows(pluck=False)
    show.add_entries(("bmm", LINE), *line_run())
    tab = open_tab(show.address)
    wait_for_page(tab.page, show)
    tab.page.mouse.click(*find_position(tab.page, 0.25, 0.5))
    tab.page.evaluate("() => new Promise((done) => setTimeout(done, 500))")  # longer than a double click takes
    wait_until(lambda: "xafs_x" in tab.page.inner_text("#words"), "the read-out")
    assert show.clicks == []


def test_the_cursor_shows_energy_and_k(show: BrowserHarness, open_tab: OpenTab) -> None:
    show.add_entries(("bmm", XAFS), ("bmm", NEXT), *xafs_run())
    tab = open_tab(show.address)
    wait_for_page(tab.page, show)
    tab.page.mouse.move(*find_position(tab.page, 0.8, 0.5))
    wait_until(lambda: "Å⁻¹" in tab.page.inner_text("#words"), "the read-out")
    assert "E-E0 +" in tab.page.inner_text("#words")


def test_pages_fit_a_phone_in_dark_mode(show: BrowserHarness, open_tab: OpenTab, tmp_path: Path) -> None:
    show.add_entries(("bmm", LINE), *line_run(), ("bmm", XAFS), ("bmm", NEXT), *xafs_run())
    tab = open_tab(show.address, size=(360, 740), scheme="dark")
    wait_for_page(tab.page, show)
    assert tab.overflow == 0
    assert tab.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 22, 26)"
    lefts = tab.page.evaluate("Bokeh.documents[0].roots()[0].children[0].children.map(([plot, row, column]) => column)")
    assert set(lefts) == {0}
    tab.save_screenshot(tmp_path / "phone.png")
    tab.page.click("#large")
    wait_until(
        lambda: has_figure_data(tab.page, build_figure(show.board, list_shown_scans(show.board)[-1])), "large plots"
    )
    assert tab.overflow == 0
    tab.save_screenshot(tmp_path / "large.png")


def test_two_pages_show_two_figures(show: BrowserHarness, open_tab: OpenTab) -> None:
    run = xafs_run()
    show.add_entries(("bmm", LINE), *line_run(), ("bmm", XAFS), ("bmm", NEXT), *run[:20])
    one, other = open_tab(show.address), open_tab(show.address)
    wait_for_page(one.page, show)
    wait_for_page(other.page, show)
    wait_until(lambda: other.page.locator("#cards .picture svg").count() == 2, "both small pictures")
    other.page.focus("#cards li:nth-child(2) button")
    other.page.keyboard.press("Enter")
    line = build_figure(show.board, list_shown_scans(show.board)[0])
    wait_until(
        lambda: other.page.inner_text("#title") == line.title and has_figure_data(other.page, line), "the line scan"
    )
    show.add_entries(*run[20:])
    wait_for_page(one.page, show)
    assert other.page.inner_text("#title") == line.title
    other.page.click("#newest")
    wait_for_page(other.page, show)
    assert not other.page.is_visible("#newest")


def test_a_closed_figure_is_listed_among_earlier_scans(show: BrowserHarness, open_tab: OpenTab) -> None:
    show.add_entries(("bmm", LINE), *line_run(), ("bmm", {"linescan": "stop"}), ("bmm", {"close": "all"}))
    tab = open_tab(show.address)
    wait_until(lambda: tab.page.is_visible("#past-box"), "the list")
    assert tab.page.inner_text("#nothing") == "no figures yet"
    tab.page.click("#past-box summary")
    assert tab.page.inner_text("#past .name") == "linescan #7"
    tab.page.click("#past button")
    wait_until(lambda: bool(read_plotted_data(tab.page)), "the figure")
    values = read_plotted_data(tab.page)["signal/It/I0"]
    assert len(values["x"]) == POINTS


def test_a_figure_is_saved_as_picture_and_table(show: BrowserHarness, open_tab: OpenTab, tmp_path: Path) -> None:
    show.add_entries(("bmm", LINE), *line_run())
    tab = open_tab(show.address)
    wait_for_page(tab.page, show)
    with tab.page.expect_download() as got:
        tab.page.click("#csv")
    assert got.value.suggested_filename.endswith(".csv")
    lines = Path(got.value.path()).read_text().splitlines()
    rows = list(csv.reader(line for line in lines if not line.startswith("# ")))
    (trace,) = build_figure(show.board, show.board.scans[0]).panels[0].traces
    assert "xafs_x" in rows[0][0]
    assert [[float(one) for one in row] for row in rows[1:]] == [
        list(pair) for pair in zip(trace.x, trace.y, strict=True)
    ]
    with tab.page.expect_download() as got:
        tab.page.click("#png")
    assert got.value.suggested_filename.endswith(".png")
    saved = tmp_path / "saved.png"
    got.value.save_as(saved)
    assert saved.read_bytes().startswith(b"\x89PNG")
    assert saved.stat().st_size > 10_000


def test_texts_are_shown_without_markup(show: BrowserHarness, open_tab: OpenTab) -> None:
    name = "<img src=x onerror=alert(1)>$$\\frac{1}{2}$$"
    message = {**XAFS, "sample": name, "filename": name, "reference_material": "</script><script>alert(2)</script>"}
    tab = open_tab(show.address)
    tab.page.on("dialog", lambda dialog: tab.complaints.append("a dialog"))
    show.add_entries(("bmm", message), ("bmm", NEXT), *xafs_run())
    wait_for_page(tab.page, show)
    assert name in tab.page.inner_text("#title")
    wait_until(lambda: tab.page.locator("#cards .picture svg").count() == 1, "the small picture")
    assert name in tab.page.inner_text("#cards .name")
    titles = (
        "Bokeh.documents[0].roots()[0].children[0].children.filter(([plot]) => plot.title != null)"
        ".map(([plot]) => plot.title.text.text ?? plot.title.text)"
    )
    expected = "".join(f"transmission: {name}".split())  # in the page it is wrapped
    wait_until(lambda: expected in ["".join(one.split()) for one in tab.page.evaluate(titles)], "the panel's title")
    assert not [address for address in tab.requested_urls if address.endswith("/x") or "mathjax" in address]


def test_stale_data_and_a_lost_broker_are_marked(show: BrowserHarness, open_tab: OpenTab) -> None:
    show.add_entries(("bmm", LINE), *line_run()[:5])
    tab = open_tab(show.address)
    wait_for_page(tab.page, show)
    assert "stale" not in (tab.page.get_attribute("#age", "class") or "")
    show.now, show.waits_for = EPOCH + 60, "the broker"
    wait_until(lambda: tab.page.inner_text("#age") == "⚠ data 1 min old", "the mark")
    assert tab.page.get_attribute("#age", "class") == "stale"
    assert tab.page.inner_text("#connection") == "waiting for the broker"


def test_each_channel_is_shown_instead_of_the_sum(show: BrowserHarness, open_tab: OpenTab) -> None:
    n = 12
    columns = {f"Fe{i}": [10.0 * i + j for j in range(n)] for i in range(1, 5)}
    run = build_run_documents(
        hint=None, motors=["xafs_x"], columns={"xafs_x": [float(i) for i in range(n)], "I0": [2.0] * n, **columns}
    )
    message = {"linescan": "start", "motor": "xafs_x", "detector": "xs", "fluo_detector": "4-element SDD"}
    show.add_entries(("bmm", {**message, "element": "Fe"}), *run)
    tab = open_tab(show.address)
    wait_for_page(tab.page, show)
    tab.page.keyboard.press("k")
    figure = build_figure(show.board, show.board.scans[0], separate_channels=True)
    assert sum(len(panel.traces) for panel in figure.panels) == 4
    wait_until(lambda: has_figure_data(tab.page, figure), "the channels")


def test_a_hidden_trace_stays_hidden(show: BrowserHarness, open_tab: OpenTab) -> None:
    run = xafs_run()
    show.add_entries(("bmm", XAFS), ("bmm", NEXT), *run[:20])
    tab = open_tab(show.address)
    wait_for_page(tab.page, show)
    box = tab.page.evaluate(
        """() => { const view = Bokeh.index.get_by_id(Bokeh.documents[0].roots()[0].id);
        const walk = (v) => v.child_views ? [v, ...v.child_views.flatMap(walk)] : [v];
        const plot = walk(view).find((v) => v.model.type == "Figure");
        const legend = plot.model.above.find((one) => one.type == "Legend");
        const item = plot.views.find_one(legend);
        const box = item.bbox, at = plot.el.getBoundingClientRect();
        return [at.left + box.x + box.width / 2, at.top + box.y + box.height / 2]; }"""
    )
    tab.page.mouse.click(*box)
    hidden = "Bokeh.documents[0].roots()[0].children[0].children[0][0].renderers.filter((one) => !one.visible).length"
    wait_until(lambda: tab.page.evaluate(hidden) == 1, "the trace to be hidden")
    show.add_entries(*run[20:])
    wait_for_page(tab.page, show)
    assert tab.page.evaluate(hidden) == 1


def find_position(page: Page, across: float, down: float) -> tuple[float, float]:
    """Return the window position of a point in the first plot's frame, given as fractions of its size."""
    left, top, width, height = page.evaluate(
        """() => { const view = Bokeh.index.get_by_id(Bokeh.documents[0].roots()[0].id);
        const walk = (v) => v.child_views ? [v, ...v.child_views.flatMap(walk)] : [v];
        const plot = walk(view).find((v) => v.model.type == "Figure");
        const at = plot.el.getBoundingClientRect(), box = plot.frame.bbox;
        return [at.left + box.x, at.top + box.y, box.width, box.height]; }"""
    )
    return left + across * width, top + down * height


def read_x_limits(page: Page) -> tuple[float, float]:
    """Return the limits of the x axis of the first plot."""
    plot = "Bokeh.documents[0].roots()[0].children[0].children[0][0]"
    low, high = page.evaluate(f"[{plot}.x_range.start, {plot}.x_range.end]")
    return low, high


def drag(page: Page, begin: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag the mouse from one position to another in the first plot."""
    page.mouse.move(*find_position(page, *begin))
    page.mouse.down()
    page.mouse.move(*find_position(page, *end), steps=5)
    page.mouse.up()


def test_a_page_ignores_invalid_messages(show: BrowserHarness, open_tab: OpenTab) -> None:
    show.add_entries(("bmm", LINE), *line_run())
    tab = open_tab(show.address)
    wait_for_page(tab.page, show)
    nonsense = [
        {"at": {"panel": "nowhere", "x": 1, "y": 1}}, {"at": 7}, {"click": {"panel": 3}}, {"show": ["x"]},
        {"show": "../../etc"}, {"look": {"height": "1e999", "dark": "yes"}}, {"toggle": "x"},
        {"toggle": ["log"]}, {"drawn": "all"},
    ]  # fmt: skip
    for said in (*map(json.dumps, nonsense), "{", "x" * 10_000):
        tab.page.evaluate(
            "(said) => { const up = Bokeh.documents[0].roots()[0].js_property_callbacks['change:tags'][0].args.up;"
            " up.data = {json: [said]}; }",
            said,
        )
    show.add_entries(("bmm", {"linescan": "stop"}), ("bmm", {**LINE, "motor": "xafs_z"}))
    wait_until(lambda: "xafs_z" in tab.page.inner_text("#title"), "the next figure")
    assert show.clicks == []


def test_keys_switch_what_is_shown(show: BrowserHarness, open_tab: OpenTab) -> None:
    """Also the downloaded numbers follow the view."""
    show.add_entries(("bmm", LINE), *line_run(), ("bmm", {"linescan": "stop"}), ("bmm", LINE), *line_run(30))
    tab = open_tab(show.address)
    wait_for_page(tab.page, show)
    scan = list_shown_scans(show.board)[-1]
    pressed: set[str] = set()
    for key in ("p", "y", "d", "y"):
        tab.page.keyboard.press(key)
        pressed ^= {key}
        names = [command.name for command in VIEW_COMMANDS if command.key.lower() in pressed]
        figure = build_view(show.board, scan, build_options(names))
        wait_until(lambda figure=figure: has_figure_data(tab.page, figure), f"the view {names}")
        link = f"view={'%2C'.join(['statistics', *names])}"
        wait_until(lambda link=link: link in (tab.page.get_attribute("#csv", "href") or ""), link)


def test_picture_and_numbers_are_copied(show: BrowserHarness, open_tab: OpenTab) -> None:
    show.add_entries(("bmm", LINE), *line_run())
    tab = open_tab(show.address)
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    wait_for_page(tab.page, show)
    tab.page.keyboard.press("t")
    wait_until(lambda: tab.page.inner_text("#words") == "numbers copied", "the numbers")
    lines = tab.page.evaluate("navigator.clipboard.readText()").splitlines()
    assert lines[0] == "# title: xafs_x alignment scan"
    assert "xafs_x\tIt/I0" in lines
    assert len(lines) >= POINTS
    tab.page.keyboard.press("c")
    wait_until(lambda: tab.page.inner_text("#words") == "picture copied", "the picture")
    types = tab.page.evaluate("navigator.clipboard.read().then((items) => items.flatMap((item) => item.types))")
    assert types == ["image/png"]


def test_the_list_of_keys_opens_and_closes(show: BrowserHarness, open_tab: OpenTab) -> None:
    tab = open_tab(show.address)
    tab.page.keyboard.press("?")
    assert all(command.description in tab.page.inner_text("#keys") for command in (*VIEW_COMMANDS, *FIGURE_COMMANDS))
    tab.page.keyboard.press("Escape")
    assert not tab.page.is_visible("#keys")


def measure_past(number: int) -> Board:
    start = {"scan_id": number, "XDI": {"Sample": {"name": "Ni foil"}}}
    columns = {"xafs_x": [0.0, 1.0, 2.0, 3.0], "I0": [1.0] * 4, "It": [1.0, 2.0, 3.0, 1.0]}
    run = build_run_documents(hint=None, motors=["xafs_x"], columns=columns, start=start)
    others = [("bmm", {"mkdir": "/a"})] * 999  # so that its messages have other offsets than those of a test
    return fold(stamp_entries([*others, ("bmm", LINE), *run, ("bmm", {"linescan": "stop"})]))


def test_a_figure_of_the_past_has_an_address(show: BrowserHarness, open_tab: OpenTab) -> None:
    """It is waited for while the past is read, and stays in front when a scan starts."""
    past = measure_past(41)
    figure = build_figure(past, past.scans[0])
    show.is_reading_history = True
    tab = open_tab(f"{show.address}figure/{figure.id}")
    wait_until(lambda: tab.page.inner_text("#connection") == "connected", "the page")
    show.history, show.is_reading_history = past, False
    wait_until(lambda: has_figure_data(tab.page, figure), "the figure")
    wait_until(lambda: tab.page.evaluate("location.href") == f"{show.address}figure/{figure.id}", "its address")
    assert show.requested_results == [figure.id]
    show.add_entries(("bmm", LINE), *line_run())
    wait_until(lambda: tab.page.locator("#cards li").count() == 1, "the new scan")
    assert has_figure_data(tab.page, figure)
    tab.page.reload()
    wait_until(lambda: has_figure_data(tab.page, figure), "the figure again")
    tab.page.click("#newest")
    wait_until(lambda: tab.page.evaluate("location.href") == show.address, "the address of the newest")
    wait_for_page(tab.page, show)


@pytest.mark.slow
def test_descriptions_of_panels_differ() -> None:
    """A description begins with what the panel shows over what."""
    for name, figure in list_distinct_figures().items():
        described = [text.partition(": ")[2].partition(":")[0] for text in summarize_figure(figure)]
        assert len(set(described)) == len(figure.panels), (name, described)


def test_the_history_is_searched_and_compared(show: BrowserHarness, open_tab: OpenTab) -> None:
    show.history = measure_past(41)
    show.add_entries(("bmm", LINE), *line_run())
    tab = open_tab(show.address)
    wait_for_page(tab.page, show)
    tab.page.keyboard.press("h")
    assert tab.page.inner_text("#past .about") == "Ni foil · xafs_x"
    wait_until(lambda: tab.page.locator("#past .picture svg").count() == 1, "the thumbnail")
    tab.page.keyboard.type("copper")
    assert tab.page.inner_text("#search-result") == "0 of 1 scans"
    assert not tab.page.is_visible("#past .name")
    tab.page.fill("#search", "ni 41")
    tab.page.click("#past .compare")
    now, before = show.board.scans[0], show.history.scans[0]
    both = build_view(show.board, now, ViewOptions(overlay=before.figure_id), (show.history, before))
    wait_until(lambda: has_figure_data(tab.page, both), "the overlay")
    assert len(both.panels[0].traces) == 2
    assert tab.page.get_attribute("#past .compare", "aria-pressed") == "true"


def test_an_unknown_address_shows_the_newest(show: BrowserHarness, open_tab: OpenTab) -> None:
    show.add_entries(("bmm", LINE), *line_run())
    tab = open_tab(f"{show.address}figure/nothing/0/7")
    wait_for_page(tab.page, show)
