"""Posts: where they are logged and to whom they go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.dossiers import touch_files
from helpers.file_actions import FileManagerHarness
from helpers.processes import make_start_document
from helpers.streams import EPOCH, Entry, build_run_documents, stamp_entries
from xafs_workers.filemanager.actions.context import action_handlers
from xafs_workers.runtime.outcome import Postponed, TryLater
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ClockTick, ReceivedMessage
from xafs_workers.storage.errors import Refused


def test_lines_and_pictures_are_posted(manager: FileManagerHarness, entries: list[Entry]) -> None:
    manager.fold(stamp_entries(entries))
    touch_files(manager.folder, "snapshots/w.jpg")
    assert manager.send(echoslack=True, text="begins :tada:", rid="1a2b").state == "done"
    assert manager.send(echoslack=True, text="ignored", img=str(manager.folder / "snapshots/w.jpg")).state == "done"
    assert "begins 🎉" in manager.log.text
    assert "1a2b" in manager.log.ids
    assert "#icon-camera" in manager.log.addresses
    assert "ignored" not in manager.log.text
    assert [(post.session, post.text, Path(post.picture).name) for post in manager.posts] == [
        ("pass-333333", "begins :tada:", ""),
        ("pass-333333", "w.jpg", "w.jpg"),
    ]


def test_a_line_without_a_proposal_is_posted_to_no_channel(manager: FileManagerHarness) -> None:
    outcome = manager.send(echoslack=True, text="beam dump")
    assert outcome.state == "done"
    assert [post.session for post in manager.posts] == [""]
    assert list(manager.folder.iterdir()) == []


@pytest.mark.first_case_fast
@pytest.mark.parametrize("image", ["/etc/passwd", "snapshots/x.jpg", "{folder}/snapshots/gone.jpg", "{folder}/../../x"])
def test_a_missing_picture_is_reported(image: str, manager: FileManagerHarness, entries: list[Entry]) -> None:
    manager.fold(stamp_entries(entries))
    with pytest.raises(Refused):
        manager.send(echoslack=True, img=image.format(folder=manager.folder))
    assert manager.posts == []
    assert not (manager.folder / "dossier").exists()


TEXT = {"echoslack": True, "text": "looks good", "img": None, "rid": None}
SCAN = {"linescan": "start", "motor": "xafs_x", "detector": "it"}


def build_line(folder: Path) -> list[Entry]:
    """Return the documents of a line scan of a proposal."""
    start = make_start_document(cycle=folder.parent.name, data_session=folder.name)
    columns = {"xafs_x": [1.0, 2.0], "I0": [1.0, 1.0], "It": [1.0, 2.0]}
    return list(build_run_documents(hint="linescan It xafs_x", motors=["xafs_x"], columns=columns, start=start))


def find_text(items: Sequence[object]) -> ReceivedMessage:
    (text,) = (i for i in items if isinstance(i, ReceivedMessage) and i.message.kind == "echoslack")
    return text


def test_a_text_waits_for_the_run_of_the_scan_before_it(manager: FileManagerHarness) -> None:
    """Documents minutes late, and a run of the last users on the board: the text must not go to these."""
    others = manager.folder.with_name("pass-111111")
    others.mkdir()
    line = build_line(manager.folder)
    messages = [("bmm", SCAN), ("bmm", {"linescan": "stop"}), ("bmm", TEXT)]
    earlier = build_line(others)
    moments = [EPOCH + place + (1000.0 if place >= len(earlier) else 0.0) for place in range(100)]
    line[0][1]["time"] = moments[len(earlier)] + 0.5  # it began between the messages of its scan
    items = stamp_entries([*earlier, *messages, *line], times=moments)
    before, late = items[: -len(line)], items[-len(line) :]
    manager.board = Board(config=BoardConfig(waits_for_documents=True))
    manager.fold([*before[: len(earlier)], ClockTick(moments[len(earlier)] - 1.0, attended=1.0)])
    manager.fold([*before[len(earlier) :], ClockTick(before[-1].time + 600.0, attended=600.0)])
    with pytest.raises(TryLater):
        manager.handle(find_text(items))
    manager.fold(late)
    assert manager.handle(find_text(items)).reason == ""
    assert [post.session for post in manager.posts] == ["pass-333333"]


def test_a_text_waits_for_no_run_that_was_done_before_a_restart(manager: FileManagerHarness) -> None:
    """The messages of a scan are read again because of the text, its documents are not."""
    named = {"linescan": "stop", "fname": "x.png", "uid": "done-before"}
    items = stamp_entries([("bmm", SCAN), ("bmm", named), ("bmm", TEXT)])
    manager.board = Board(config=BoardConfig(waits_for_documents=True))
    manager.fold([*items, ClockTick(items[-1].time + 10.0, attended=1.0)])
    assert manager.handle(find_text(items)).state == "done"


def test_a_text_of_a_dead_plan_is_posted_at_last(manager: FileManagerHarness) -> None:
    items = stamp_entries([("bmm", SCAN), ("bmm", TEXT)])
    manager.board = Board(config=BoardConfig(waits_for_documents=True))
    manager.fold([*items, ClockTick(items[-1].time + 3000.0, attended=3000.0)])
    with pytest.raises(TryLater):
        manager.handle(find_text(items))
    manager.fold([ClockTick(items[-1].time + 3601.0, attended=3601.0)])
    assert "no proposal is known" in manager.handle(find_text(items)).reason


def test_a_text_belongs_to_the_dossier_of_its_time(manager: FileManagerHarness) -> None:
    """Other users opened the next dossier before the text was looked at."""
    manager.folder.with_name("pass-111111").mkdir()
    dossiers = [
        [("bmm", {"dossier": "start", "stub": "a"}), ("bmm", {"dossier": "set", "folder": str(folder)})]
        for folder in (manager.folder, manager.folder.with_name("pass-111111"))
    ]
    items = stamp_entries([*dossiers[0], ("bmm", TEXT), ("bmm", {"dossier": "write"}), *dossiers[1]])
    manager.fold([*items, ClockTick(items[-1].time + 60.0)])
    manager.handle(find_text(items))
    assert [post.session for post in manager.posts] == ["pass-333333"]


def test_a_picture_that_a_scan_asks_for_is_awaited(manager: FileManagerHarness) -> None:
    line = build_line(manager.folder)
    picture = manager.folder / "snapshots/x.png"
    stop = {"linescan": "stop", "fname": "x.png", "uid": line[0][1]["uid"]}
    items = stamp_entries([("bmm", SCAN), *line, ("bmm", stop), ("bmm", {**TEXT, "img": str(picture)})])
    manager.fold([*items, ClockTick(items[-1].time + 60.0, attended=60.0)])
    with pytest.raises(Postponed, match="waiting for the picture"):
        manager.handle(find_text(items))
    manager.fold([ClockTick(items[-1].time + 3601.0, attended=3601.0)])
    with pytest.raises(Refused):
        manager.handle(find_text(items))
    touch_files(manager.folder, "snapshots/x.png")
    assert manager.handle(find_text(items)).state == "done"
    assert [Path(post.picture).name for post in manager.posts] == ["x.png"]


def test_a_picture_is_awaited_after_many_newer_scans(manager: FileManagerHarness) -> None:
    """Both workers start after a weekend: the newest board has lost the scan whose picture is still to be drawn."""
    line = build_line(manager.folder)
    stop = {"linescan": "stop", "fname": "x.png", "uid": line[0][1]["uid"]}
    text = {**TEXT, "img": str(manager.folder / "snapshots/x.png")}
    manager.board = Board(replace(manager.board.config, scan_limit=3))
    items = stamp_entries([("bmm", SCAN), *line, ("bmm", stop), ("bmm", text)])
    manager.fold(items)
    board = manager.board
    newer = [
        entry
        for _ in range(10)
        for entry in (("bmm", SCAN), *build_line(manager.folder), ("bmm", {"linescan": "stop"}))
    ]
    manager.fold(stamp_entries(newer, times=[items[-1].time + 1.0 + number for number in range(len(newer))]))
    assert manager.board.find_scan(items[0]) is None
    with pytest.raises(Postponed, match="waiting for the picture"):
        action_handlers["echoslack"](find_text(items), board, manager.build_context())
