"""The actions of dossiers, message log and log file: what is in the folder afterwards, and what is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from helpers.dossiers import Page, broken_links, touch
from helpers.streams import CONTROL, EPOCH, Entry, fold, items_of, read_entries
from xafs_workers.catalog.followed_runs import FollowedRuns
from xafs_workers.catalog.retry import Patience
from xafs_workers.filemanager.actions.context import Outcome, Tools, TryLater, actions, dues
from xafs_workers.messages.parsing import parse
from xafs_workers.runtime.effect_ledger import Records
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control, Origin, Tick
from xafs_workers.services.slack_posts import Post
from xafs_workers.settings import Settings, Storage
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.errors import Conflict, Refused
from xafs_workers.storage.ledger import Ledger
from xafs_workers.writers.registry import key_of

QUICK = Patience(appears=0.05, complete=0.05, outage=0.05, pauses=(0.01, 0.02))
PICTURES = ("snapshots/Ni2O3_01.png", "snapshots/Ni2O3_liveplot_01.png", "prj/Ni2O3_01.prj")
DATA = ("Ni2O3.001", "Ni2O3.002", "Ni2O3.003")


@dataclass
class FileManager:
    """Folds items and does what messages ask for, as the worker does, but when told to."""

    proposals: Path
    ledger: Ledger
    board: Board = field(default_factory=Board)
    posts: list[Post] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.proposals / "2025-1" / "pass-333333"

    @property
    def log(self) -> Page:
        return Page((self.folder / "dossier/messagelog.html").read_bytes())

    def tools(self) -> Tools:
        settings = Settings(storage=Storage(proposals_root=self.proposals, root_aliases={}))
        roots = Roots.from_settings(settings.storage)
        runs = FollowedRuns(lambda: self.board, None, QUICK)
        records = Records(self.ledger, "cluster")
        return Tools(
            settings, self.board.rules, roots, roots, runs, records, lambda: self.board, Event(), post=self.posts.append
        )

    def fold(self, items: list[Any]) -> None:
        self.board = fold(items, self.board)

    def do(self, control: Control) -> Outcome:
        key = key_of(control.message)
        due: Callable[[Control, Board], bool] | None = dues.get(key)
        if due is not None and not due(control, self.board):
            raise TryLater("not due")
        return actions[key](control, self.board, self.tools())

    def tell(self, **message: Any) -> Outcome:
        """Take in one more message and, when what was on its way has had its time, act on it."""
        control = Control(parse(message), self.board.now + 1, Origin(CONTROL, 0, 10_000 + len(self.board.messages)))
        self.board = self.board.apply(control).apply(Tick(control.time + self.board.rules.settle))
        return self.do(control)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[FileManager]:
    (tmp_path / "proposals" / "2025-1" / "pass-333333").mkdir(parents=True)
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        yield FileManager(tmp_path / "proposals", ledger)


@pytest.fixture
def entries(measured: Path) -> list[Entry]:
    return read_entries(measured / "ni2o3.jsonl")


def message(items: list[Any], kind: str, action: str) -> Control:
    wanted = (kind, action)
    return next(i for i in items if isinstance(i, Control) and (i.message.kind, i.message.action) == wanted)


def drawn(manager: FileManager, write: Control, *names: str) -> None:
    """Put pictures in place, as the headless worker does: the number of the sequence is reserved by then."""
    with pytest.raises(TryLater, match="waiting for"):
        manager.do(write)
    touch(manager.folder, *names)


def test_the_page_comes_when_the_pictures_are_there(manager: FileManager, entries: list[Entry]) -> None:
    items = items_of(entries)
    write = message(items, "dossier", "write")
    place = items.index(write)
    manager.fold(items[: place + 1])
    with pytest.raises(TryLater, match="not due"):
        manager.do(write)
    manager.fold(items[place + 1 :])
    with pytest.raises(TryLater, match=r"Ni2O3_01\.prj, .*Ni2O3_liveplot_01\.png"):
        manager.do(write)
    touch(manager.folder, *PICTURES, *DATA)
    outcome = manager.do(write)
    page = manager.folder / "dossier/Ni2O3-01.html"
    assert outcome == Outcome("done", (str(page),))
    for name in ("Ni2O3-01.html", "00INDEX.html", "messagelog.html"):
        parsed = Page((manager.folder / "dossier" / name).read_bytes())
        assert parsed.problems == []
    assert broken_links(manager.folder / "dossier/00INDEX.html") == []
    addresses = Page(page.read_bytes()).addresses
    assert set(addresses) >= {f"../{name}" for name in (*DATA, *PICTURES)}
    assert [post.text for post in manager.posts] == ["wrote XAFS dossier dossier/Ni2O3-01.html"]
    assert manager.posts[0].session == "pass-333333"
    assert "Ni2O3-01.html" in [address.removeprefix("../dossier/") for address in manager.log.addresses]


def test_the_timeline_is_linked_at_the_line_that_has_the_anchor(manager: FileManager, entries: list[Entry]) -> None:
    items = items_of(entries)
    manager.fold([*items, Tick(items[-1].time + 61)])
    rid = message(items, "dossier", "set").message.rid  # type: ignore[attr-defined]
    for said, link in ((False, "messagelog.html"), (True, f"messagelog.html#{rid}")):
        if said:
            manager.tell(echoslack=True, text="begins", rid=rid)
        manager.tell(dossier="start", stub=f"s{said}")
        manager.tell(dossier="set", uidlist=list(manager.board.runs), rid=rid)
        page = Path(manager.tell(dossier="write").paths[0])
        assert link in Page(page.read_bytes()).addresses
        assert [broken for broken in broken_links(page) if "messagelog" in broken] == []


def test_delivered_again_it_does_nothing_twice(manager: FileManager, entries: list[Entry]) -> None:
    """K3, D5: one page, one line in the list and in the log, whatever is delivered again, even if more is there."""
    items = items_of(entries)
    manager.fold(items)
    write = message(items, "dossier", "write")
    drawn(manager, write, *PICTURES)
    first = manager.do(write)
    before = (manager.folder / "dossier/Ni2O3-01.html").read_bytes()
    touch(manager.folder, *DATA)
    assert manager.do(write).paths == first.paths
    assert (manager.folder / "dossier/Ni2O3-01.html").read_bytes() == before
    assert (manager.folder / "dossier/MANIFEST").read_text().count("\n") == 1
    assert manager.log.text.count("wrote XAFS dossier") == 1
    assert manager.log.addresses.count("../snapshots/Ni2O3_01.png") == 2, "the picture and the link to it, once"
    assert len({post.key for post in manager.posts}) == 1


def test_late_pictures_cost_patience_and_the_page_links_what_is_there(
    manager: FileManager, entries: list[Entry]
) -> None:
    items = items_of(entries)
    manager.fold(items)
    write = message(items, "dossier", "write")
    drawn(manager, write, PICTURES[1])
    manager.fold([Tick(manager.board.now + 61)])
    assert manager.do(write).state == "done"
    page = Page((manager.folder / "dossier/Ni2O3-01.html").read_bytes())
    assert "../snapshots/Ni2O3_liveplot_01.png" in page.addresses
    assert "../snapshots/Ni2O3_01.png" not in page.addresses


def test_a_file_of_somebody_else_stays(manager: FileManager, entries: list[Entry]) -> None:
    """D5: a page that cannot be written is not in the list."""
    items = items_of(entries)
    manager.fold([*items, Tick(items[-1].time + 61)])
    uids = list(manager.board.runs)
    touch(manager.folder, "dossier/Ni2O3-07.html")
    assert manager.tell(dossier="start", stub="Ni2O3").state == "done"
    assert manager.tell(dossier="set", uidlist=uids, force_seqnumber=7).state == "done"
    with pytest.raises(Conflict):
        manager.tell(dossier="write")
    assert not (manager.folder / "dossier/MANIFEST").exists()
    assert (manager.folder / "dossier/Ni2O3-07.html").read_bytes() == b"content\n"
    manager.tell(dossier="start", stub="Ni2O3")
    manager.tell(dossier="set", uidlist=uids, force_seqnumber=7)
    assert manager.tell(dossier="write", overwrite=True).paths == (str(manager.folder / "dossier/Ni2O3-07.html"),)
    assert b"<!doctype html>" in (manager.folder / "dossier/Ni2O3-07.html").read_bytes()


def test_nothing_measured_writes_nothing_and_says_so(manager: FileManager, entries: list[Entry]) -> None:
    """D1: `write` without a finished run, after another sample's dossier or before any."""
    assert manager.tell(dossier="write").reason.startswith("nothing was measured")
    manager.fold([*items_of(entries), Tick(EPOCH + 1000)])
    manager.tell(dossier="start", stub="next")
    manager.tell(dossier="set", folder=str(manager.folder), rid="1a2b")
    outcome = manager.tell(dossier="write")
    assert (outcome.state, outcome.paths) == ("done", ())
    assert outcome.reason == "nothing was measured: no dossier is written"
    assert not list(manager.folder.glob("dossier/*-*.html"))
    assert "next: nothing was measured" in manager.log.text
    assert manager.tell(dossier="write").reason.startswith("nothing was measured")


