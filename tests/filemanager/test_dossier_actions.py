"""The actions of dossiers, message log and log file: what is in the folder afterwards, and what is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from helpers.dossiers import ParsedPage, find_broken_links, touch_files
from helpers.streams import CONTROL, EPOCH, Entry, fold, read_entries, stamp_entries
from xafs_workers.catalog.followed_runs import FollowedRuns
from xafs_workers.catalog.retry import RetryPolicy
from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers, readiness_checks
from xafs_workers.messages.parsing import parse
from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.runtime.outcome import TryLater
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ClockTick, ReceivedMessage, RecordPosition
from xafs_workers.services.slack_posts import Post
from xafs_workers.settings import Settings, Storage
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.errors import Conflict, Refused
from xafs_workers.storage.ledger import Ledger
from xafs_workers.writers.registry import build_writer_key

QUICK = RetryPolicy(appears_within=0.05, complete_within=0.05, outage=0.05, pauses=(0.01, 0.02))
PICTURES = ("snapshots/Ni2O3_01.png", "snapshots/Ni2O3_liveplot_01.png", "prj/Ni2O3_01.prj")
DATA = ("Ni2O3.001", "Ni2O3.002", "Ni2O3.003")


@dataclass
class FileManagerHarness:
    """Folds items and does what messages ask for, as the worker does, but when told to."""

    proposals: Path
    ledger: Ledger
    board: Board = field(default_factory=Board)
    posts: list[Post] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.proposals / "2025-1" / "pass-333333"

    @property
    def log(self) -> ParsedPage:
        return ParsedPage((self.folder / "dossier/messagelog.html").read_bytes())

    def build_context(self) -> ActionContext:
        settings = Settings(storage=Storage(proposals_root=self.proposals, root_aliases={}))
        roots = Roots.from_settings(settings.storage)
        runs = FollowedRuns(lambda: self.board, None, QUICK)
        records = EffectLedger(self.ledger, "cluster")
        return ActionContext(
            settings,
            self.board.config,
            roots,
            roots,
            runs,
            records,
            lambda: self.board,
            Event(),
            post=self.posts.append,
        )

    def fold(self, items: list[Any]) -> None:
        self.board = fold(items, self.board)

    def handle(self, control: ReceivedMessage) -> Outcome:
        key = build_writer_key(control.message)
        due: Callable[[ReceivedMessage, Board], bool] | None = readiness_checks.get(key)
        if due is not None and not due(control, self.board):
            raise TryLater("not due")
        return action_handlers[key](control, self.board, self.build_context())

    def send(self, **message: Any) -> Outcome:
        """Take in one more message and, when what was on its way has had its time, act on it."""
        control = ReceivedMessage(
            parse(message), self.board.now + 1, RecordPosition(CONTROL, 0, 10_000 + len(self.board.messages))
        )
        self.board = self.board.apply(control).apply(ClockTick(control.time + self.board.config.settling_time))
        return self.handle(control)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[FileManagerHarness]:
    (tmp_path / "proposals" / "2025-1" / "pass-333333").mkdir(parents=True)
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        yield FileManagerHarness(tmp_path / "proposals", ledger)


@pytest.fixture
def entries(measured: Path) -> list[Entry]:
    return read_entries(measured / "ni2o3.jsonl")


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


def test_the_timeline_link_leads_to_the_anchored_line(manager: FileManagerHarness, entries: list[Entry]) -> None:
    items = stamp_entries(entries)
    manager.fold([*items, ClockTick(items[-1].time + 61)])
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
    """K3, D5: one page, one line in the list and in the log, whatever is delivered again, even if more is there."""
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
    manager.fold([ClockTick(manager.board.now + 61)])
    assert manager.handle(write).state == "done"
    page = ParsedPage((manager.folder / "dossier/Ni2O3-01.html").read_bytes())
    assert "../snapshots/Ni2O3_liveplot_01.png" in page.addresses
    assert "../snapshots/Ni2O3_01.png" not in page.addresses


def test_a_foreign_file_is_not_overwritten(manager: FileManagerHarness, entries: list[Entry]) -> None:
    """D5: a page that cannot be written is not in the list."""
    items = stamp_entries(entries)
    manager.fold([*items, ClockTick(items[-1].time + 61)])
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
    """D1: `write` without a finished run, after another sample's dossier or before any."""
    assert manager.send(dossier="write").reason.startswith("nothing was measured")
    manager.fold([*stamp_entries(entries), ClockTick(EPOCH + 1000)])
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
    manager.fold([*items, ClockTick(items[-1].time + 61)])
    outcome = manager.handle(find_message(items, "dossier", "write"))
    assert outcome.state == "done"
    assert "is not of pass-333333" in outcome.reason
    text = Path(outcome.paths[0]).read_text()
    assert runs[1] not in text
    assert runs[0] in text


