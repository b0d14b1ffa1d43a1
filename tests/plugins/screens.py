"""Fixtures: the on-screen plot manager's window, off screen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from helpers.screen import ScreenHarness


@pytest.fixture
def qt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Qt without a display; skips where there is no Qt, but fails in CI."""
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    if not os.environ.get("CI"):
        reason = "no Qt: install the extra `screen` and its system libraries"
        pytest.importorskip("PySide6.QtWidgets", reason=reason, exc_type=ImportError)


@pytest.fixture
def desk(qt: None) -> Iterator[ScreenHarness]:
    """Open a window over an empty board."""
    from helpers.screen import ScreenHarness

    made = ScreenHarness()
    yield made
    made.close()
