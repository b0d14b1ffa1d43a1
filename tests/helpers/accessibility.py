"""What axe finds wrong with a page in a real browser: contrast, names for screen readers, order of headings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe

from helpers.processes import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

LONGEST_MARKUP = 120
"""Characters of an element's markup in a report."""

OPTIONS = {"resultTypes": ["violations"], "preload": False}
"""axe would load style sheets again, and look for those that they import in a wrong folder."""

IS_DRAWN = "() => document.getAnimations().every(one => one.playState !== 'running')"
"""A colour that is still changing has no contrast to measure."""


def find_violations(page: Page) -> list[str]:
    """Return a line for each element that violates a rule of axe, empty where there is none."""
    wait_until(lambda: page.evaluate(IS_DRAWN), "colours that no longer change")
    violations = Axe().run(page, options=OPTIONS).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:LONGEST_MARKUP]} ({node['failureSummary']})"
        for rule in violations
        for node in rule["nodes"]
    ]