def test_a_page_tells_nothing_of_another_proposal(manager: FileManager, entries: list[Entry]) -> None:
    runs = [body["uid"] for name, body in entries if name == "start"]
    others = [
        (name, {**body, "data_session": "pass-999999"} if body.get("uid") == runs[1] and name == "start" else body)
        for name, body in entries
    ]
    items = items_of(others)
    manager.fold([*items, Tick(items[-1].time + 61)])
    outcome = manager.do(message(items, "dossier", "write"))
    assert outcome.state == "done"
    assert "is not of pass-333333" in outcome.reason
    text = Path(outcome.paths[0]).read_text()
    assert runs[1] not in text
    assert runs[0] in text


@pytest.mark.parametrize("action", ["sead", "raster"])
def test_the_other_kinds(action: str, manager: FileManager, entries: list[Entry]) -> None:
    manager.fold([*items_of(entries), Tick(EPOCH + 1000)])
    manager.tell(dossier="start", stub="m")
    manager.tell(dossier="set", uid=next(iter(manager.board.runs)))
    outcome = manager.tell(dossier=action)
    assert outcome.paths == (str(manager.folder / "dossier/m-01.html"),)
    assert f"{action}\N{OPEN BOX}{outcome.paths[0]}\n" == (manager.folder / "dossier/MANIFEST").read_text()
    assert f"wrote {action.upper()} dossier" in manager.log.text


