"""The room's registry, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from helpers.finished import XAFS, finished
from xafs_workers.messages.base import kinds
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.board_config import Rules
from xafs_workers.writers.registry import CannotWrite, Material, files_of, key_of, writers


def test_each_message_that_asks_for_a_data_file_has_a_writer() -> None:
    assert set(writers) == {"xasxdi", "seadxdi", "lsxdi", "raster", "xrf.write"}
    for key in writers:
        assert kinds[key].owner == "file-manager"
        assert key_of(parse(dict(kinds[key].example))) == key


def test_a_message_that_asks_for_no_file_has_none() -> None:
    with pytest.raises(KeyError):
        files_of(parse({"resting_state": True}), Material(finished(XAFS), Rules()))


@pytest.mark.parametrize("key", sorted(writers))
def test_no_file_is_made_of_a_run_that_goes_on(key: str) -> None:
    run = finished(XAFS, stopped=False)
    with pytest.raises(CannotWrite, match=f"run {run.uid}: it has no stop document yet"):
        files_of(parse(dict(kinds[key].example)), Material(run, Rules()))


def test_the_libraries_of_formats_are_loaded_late() -> None:
    code = (
        "import sys; from xafs_workers.writers.registry import writers; assert len(writers) == 5; "
        "print([name for name in ('openpyxl', 'scipy', 'larch', 'tiled', 'matplotlib') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"
