"""Sockets of Tiled's client are closed, or collected, before the next module begins."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from helpers.patience import SECONDS


@pytest.fixture(scope="module", autouse=True)
def _collect_sockets() -> Iterator[None]:
    """Wait until subscriptions have ended, and collect the sockets that Tiled's client leaves open."""
    yield
    for thread in threading.enumerate():
        if thread.name == "tiled end":
            thread.join(SECONDS)
    gc.collect()
