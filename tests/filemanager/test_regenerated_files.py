"""Data files that are asked for again under the run's own name: an older file keeps its content under another name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from helpers.figures import get_run_uid
from helpers.file_actions import FileManagerHarness
from helpers.file_manager import build_xafs_run
from helpers.streams import Entry, stamp_entries
from xafs_workers.filemanager.actions.write_data_files import write_files
from xafs_workers.messages.parsing import parse
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.scans.items import ReceivedMessage, RecordPosition
from xafs_workers.storage.errors import Conflict
from xafs_workers.writers.registry import CannotWrite

HOME = {"data_session": "pass-333333", "cycle": "2025-1"}


def write(manager: FileManagerHarness, offset: int = 0, **message: Any) -> Outcome:
    control = ReceivedMessage(parse(message), manager.board.now, RecordPosition("t", 0, offset))
    return write_files(control, manager.board, manager.build_context())


def make_named_run(name: object) -> list[Entry]:
    run = build_xafs_run(**HOME)
    run[0][1]["XDI"] = {**run[0][1]["XDI"], "_filename": name}
    return run


@pytest.mark.parametrize("kind", ["xasxdi", "seadxdi", "lsxdi"])
def test_a_null_name_is_the_runs_own(kind: str, manager: FileManagerHarness) -> None:
    run = make_named_run("sample.001")
    manager.fold(stamp_entries(run))
    outcome = write(manager, **{kind: True, "uid": [get_run_uid(run)], "filename": None})
    assert outcome.paths == (str(manager.folder / "sample.001"),)


def test_an_older_file_is_renamed_before(manager: FileManagerHarness) -> None:
    run = make_named_run("sample.001")
    manager.fold(stamp_entries(run))
    older = manager.folder / "sample.001"
    older.write_text("edited by hand")
    for offset in (0, 0, 1):  # the same message again, then another one with the same result
        write(manager, offset, xasxdi=True, uid=get_run_uid(run), filename=None)
    (archived,) = manager.folder.glob("sample.001.*")
    assert re.fullmatch(r"sample\.001\.\d{4}.*", archived.name)
    assert archived.read_text() == "edited by hand"
    assert older.read_text().startswith("# XDI/")


def test_a_given_name_never_replaces_another_file(manager: FileManagerHarness) -> None:
    run = make_named_run("sample.001")
    manager.fold(stamp_entries(run))
    (manager.folder / "sample.001").write_text("edited by hand")
    with pytest.raises(Conflict):
        write(manager, xasxdi=True, uid=get_run_uid(run), filename="sample.001")
    assert [path.name for path in Path(manager.folder).iterdir()] == ["sample.001"]


@pytest.mark.parametrize("name", [None, "", 3, "a/b", "../x"])
def test_a_run_without_a_usable_name_is_refused(name: object, manager: FileManagerHarness) -> None:
    run = make_named_run(name)
    manager.fold(stamp_entries(run))
    with pytest.raises(CannotWrite, match=r"XDI\._filename"):
        write(manager, xasxdi=True, uid=get_run_uid(run), filename=None)
