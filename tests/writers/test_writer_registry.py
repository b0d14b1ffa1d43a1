"""The package's registry, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from helpers.finished_runs import XAFS, make_finished_run
from helpers.patience import SECONDS as PATIENCE
from xafs_workers.messages.base import kinds
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.writers.registry import CannotWrite, WriterInput, build_message_files, build_writer_key, writers


def test_each_message_that_asks_for_a_data_file_has_a_writer() -> None:
    goniometer = {"xrrxdi", "xrrtxt", "xrrout", "xrr_linescan_file", "xrr_calibration_file"}
    assert set(writers) == {"xasxdi", "seadxdi", "lsxdi", "raster", "xrf.write"} | goniometer
    for key in writers:
        assert kinds[key].owner == "file-manager"
        assert build_writer_key(parse(dict(kinds[key].example))) == key


def test_a_message_that_asks_for_no_file_has_no_writer() -> None:
    with pytest.raises(KeyError):
        build_message_files(parse({"resting_state": True}), WriterInput(make_finished_run(XAFS), BoardConfig()))


@pytest.mark.parametrize("key", sorted(writers))
def test_no_file_is_written_of_an_unfinished_run(key: str) -> None:
    run = make_finished_run(XAFS, stopped=False)
    with pytest.raises(CannotWrite, match=f"run {run.uid}: it has no stop document yet"):
        build_message_files(parse(dict(kinds[key].example)), WriterInput(run, BoardConfig()))


def test_libraries_of_file_formats_are_imported_late() -> None:
    code = (
        "import sys; from xafs_workers.writers.registry import writers; assert len(writers) >= 5; "
        "print([name for name in ('openpyxl', 'scipy', 'larch', 'tiled', 'matplotlib') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert found.stdout.strip() == "[]"
