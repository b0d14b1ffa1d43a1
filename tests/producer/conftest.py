"""A RunEngine for tests of plans."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bluesky import RunEngine


@pytest.fixture
def engine() -> Iterator[RunEngine]:
    """Make a RunEngine and end its thread after the test."""
    made = RunEngine({}, context_managers=[])
    yield made
    made.loop.call_soon_threadsafe(made.loop.stop)
    made._th.join(10)
    made.loop.close()
