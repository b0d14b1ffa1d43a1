"""Actions of dossiers: the files in the folder afterwards, and what is posted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from helpers.dossiers import ParsedPage, find_broken_links, touch_files
from helpers.file_actions import FileManagerHarness
from helpers.streams import EPOCH, Entry, stamp_entries
from xafs_workers.filemanager.actions.context import Outcome
from xafs_workers.runtime.outcome import TryLater
from xafs_workers.scans.items import ClockTick, ReceivedMessage
from xafs_workers.storage.errors import Conflict, Refused

PICTURES = ("snapshots/Ni2O3_01.png", "snapshots/Ni2O3_liveplot_01.png", "prj/Ni2O3_01.prj")
DATA = ("Ni2O3.001", "Ni2O3.002", "Ni2O3.003")


def find_message(items: list[Any], kind: str, action: str) -> ReceivedMessage:
    wanted = (kind, action)
    return next(i for i in items if isinstance(i, ReceivedMessage) and (i.message.kind, i.message.action) == wanted)


def publish_pictures(manager: FileManagerHarness, write: ReceivedMessage, *names: str) -> None:
    """Put pictures in place, as the headless worker does: the number of the sequence is reserved by then."""
    with pytest.raises(TryLater, match="waiting for"):
        manager.handle(write)
    touch_files(manager.folder, *names)


def test_the_page_is_written_when_the_pictures_exist(manager: FileManagerHarness, entries: list[Entry]) -> None:
    items = stamp_entries(entries)
    write = find_message(items, "dossier", "write")
    place = items.index(write)
    manager.fold(items[: place + 1])
    with pytest.raises(TryLater, match="not due"):
        manager.handle(write)
    manager.fold(items[place + 1 :])
    with pytest.raises(TryLater, match=r"Ni2O3_01\.prj, .*Ni2O3_liveplot_01\.png"):
        manager.handle(write)
    touch_files(manager.folder, *PICTURES, *DATA)
    outcome = manager.handle(write)
    page = manager.folder / "dossier/Ni2O3-01.html"
    assert outcome == Outcome("done", (str(page),))
    for name in ("Ni2O3-01.html", "00INDEX.html", "messagelog.html"):
        parsed = ParsedPage((manager.folder / "dossier" / name).read_bytes())
        assert parsed.problems == []
    assert find_broken_links(manager.folder / "dossier/00INDEX.html") == []
    addresses = ParsedPage(page.read_bytes()).addresses
    assert set(addresses) >= {f"../{name}" for name in (*DATA, *PICTURES)}
    assert [post.text for post in manager.posts] == ["wrote XAFS dossier dossier/Ni2O3-01.html"]
    assert manager.posts[0].session == "pass-333333"
    assert "Ni2O3-01.html" in [address.removeprefix("../dossier/") for address in manager.log.addresses]


@pytest.mark.slow
def test_the_timeline_link_leads_to_the_anchored_line(manager: FileManagerHarness, entries: list[Entry]) -> None:
    items = stamp_entries(entries)
    manager.fold([*items, ClockTick(items[-1].time, attended=61.0)])
    rid = find_message(items, "dossier", "set").message.rid  # type: ignore[attr-defined]
    for said, link in ((False, "messagelog.html"), (True, f"messagelog.html#{rid}")):
        if said:
            manager.send(echoslack=True, text="begins", rid=rid)
        manager.send(dossier="start", stub=f"s{said}")
        manager.send(dossier="set", uidlist=list(manager.board.runs), rid=rid)
        page = Path(manager.send(dossier="write").paths[0])
        assert link in ParsedPage(page.read_bytes()).addresses
        assert [broken for broken in find_broken_links(page) if "messagelog" in broken] == []


def test_a_redelivered_message_has_no_second_effect(manager: FileManagerHarness, entries: list[Entry]) -> None:
    """One page, one line in the list and in the log, whatever is delivered again."""
    items = stamp_entries(entries)
    manager.fold(items)
    write = find_message(items, "dossier", "write")
    publish_pictures(manager, write, *PICTURES)
    first = manager.handle(write)
    before = (manager.folder / "dossier/Ni2O3-01.html").read_bytes()
    touch_files(manager.folder, *DATA)
    assert manager.handle(write).paths == first.paths
    assert (manager.folder / "dossier/Ni2O3-01.html").read_bytes() == before
    assert (manager.folder / "dossier/MANIFEST").read_text().count("\n") == 1
    assert manager.log.text.count("wrote XAFS dossier") == 1
    assert manager.log.addresses.count("../snapshots/Ni2O3_01.png") == 2, "the picture and the link to it, once"
    assert len({post.key for post in manager.posts}) == 1


def test_late_pictures_are_waited_for_then_left_out(manager: FileManagerHarness, entries: list[Entry]) -> None:
    items = stamp_entries(entries)
    manager.fold(items)
    write = find_message(items, "dossier", "write")
    publish_pictures(manager, write, PICTURES[1])
    manager.fold([ClockTick(manager.board.now, attended=61.0)])
    assert manager.handle(write).state == "done"
    page = ParsedPage((manager.folder / "dossier/Ni2O3-01.html").read_bytes())
    assert "../snapshots/Ni2O3_liveplot_01.png" in page.addresses
    assert "../snapshots/Ni2O3_01.png" not in page.addresses


def test_a_foreign_file_is_not_overwritten(manager: FileManagerHarness, entries: list[Entry]) -> None:
    """A page that cannot be written is not in the list."""
    items = stamp_entries(entries)
    manager.fold([*items, ClockTick(items[-1].time, attended=61.0)])
    uids = list(manager.board.runs)
    touch_files(manager.folder, "dossier/Ni2O3-07.html")
    assert manager.send(dossier="start", stub="Ni2O3").state == "done"
    assert manager.send(dossier="set", uidlist=uids, force_seqnumber=7).state == "done"
    with pytest.raises(Conflict):
        manager.send(dossier="write")
    assert not (manager.folder / "dossier/MANIFEST").exists()
    assert (manager.folder / "dossier/Ni2O3-07.html").read_bytes() == b"content\n"
    manager.send(dossier="start", stub="Ni2O3")
    manager.send(dossier="set", uidlist=uids, force_seqnumber=7)
    assert manager.send(dossier="write", overwrite=True).paths == (str(manager.folder / "dossier/Ni2O3-07.html"),)
    assert b"<!doctype html>" in (manager.folder / "dossier/Ni2O3-07.html").read_bytes()


def test_a_dossier_without_runs_fails_with_the_reason(manager: FileManagerHarness, entries: list[Entry]) -> None:
    """Send `write` without a finished run, after another sample's dossier or before any."""
    assert manager.send(dossier="write").reason.startswith("nothing was measured")
    manager.fold([*stamp_entries(entries), ClockTick(EPOCH + 1000, attended=1000.0)])
    manager.send(dossier="start", stub="next")
    manager.send(dossier="set", folder=str(manager.folder), rid="1a2b")
    outcome = manager.send(dossier="write")
    assert (outcome.state, outcome.paths) == ("done", ())
    assert outcome.reason == "nothing was measured: no dossier is written"
    assert not list(manager.folder.glob("dossier/*-*.html"))
    assert "next: nothing was measured" in manager.log.text
    assert manager.send(dossier="write").reason.startswith("nothing was measured")


