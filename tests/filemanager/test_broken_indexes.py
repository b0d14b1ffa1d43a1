"""Indexes and logs that cannot be written: no data file and no dossier fails for them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.dossiers import touch_files
from helpers.file_actions import FileManagerHarness
from helpers.streams import Entry, stamp_entries
from xafs_workers.filemanager.actions.context import Outcome
from xafs_workers.filemanager.actions.write_data_files import write_files
from xafs_workers.runtime.outcome import TryLater
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.storage.errors import Refused

PICTURES = ("snapshots/Ni2O3_01.png", "snapshots/Ni2O3_liveplot_01.png", "prj/Ni2O3_01.prj")


def _make_folder(path: Path) -> None:
    path.mkdir()


def _link_twice(path: Path) -> None:
    path.touch()
    os.link(path, path.parent / "second name")


def _link_away(path: Path) -> None:
    path.symlink_to("nowhere")


BREAKS: dict[str, Callable[[Path], None]] = {"folder": _make_folder, "two names": _link_twice, "link": _link_away}
INDEXES = ("MANIFEST", "00INDEX.html", "messagelog.html", ".rawlog")


def find_message(items: list[Any], kind: str, action: str) -> ReceivedMessage:
    wanted = (kind, action)
    return next(i for i in items if isinstance(i, ReceivedMessage) and (i.message.kind, i.message.action) == wanted)


@pytest.fixture
def items(manager: FileManagerHarness, entries: list[Entry]) -> list[Any]:
    items = stamp_entries(entries)
    manager.fold(items)
    (manager.folder / "dossier").mkdir()
    return items


@pytest.mark.parametrize("breaks", BREAKS)
@pytest.mark.parametrize("name", INDEXES)
def test_a_data_file_is_done_without_its_logs(
    name: str, breaks: str, manager: FileManagerHarness, items: list[Any]
) -> None:
    BREAKS[breaks](manager.folder / "dossier" / name)
    (manager.folder / "file_manager.log").mkdir()
    control = find_message(items, "xasxdi", "")
    outcome = write_files(control, manager.board, manager.build_context())
    assert outcome.state == "done"
    assert Path(outcome.paths[0]).is_file()
    assert [post.text for post in manager.posts] == [f"wrote XAS data to {outcome.paths[0]}"]


@pytest.mark.parametrize("breaks", BREAKS)
@pytest.mark.parametrize("name", INDEXES)
def test_a_dossier_is_done_without_its_index(
    name: str, breaks: str, manager: FileManagerHarness, items: list[Any]
) -> None:
    BREAKS[breaks](manager.folder / "dossier" / name)
    write = find_message(items, "dossier", "write")
    with pytest.raises(TryLater, match="waiting for"):
        manager.handle(write)
    touch_files(manager.folder, *PICTURES)
    assert manager.handle(write) == Outcome("done", (str(manager.folder / "dossier/Ni2O3-01.html"),))


@pytest.mark.parametrize("message", ["mkdir", "touch", "copy"])
@pytest.mark.parametrize("name", [".rawlog", "MANIFEST", ".sequence", "00INDEX.html", "messagelog.html", "manifest"])
def test_messages_cannot_break_the_own_files(
    name: str, message: str, manager: FileManagerHarness, items: list[Any]
) -> None:
    target = str(manager.folder / "dossier" / name)
    (manager.folder / "data").write_text("x")
    bodies = {
        "copy": {"copy": True, "file": str(manager.folder / "data"), "target": target},
        "mkdir": {"mkdir": target},
        "touch": {"touch": target},
    }
    if (message, name) == ("touch", "MANIFEST"):
        assert manager.send(**bodies[message]).state == "done"
        return
    with pytest.raises(Refused, match=r"own indexes and logs|hidden"):
        manager.send(**bodies[message])
    assert not (manager.folder / "dossier" / name).exists()
