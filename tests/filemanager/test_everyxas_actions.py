"""All data files of a proposal written again: complete scans alone, older files kept, a dossier of each sequence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers.file_actions import FileManagerHarness
from helpers.file_manager import build_xafs_run
from helpers.streams import Entry, stamp_entries
from xafs_workers.filemanager.actions.everyxas import write_every_scan
from xafs_workers.messages.parsing import parse
from xafs_workers.runtime.outcome import Outcome, Task
from xafs_workers.scans.items import ReceivedMessage, RecordPosition

HOME = {"data_session": "pass-333333", "cycle": "2025-1", "num_points": 40}


def make_scan(name: str | None, picture: str = "", *, status: str = "success", **start: Any) -> list[Entry]:
    run = build_xafs_run()
    run[0][1].update({**HOME, "proposal": {"proposal_id": "333333"}, **start})
    xdi = run[0][1]["XDI"]
    more = {"_filename": name, "_snapshots": {"webcam_uid": picture}, "_user": {"filename": (name or "").split(".")[0]}}
    run[0][1]["XDI"] = {**xdi, **more}
    run[-1][1]["exit_status"] = status
    return run


def act(manager: FileManagerHarness, offset: int = 0, gup: object = "333333") -> Outcome:
    position = RecordPosition("t", 0, offset)
    control = ReceivedMessage(parse({"everyxas": True, "gup": gup}), manager.board.now, position)
    task = write_every_scan(control, manager.board, manager.build_context())
    assert isinstance(task, Task)
    outcome = task.attempt()
    assert isinstance(outcome, Outcome)
    return outcome


def list_names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_two_sequences_get_their_files_and_a_dossier_each(manager: FileManagerHarness) -> None:
    runs = [
        *make_scan("iron.001", "cam 1"),
        *make_scan("iron.002", "cam 1"),
        *make_scan("copper.001", "cam 2"),
        *make_scan("other.001", "cam 3", data_session="pass-1", proposal={"proposal_id": "1"}),
        *make_scan("line.001", plan_name="rel_scan linescan xafs_x I0"),
    ]
    manager.fold(stamp_entries(runs))
    (manager.folder / "iron.002").write_text("edited")
    outcome = act(manager, gup=333333)
    assert outcome.reason == "3 data files and 2 dossiers of proposal 333333"
    names = [name for name in list_names(manager.folder) if not name.startswith(("dossier/.", ".", "iron.002.2"))]
    pages = ["dossier/00INDEX.html", "dossier/MANIFEST", "dossier/copper-01.html", "dossier/iron-01.html"]
    assert names == ["copper.001", *pages, "dossier/messagelog.html", "iron.001", "iron.002"]
    (archived,) = manager.folder.glob("iron.002.2*")
    assert archived.read_text() == "edited"
    page = (manager.folder / "dossier/iron-01.html").read_text()
    assert "iron.001" in page
    assert "iron.002" in page
    assert [post.text for post in manager.posts] == [f"wrote {outcome.reason} again"]


def test_another_attempt_changes_nothing(manager: FileManagerHarness) -> None:
    manager.fold(stamp_entries([*make_scan("iron.001", "cam"), *make_scan("iron.002", "cam")]))
    act(manager)
    before = {name: (manager.folder / name).read_bytes() for name in list_names(manager.folder)}
    act(manager)
    act(manager, 1)  # the same again, asked for by another message
    after = {name: (manager.folder / name).read_bytes() for name in list_names(manager.folder)}
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed <= {"dossier/messagelog.html", "dossier/.rawlog"}


def test_scans_that_cannot_be_written_are_left_out(manager: FileManagerHarness) -> None:
    runs = [
        *make_scan("aborted.001", status="abort"),
        *make_scan("short.001", num_points=99),
        *make_scan(None),
        *make_scan("twice.001"),
        *make_scan("twice.001"),
    ]
    manager.fold(stamp_entries(runs))
    outcome = act(manager)
    assert outcome.state == "done"
    assert outcome.reason.startswith("1 data files and 1 dossiers of proposal 333333; left out: ")
    for problem in ("it ended as abort", "it has 40 of 99 points", "XDI._filename", "twice.001 is the file of run"):
        assert problem in outcome.reason
    assert not list(manager.folder.glob("aborted*"))


def test_a_proposal_without_scans_writes_nothing(manager: FileManagerHarness) -> None:
    assert act(manager, gup="7").reason == "0 data files and 0 dossiers of proposal 7"
    assert list_names(manager.folder) == []


def test_a_dossier_that_is_written_later_replaces_the_page(manager: FileManagerHarness) -> None:
    """It waits for its pictures, and meanwhile all files may be asked for again; a page changed by hand is kept."""
    run = make_scan("iron.001", "cam")
    start = [("bmm", {"dossier": "start", "stub": "iron"})]
    uid = run[0][1]["uid"]
    manager.fold(stamp_entries([*start, *run, ("bmm", {"dossier": "set", "uidlist": [uid], "ini": "[scan]"})]))
    act(manager)
    page = manager.folder / "dossier/iron-01.html"
    assert manager.send(dossier="write").paths == (str(page),)
    assert "INI file" in page.read_text()
    page.write_text("changed by hand")
    act(manager, 1)
    (archived,) = page.parent.glob("iron-01.html.2*")
    assert archived.read_text() == "changed by hand"
    assert "iron.001" in page.read_text()
