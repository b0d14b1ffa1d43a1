"""Pages of every kind of figure in Chromium: whole texts, right limits, downloads that look as the page."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from helpers.figure_pages import FigureHarness
from helpers.gallery import list_distinct_figures
from helpers.page_text_faults import count_texts, list_page_faults
from helpers.pages import Tab
from helpers.processes import wait_until
from xafs_workers.figures.model import Figure
from xafs_workers.render.panel_limits import ExtentCache, fit_limits

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PHONE, TABLET, DESK, WALL = (360, 740), (768, 1024), (1440, 900), (2560, 1440)
HEAD = 39
"""Height of the title of a downloaded picture, pixels."""


@pytest.fixture(scope="module")
def harness() -> Iterator[FigureHarness]:
    made = FigureHarness()
    yield made
    made.close()


@pytest.fixture(scope="module")
def page_tab(browser: Browser, harness: FigureHarness) -> Iterator[Tab]:
    """One page for all tests of this module."""
    tab = Tab(browser, harness.address)
    yield tab
    tab.close()


@pytest.fixture
def tab(page_tab: Tab) -> Iterator[Tab]:
    page_tab.complaints.clear()
    yield page_tab
    assert page_tab.complaints == []
    set_look(page_tab, DESK, large=False)


def set_look(tab: Tab, size: tuple[int, int], *, large: bool) -> None:
    """Give the window a size, and its page a size of type."""
    tab.page.set_viewport_size({"width": size[0], "height": size[1]})
    if (tab.page.get_attribute("#large", "aria-pressed") == "true") is not large:
        tab.page.click("#large")
    wait_until(lambda: tab.page.evaluate("xafs.isDrawn()"), "the page to be drawn")


def list_wordy_figures() -> dict[str, Figure]:
    """List for each kind and number of panels the figure with the longest texts."""
    longest: dict[object, tuple[int, str, Figure]] = {}
    for name, figure in list_distinct_figures().items():
        texts = [text for one in figure.panels for text in (one.title, one.y_label, *(t.label for t in one.traces))]
        entry = sum(map(len, texts)), name, figure
        key = figure.kind, len(figure.panels)
        longest[key] = max(longest.get(key, entry), entry, key=lambda one: one[0])
    return {name: figure for _, name, figure in longest.values()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "large"), [(PHONE, True), (TABLET, False), (DESK, True)], ids=["phone-large", "tablet", "desk-large"]
)
def test_texts_of_pages_are_whole_and_apart(
    size: tuple[int, int], large: bool, tab: Tab, harness: FigureHarness
) -> None:
    set_look(tab, size, large=large)
    faults: dict[str, list[str]] = {}
    for name, figure in list_wordy_figures().items():
        harness.show(tab.page, name, figure)
        faults[name] = list_page_faults(tab.page)
        assert count_texts(tab.page) >= 2 or not any(panel.traces for panel in figure.panels), name
        assert tab.overflow == 0, name
    assert {name: found for name, found in faults.items() if found} == {}


def test_faults_of_texts_are_found(tab: Tab, harness: FigureHarness) -> None:
    name = "xafs-transmission, reduced"
    harness.show(tab.page, name, list_distinct_figures()[name])
    tab.page.evaluate(
        """() => { const [[plot]] = Bokeh.documents[0].roots()[0].children[0].children;
        plot.title.text = "x".repeat(200); plot.left[0].axis_label = "y".repeat(200); }"""
    )
    expected = {"transmission: cut: x", "transmission: cut: y"}
    wait_until(lambda: {fault[:20] for fault in list_page_faults(tab.page)} == expected, "the faults")


@pytest.mark.parametrize("size", [TABLET, DESK], ids=["tablet", "desk"])
def test_a_map_to_scale_has_the_limits_of_its_picture(size: tuple[int, int], tab: Tab, harness: FigureHarness) -> None:
    """Axes that are longer than the map would show limits of their own."""
    figure = list_distinct_figures()["areascan-if"]
    set_look(tab, size, large=False)
    harness.show(tab.page, "map", figure)
    (panel,) = figure.panels
    assert panel.is_to_scale
    expected = fit_limits(panel, ExtentCache().measure(panel), is_growing=not figure.is_finished)
    spans = [high - low for low, high in expected]
    wait_until(lambda: read_spans(tab) == pytest.approx(spans, rel=0.06), "the limits of the picture")


def read_spans(tab: Tab) -> list[float]:
    """Read the lengths of the axes of the first plot, which change until its layout is at rest."""
    return tab.page.evaluate(
        """() => { const [[plot]] = Bokeh.documents[0].roots()[0].children[0].children;
        return [plot.x_range, plot.y_range].map((one) => Math.abs(one.end - one.start)); }"""
    )


def test_a_page_may_become_narrower(tab: Tab, harness: FigureHarness) -> None:
    """Bokeh fails on the size of a column that is gone."""
    live, merge = (list_distinct_figures()[f"{name}, reduced"] for name in ("xafs-yield", "sequence-merge-of-3"))
    set_look(tab, WALL, large=False)
    harness.show(tab.page, "pair", replace(live, beside=merge))
    plots = "Bokeh.documents[0].roots()[0].children[0].children.length"
    for size in (PHONE, DESK):
        set_look(tab, size, large=False)
        wait_until(lambda: tab.page.evaluate(plots) == len(live.panels), "the plots of one figure")
        wait_until(lambda: tab.page.evaluate("xafs.isDrawn()"), "the page to be drawn")
        assert tab.overflow == 0


@pytest.mark.parametrize("is_just_enlarged", [False, True], ids=["as-usual", "just-enlarged"])
def test_a_downloaded_picture_looks_as_the_page(
    is_just_enlarged: bool, tab: Tab, harness: FigureHarness, tmp_path: Path
) -> None:
    name = "xafs-transmission, reduced"
    set_look(tab, DESK, large=False)
    harness.show(tab.page, name, list_distinct_figures()[name])
    with tab.page.expect_download() as got:
        if is_just_enlarged:
            tab.page.evaluate("document.querySelector('#large').click()")
        tab.page.evaluate("document.querySelector('#png').click()")
    got.value.save_as(tmp_path / "saved.png")
    saved = Image.open(BytesIO((tmp_path / "saved.png").read_bytes())).convert("L")
    seen = Image.open(BytesIO(tab.page.locator("#stage").screenshot())).convert("L")
    head = round(HEAD * (24 / 15 if is_just_enlarged else 1))
    assert abs(saved.width - seen.width) <= 1
    left = np.asarray(saved.crop((0, head, seen.width - 1, head + seen.height - 1)), dtype=float)
    right = np.asarray(seen.crop((0, 0, seen.width - 1, seen.height - 1)), dtype=float)
    # a legend that is lost, or type of another size, differs in whole letters: lines are smoothed differently
    blocks = [_average_blocks(image) for image in (left, right)]
    assert np.abs(blocks[0] - blocks[1]).max() < 60


def test_a_page_that_is_zoomed_is_whole(browser: Browser, harness: FigureHarness, tmp_path: Path) -> None:
    name = "xafs-transmission, reduced"
    tab = Tab(browser, harness.address, size=DESK, zoom=2.0)
    harness.show(tab.page, name, list_distinct_figures()[name])
    assert list_page_faults(tab.page) == []
    assert tab.overflow == 0
    with tab.page.expect_download() as got:
        tab.page.click("#png")
    got.value.save_as(tmp_path / "saved.png")
    box = tab.page.locator("#stage").bounding_box()
    assert box is not None
    assert abs(Image.open(BytesIO((tmp_path / "saved.png").read_bytes())).width - 2 * box["width"]) <= 2
    tab.close()


def _average_blocks(image: np.ndarray, size: int = 8) -> np.ndarray:
    """Return the mean brightness of each square."""
    rows, columns = image.shape[0] // size, image.shape[1] // size
    return image[: rows * size, : columns * size].reshape(rows, size, columns, size).mean(axis=(1, 3))


@pytest.mark.slow
def test_a_page_is_printed_whole_and_in_light_colours(tab: Tab, harness: FigureHarness, tmp_path: Path) -> None:
    """A printed page is laid out again without its plots being drawn again."""
    figures = list_distinct_figures()
    for name in ("xafs-transmission, reduced", "areascan-Pilatus"):
        harness.show(tab.page, name, figures[name])
        printed = [_draw_for_print(tab)]
        tab.page.click("#dark")
        wait_until(lambda: tab.page.evaluate("xafs.isDrawn()"), "the dark page")
        assert tab.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 22, 26)"
        printed.append(_draw_for_print(tab))
        pdf = tab.save_pdf(tmp_path / "page.pdf").read_bytes()
        tab.page.click("#dark")
        wait_until(lambda: tab.page.evaluate("xafs.isDrawn()"), "the light page")
        assert printed[0].shape == printed[1].shape
        assert np.percentile(printed[0], 99) == 255
        blocks = [_average_blocks(image) for image in printed]
        assert np.abs(blocks[0] - blocks[1]).max() < 20, name
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1


def _draw_for_print(tab: Tab) -> np.ndarray:
    """Return the brightness of the picture that a page prints in place of its plots."""
    picture = tab.page.evaluate(
        """() => { window.dispatchEvent(new Event("beforeprint"));
        const picture = document.querySelector("#printed canvas").toDataURL();
        window.dispatchEvent(new Event("afterprint"));
        return picture; }"""
    )
    content = base64.b64decode(picture.partition(",")[2])
    return np.asarray(Image.open(BytesIO(content)).convert("L"), dtype=float)


@pytest.mark.slow
def test_a_zoom_is_kept_in_other_colours_and_type(tab: Tab, harness: FigureHarness) -> None:
    name = "xafs-transmission, reduced"
    harness.show(tab.page, name, list_distinct_figures()[name])
    whole = read_spans(tab)
    tab.page.evaluate(ZOOM)
    zoomed = read_spans(tab)
    assert zoomed == [100.0, whole[1]]
    for button in ("#dark", "#large", "#dark"):
        plot = tab.page.evaluate(FIRST_PLOT)
        tab.page.click(button)
        wait_until(lambda: tab.page.evaluate(FIRST_PLOT) not in (plot, None), "new plots")  # noqa: B023 - called in this turn
        wait_until(lambda: tab.page.evaluate("xafs.isDrawn()"), "the page to be drawn")
        wait_until(lambda: read_spans(tab) == pytest.approx(zoomed), "the zoom")
    tab.page.click("#whole")
    wait_until(lambda: read_spans(tab) == pytest.approx(whole), "all data")


FIRST_PLOT = "Bokeh.documents[0].roots()[0].children[0]?.children[0]?.[0].id ?? null"
ZOOM = """() => { const [[plot]] = Bokeh.documents[0].roots()[0].children[0].children;
  plot.x_range.have_updated_interactively = true; plot.x_range.setv({start: 7100, end: 7200}); }"""


@pytest.mark.slow
def test_a_map_takes_most_of_the_width_of_a_phone(tab: Tab, harness: FigureHarness) -> None:
    set_look(tab, PHONE, large=True)
    harness.show(tab.page, "map", list_distinct_figures()["areascan-Pilatus"])
    wait_until(lambda: tab.page.evaluate(FRAME_WIDTH) > 0.55 * PHONE[0], "a large map")
    assert list_page_faults(tab.page) == []
    tab.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert tab.page.locator("#printed canvas").count() == 2
    tab.page.evaluate("window.dispatchEvent(new Event('afterprint'))")


FRAME_WIDTH = """() => { const root = Bokeh.index.get_by_id(Bokeh.documents[0].roots()[0].id);
  const walk = (view) => [view, ...(view.children_views?.() ?? []).flatMap(walk)];
  return walk(root).find((view) => view.model.type === "Figure").frame.bbox.width; }"""
