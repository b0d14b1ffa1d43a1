"""A warm reduction for all tests that want one."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

from xafs_workers.reduction.process import Reducer


@pytest.fixture(scope="session")
def larch() -> None:
    """Skip where Larch is not installed; it is not loaded into this process."""
    if importlib.util.find_spec("larch") is None:
        pytest.skip("Larch is not installed: pip install 'xafs-workers[reduction]'")


@pytest.fixture(scope="session")
def reducer(larch: None) -> Iterator[Reducer]:
    made = Reducer()
    made.start()
    yield made
    made.close()
