"""Fixtures of tests of the file manager."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.file_actions import FileManagerHarness
from helpers.streams import Entry, read_entries
from xafs_workers.storage.ledger import Ledger


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[FileManagerHarness]:
    (tmp_path / "proposals" / "2025-1" / "pass-333333").mkdir(parents=True)
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        yield FileManagerHarness(tmp_path / "proposals", ledger)


@pytest.fixture
def entries(measured: Path) -> list[Entry]:
    return read_entries(measured / "ni2o3.jsonl")