def test_a_page_shows_no_data_of_another_proposal(manager: FileManagerHarness, entries: list[Entry]) -> None:
    runs = [body["uid"] for name, body in entries if name == "start"]
    others = [
        (name, {**body, "data_session": "pass-999999"} if body.get("uid") == runs[1] and name == "start" else body)
        for name, body in entries
    ]
    items = stamp_entries(others)
    manager.fold([*items, ClockTick(items[-1].time, attended=61.0)])
    outcome = manager.handle(find_message(items, "dossier", "write"))
    assert outcome.state == "done"
    assert "is not of pass-333333" in outcome.reason
    text = Path(outcome.paths[0]).read_text()
    assert runs[1] not in text
    assert runs[0] in text


@pytest.mark.parametrize("action", ["sead", "raster"])
def test_other_kinds_of_dossier_are_written(action: str, manager: FileManagerHarness, entries: list[Entry]) -> None:
    manager.fold([*stamp_entries(entries), ClockTick(EPOCH + 1000, attended=1000.0)])
    manager.send(dossier="start", stub="m")
    manager.send(dossier="set", uid=next(iter(manager.board.runs)))
    outcome = manager.send(dossier=action)
    assert outcome.paths == (str(manager.folder / "dossier/m-01.html"),)
    assert f"{action}\N{OPEN BOX}{outcome.paths[0]}\n" == (manager.folder / "dossier/MANIFEST").read_text()
    assert f"wrote {action.upper()} dossier" in manager.log.text


def test_show_and_motors_are_logged(
    manager: FileManagerHarness, entries: list[Entry], capsys: pytest.CaptureFixture[str]
) -> None:
    assert manager.send(dossier="show").state == "failed"
    assert manager.send(dossier="motors").state == "failed"
    assert manager.send(dossier="set", rid="x").state == "failed"
    manager.fold([*stamp_entries(entries), ClockTick(EPOCH + 1000, attended=1000.0)])
    assert manager.send(dossier="show").state == "done"
    assert manager.send(dossier="motors").state == "done"


def test_a_python_attribute_is_refused_as_a_field(manager: FileManagerHarness, entries: list[Entry]) -> None:
    manager.fold([*stamp_entries(entries), ClockTick(EPOCH + 1000, attended=1000.0)])
    manager.send(dossier="start", stub="s")
    manager.send(dossier="set", uid=next(iter(manager.board.runs)), __class__="x", write="y", folder="/etc")
    outcome = manager.send(dossier="write")
    assert outcome.paths == (str(manager.folder / "dossier/s-01.html"),)


@pytest.mark.parametrize("stub", ["../x", "a/b", ".hidden", "x\ny", "x" * 5000])
def test_an_invalid_stub_is_refused(stub: str, manager: FileManagerHarness, entries: list[Entry]) -> None:
    manager.fold([*stamp_entries(entries), ClockTick(EPOCH + 1000, attended=1000.0)])
    before = sorted(manager.proposals.rglob("*"))
    try:
        manager.send(dossier="start", stub=stub)
        manager.send(dossier="set", uid=next(iter(manager.board.runs)))
        with pytest.raises(Refused):
            manager.send(dossier="write")
    except ValueError:
        assert stub in ("../x", "a/b", "x" * 5000) or "\n" in stub, "refused by the message itself"
    assert [
        path for path in sorted(manager.proposals.rglob("*")) if path not in before and path.suffix == ".html"
    ] == []


def test_two_dossiers_with_one_stub_get_two_numbers(manager: FileManagerHarness, entries: list[Entry]) -> None:
    items = stamp_entries(entries)
    manager.fold([*items, ClockTick(items[-1].time, attended=1000.0)])
    uids = list(manager.board.runs)
    names: list[str] = []
    for uid in uids[:2]:
        manager.send(dossier="start", stub="twin")
        manager.send(dossier="set", uid=uid)
        names += [Path(path).name for path in manager.send(dossier="write").paths]
    assert names == ["twin-01.html", "twin-02.html"]
    index = ParsedPage((manager.folder / "dossier/00INDEX.html").read_bytes())
    assert re.search("1 XAFS twin-01 Ni K .* 2 XAFS twin-02 Ni K ", index.text)
