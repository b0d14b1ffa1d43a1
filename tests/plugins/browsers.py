"""Fixtures: a real Chromium without a window, and pages in it that may only see what they are given."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from helpers.pages import Tab

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
"""Names of the program; that of the distribution is used, nothing is downloaded."""

OpenTab = Callable[..., "Tab"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; skips where there is none, but fails in CI."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        if os.environ.get("CI"):
            raise FileNotFoundError(f"none of {', '.join(CHROMIUM)} is installed: expected one in CI")
        pytest.skip("no Chromium: install the package `chromium`")
    if not os.environ.get("CI"):
        pytest.importorskip("playwright.sync_api", reason="no Playwright: install the extra `test`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[OpenTab]:
    """Open pages; arguments as those of `Tab`. At the end each is closed, and none may have complained."""
    from helpers.pages import Tab

    opened: list[Tab] = []

    def _open(address: str, **options: object) -> Tab:
        opened.append(Tab(browser, address, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield _open
    for tab in opened:
        tab.close()
    assert [complaint for tab in opened for complaint in tab.complaints] == []