def test_what_is_looked_at_is_logged(
    manager: FileManager, entries: list[Entry], capsys: pytest.CaptureFixture[str]
) -> None:
    assert manager.tell(dossier="show").state == "failed"
    assert manager.tell(dossier="motors").state == "failed"
    assert manager.tell(dossier="set", rid="x").state == "failed"
    manager.fold([*items_of(entries), Tick(EPOCH + 1000)])
    assert manager.tell(dossier="show").state == "done"
    assert manager.tell(dossier="motors").state == "done"


def test_an_attribute_of_the_program_is_no_field(manager: FileManager, entries: list[Entry]) -> None:
    manager.fold([*items_of(entries), Tick(EPOCH + 1000)])
    manager.tell(dossier="start", stub="s")
    manager.tell(dossier="set", uid=next(iter(manager.board.runs)), __class__="x", write="y", folder="/etc")
    outcome = manager.tell(dossier="write")
    assert outcome.paths == (str(manager.folder / "dossier/s-01.html"),)


@pytest.mark.parametrize("stub", ["../x", "a/b", ".hidden", "x\ny", "x" * 5000])
def test_a_stub_that_is_no_name(stub: str, manager: FileManager, entries: list[Entry]) -> None:
    manager.fold([*items_of(entries), Tick(EPOCH + 1000)])
    before = sorted(manager.proposals.rglob("*"))
    try:
        manager.tell(dossier="start", stub=stub)
        manager.tell(dossier="set", uid=next(iter(manager.board.runs)))
        with pytest.raises(Refused):
            manager.tell(dossier="write")
    except ValueError:
        assert stub not in ("a/b",), "refused by the message itself"
    assert [
        path for path in sorted(manager.proposals.rglob("*")) if path not in before and path.suffix == ".html"
    ] == []