@pytest.mark.parametrize("action", ["sead", "raster"])
def test_other_kinds_of_dossier_are_written(action: str, manager: FileManagerHarness, entries: list[Entry]) -> None:
    manager.fold([*stamp_entries(entries), ClockTick(EPOCH + 1000)])
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
    manager.fold([*stamp_entries(entries), ClockTick(EPOCH + 1000)])
    assert manager.send(dossier="show").state == "done"
    assert manager.send(dossier="motors").state == "done"


def test_a_python_attribute_is_refused_as_a_field(manager: FileManagerHarness, entries: list[Entry]) -> None:
    manager.fold([*stamp_entries(entries), ClockTick(EPOCH + 1000)])
    manager.send(dossier="start", stub="s")
    manager.send(dossier="set", uid=next(iter(manager.board.runs)), __class__="x", write="y", folder="/etc")
    outcome = manager.send(dossier="write")
    assert outcome.paths == (str(manager.folder / "dossier/s-01.html"),)


@pytest.mark.parametrize("stub", ["../x", "a/b", ".hidden", "x\ny", "x" * 5000])
def test_an_invalid_stub_is_refused(stub: str, manager: FileManagerHarness, entries: list[Entry]) -> None:
    manager.fold([*stamp_entries(entries), ClockTick(EPOCH + 1000)])
    before = sorted(manager.proposals.rglob("*"))
    try:
        manager.send(dossier="start", stub=stub)
        manager.send(dossier="set", uid=next(iter(manager.board.runs)))
        with pytest.raises(Refused):
            manager.send(dossier="write")
    except ValueError:
        assert stub not in ("a/b",), "refused by the message itself"
    assert [
        path for path in sorted(manager.proposals.rglob("*")) if path not in before and path.suffix == ".html"
    ] == []


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
    """K1."""
    outcome = manager.send(echoslack=True, text="beam dump")
    assert outcome.state == "done"
    assert [post.session for post in manager.posts] == [""]
    assert list(manager.folder.iterdir()) == []


@pytest.mark.parametrize("image", ["/etc/passwd", "snapshots/x.jpg", "{folder}/snapshots/gone.jpg", "{folder}/../../x"])
def test_a_missing_picture_is_reported(image: str, manager: FileManagerHarness, entries: list[Entry]) -> None:
    """K7."""
    manager.fold(stamp_entries(entries))
    with pytest.raises(Refused):
        manager.send(echoslack=True, img=image.format(folder=manager.folder))
    assert manager.posts == []
    assert not (manager.folder / "dossier").exists()


def test_log_entries_are_written_to_the_open_log_file(manager: FileManagerHarness, entries: list[Entry]) -> None:
    """K8: one file, one writer; what is said about the proposal goes there too."""
    manager.fold(stamp_entries(entries))
    assert "no log file is open" in manager.send(logger="entry", text="nowhere").reason
    path = str(manager.folder / "file_manager.log")
    assert manager.send(logger="start", folder=str(manager.folder)).paths == (path,)
    assert manager.send(logger="entry", text="changed the gas").paths == (path,)
    manager.send(echoslack=True, text="begins")
    manager.send(logger="clear")
    manager.send(echoslack=True, text="later")
    manager.send(logger="entry", text="later")
    lines = [line.partition("  ")[2] for line in Path(path).read_text().splitlines()]
    assert lines == ["changed the gas", "begins"]


@pytest.mark.parametrize("folder", ["/etc", "{proposals}", "{folder}/snapshots", "{proposals}/2025-1/pass-1/../../.."])
def test_a_log_file_outside_the_proposal_is_refused(folder: str, manager: FileManagerHarness) -> None:
    with pytest.raises(Refused):
        manager.send(logger="start", folder=folder.format(proposals=manager.proposals, folder=manager.folder))
    assert not list(manager.proposals.rglob("*.log"))


def test_two_dossiers_with_one_stub_get_two_numbers(manager: FileManagerHarness, entries: list[Entry]) -> None:
    items = stamp_entries(entries)
    manager.fold([*items, ClockTick(items[-1].time + 1000)])
    uids = list(manager.board.runs)
    names: list[str] = []
    for uid in uids[:2]:
        manager.send(dossier="start", stub="twin")
        manager.send(dossier="set", uid=uid)
        names += [Path(path).name for path in manager.send(dossier="write").paths]
    assert names == ["twin-01.html", "twin-02.html"]
    index = ParsedPage((manager.folder / "dossier/00INDEX.html").read_bytes())
    assert "1 XAFS twin-01 2 XAFS twin-02" in index.text