def test_lines_and_pictures_are_echoed(manager: FileManager, entries: list[Entry]) -> None:
    manager.fold(items_of(entries))
    touch(manager.folder, "snapshots/w.jpg")
    assert manager.tell(echoslack=True, text="begins :tada:", rid="1a2b").state == "done"
    assert manager.tell(echoslack=True, text="ignored", img=str(manager.folder / "snapshots/w.jpg")).state == "done"
    assert "begins 🎉" in manager.log.text
    assert "1a2b" in manager.log.ids
    assert "#icon-camera" in manager.log.addresses
    assert "ignored" not in manager.log.text
    assert [(post.session, post.text, Path(post.picture).name) for post in manager.posts] == [
        ("pass-333333", "begins :tada:", ""),
        ("pass-333333", "w.jpg", "w.jpg"),
    ]


def test_a_line_about_no_proposal_goes_to_no_group(manager: FileManager) -> None:
    """K1."""
    outcome = manager.tell(echoslack=True, text="beam dump")
    assert outcome.state == "done"
    assert [post.session for post in manager.posts] == [""]
    assert list(manager.folder.iterdir()) == []


@pytest.mark.parametrize("image", ["/etc/passwd", "snapshots/x.jpg", "{folder}/snapshots/gone.jpg", "{folder}/../../x"])
def test_a_picture_that_is_not_there_is_reported(image: str, manager: FileManager, entries: list[Entry]) -> None:
    """K7."""
    manager.fold(items_of(entries))
    with pytest.raises(Refused):
        manager.tell(echoslack=True, img=image.format(folder=manager.folder))
    assert manager.posts == []
    assert not (manager.folder / "dossier").exists()


def test_the_log_file(manager: FileManager, entries: list[Entry]) -> None:
    """K8: one file, one writer; what is said about the proposal goes there too."""
    manager.fold(items_of(entries))
    assert "no log file is open" in manager.tell(logger="entry", text="nowhere").reason
    path = str(manager.folder / "file_manager.log")
    assert manager.tell(logger="start", folder=str(manager.folder)).paths == (path,)
    assert manager.tell(logger="entry", text="changed the gas").paths == (path,)
    manager.tell(echoslack=True, text="begins")
    manager.tell(logger="clear")
    manager.tell(echoslack=True, text="later")
    manager.tell(logger="entry", text="later")
    lines = [line.partition("  ")[2] for line in Path(path).read_text().splitlines()]
    assert lines == ["changed the gas", "begins"]


@pytest.mark.parametrize("folder", ["/etc", "{proposals}", "{folder}/snapshots", "{proposals}/2025-1/pass-1/../../.."])
def test_no_log_file_elsewhere(folder: str, manager: FileManager) -> None:
    with pytest.raises(Refused):
        manager.tell(logger="start", folder=folder.format(proposals=manager.proposals, folder=manager.folder))
    assert not list(manager.proposals.rglob("*.log"))


def test_two_dossiers_of_one_stub_have_two_numbers(manager: FileManager, entries: list[Entry]) -> None:
    items = items_of(entries)
    manager.fold([*items, Tick(items[-1].time + 1000)])
    uids = list(manager.board.runs)
    names: list[str] = []
    for uid in uids[:2]:
        manager.tell(dossier="start", stub="twin")
        manager.tell(dossier="set", uid=uid)
        names += [Path(path).name for path in manager.tell(dossier="write").paths]
    assert names == ["twin-01.html", "twin-02.html"]
    index = Page((manager.folder / "dossier/00INDEX.html").read_bytes())
    assert "1 XAFS twin-01 2 XAFS twin-02" in index.text
