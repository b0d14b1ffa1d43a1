"""Pages of dossiers that were written before their pictures came: they are rendered again, as long as they are own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.dossiers import ParsedPage, touch_files
from helpers.file_actions import FileManagerHarness
from helpers.streams import Entry, fold, stamp_entries
from xafs_workers.filemanager.actions.context import ActionContext, Outcome, follow_ups
from xafs_workers.filemanager.actions.dossier_page import DossierPage
from xafs_workers.filemanager.dossier_sources import DossierRuns, find_runs
from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.runtime.outcome import Postponed
from xafs_workers.scans.board import Board
from xafs_workers.scans.dossier import Dossier, build_dossier
from xafs_workers.scans.items import ClockTick, ReceivedMessage
from xafs_workers.scans.scan import Scan
from xafs_workers.storage.errors import Conflict
from xafs_workers.storage.ledger import Ledger

PICTURES = ("snapshots/Ni2O3_01.png", "snapshots/Ni2O3_liveplot_01.png", "prj/Ni2O3_01.prj")
DATA = ("Ni2O3.001", "Ni2O3.002", "Ni2O3.003")
TEXT = '"Ni2O3", Ni K edge, 3 scans'


class Session:
    """A session whose dossier is requested, with the data files in place."""

    def __init__(self, manager: FileManagerHarness, entries: list[Entry]):
        self.manager = manager
        items = stamp_entries(entries)
        manager.fold(items)
        self.write = next(
            item for item in items if isinstance(item, ReceivedMessage) and item.message.action == "write"
        )
        touch_files(manager.folder, *DATA)

    @property
    def page(self) -> Path:
        return self.manager.folder / "dossier/Ni2O3-01.html"

    def add_anchor(self) -> None:
        self.manager.send(echoslack=True, text=TEXT, rid="7cc6746f")

    def publish_late(self, *names: str) -> Outcome:
        """Write the page a minute later with the pictures that exist then."""
        with pytest.raises(Postponed):
            self.manager.handle(self.write)
        touch_files(self.manager.folder, *names)
        self.manager.fold([ClockTick(self.manager.board.now, attended=self.manager.board.reading.attended + 61.0)])
        return self.manager.handle(self.write)

    def build_update(self, outcome: Outcome) -> Callable[[], bool]:
        board = self.manager.board
        return follow_ups["dossier.write"](self.write, board, outcome, self.manager.build_context())

    def find_sources(self, context: ActionContext) -> tuple[Scan, Dossier, DossierRuns]:
        scan = self.manager.board.find_scan(self.write)
        assert scan is not None
        dossier = build_dossier(scan)
        return scan, dossier, find_runs(dossier, context.catalog, context.stop)

    def list_links(self) -> set[str]:
        return set(ParsedPage(self.page.read_bytes()).addresses)


@pytest.fixture
def session(manager: FileManagerHarness, entries: list[Entry]) -> Session:
    return Session(manager, entries)


@pytest.fixture
def undisturbed(tmp_path: Path, entries: list[Entry]) -> bytes:
    """The page of a session whose pictures were there in time."""
    proposals = tmp_path / "undisturbed"
    (proposals / "2025-1" / "pass-333333").mkdir(parents=True)
    with Ledger.open(tmp_path / "other.sqlite") as ledger:
        other = Session(FileManagerHarness(proposals, ledger), entries)
        other.add_anchor()
        with pytest.raises(Postponed):
            other.manager.handle(other.write)
        touch_files(other.manager.folder, *PICTURES)
        other.manager.handle(other.write)
        return other.page.read_bytes()


def test_pictures_that_come_late_are_added_to_the_page(session: Session, undisturbed: bytes) -> None:
    """They come one after the other, long after the page was written; each is linked when it is there."""
    session.add_anchor()
    attempt = session.build_update(session.publish_late())
    assert not session.list_links() & {f"../{name}" for name in PICTURES}
    assert not attempt()
    for place, name in enumerate(PICTURES):
        touch_files(session.manager.folder, name)
        assert attempt() == (place == len(PICTURES) - 1)
        assert f"../{name}" in session.list_links()
    assert session.page.read_bytes() == undisturbed
    log = session.manager.log
    assert log.text.count("wrote XAFS dossier") == 1
    assert [log.addresses.count(f"../{name}") for name in PICTURES[:2]] == [2, 2], "picture and link, each once"
    assert len({post.key for post in session.manager.posts if "dossier" in post.text}) == 1


def test_a_restart_between_page_and_picture_loses_nothing(session: Session, undisturbed: bytes) -> None:
    session.add_anchor()
    outcome = session.publish_late(PICTURES[0])
    session.build_update(outcome)()
    touch_files(session.manager.folder, *PICTURES)
    known = EffectLedger(session.manager.ledger, "cluster")
    known.record_outcome(session.write, outcome)
    recorded = known.find_outcome(session.write)
    assert recorded is not None
    assert session.build_update(recorded)()
    assert session.page.read_bytes() == undisturbed


def test_an_outage_takes_no_patience(session: Session) -> None:
    """The clock went on for an hour while the worker was away: the page still waits for its pictures."""
    session.manager.fold([ClockTick(session.manager.board.now + 3600.0)])
    with pytest.raises(Postponed, match="waiting for"):
        session.manager.handle(session.write)


def test_the_anchor_of_a_late_log_line_is_added(session: Session, undisturbed: bytes) -> None:
    attempt = session.build_update(session.publish_late(*PICTURES))
    assert not attempt()
    assert not any(link.endswith("#7cc6746f") for link in session.list_links())
    session.add_anchor()
    assert attempt()
    assert session.page.read_bytes() == undisturbed


@pytest.mark.parametrize("removed", [False, True])
def test_a_page_changed_by_hand_is_left_alone(removed: bool, session: Session) -> None:
    attempt = session.build_update(session.publish_late(PICTURES[0]))
    assert not attempt()
    if removed:
        session.page.unlink()
    else:
        session.page.write_bytes(b"<p>mine</p>")
    touch_files(session.manager.folder, *PICTURES)
    assert attempt(), "nothing is left to do"
    assert not session.page.exists() if removed else session.page.read_bytes() == b"<p>mine</p>"
    session.page.write_bytes(b"later")
    assert session.build_update(Outcome("done", (str(session.page),)))()
    assert session.page.read_bytes() == b"later"


@pytest.mark.parametrize("changed", [False, True])
def test_a_later_message_replaces_an_own_page_only(changed: bool, session: Session) -> None:
    """A second dossier of a run has the same name; it needs `overwrite` only if the page was changed by hand."""
    attempt = session.build_update(session.publish_late(*PICTURES))
    before = session.page.read_bytes()
    if changed:
        session.page.write_bytes(b"<p>mine</p>")
    later = replace(session.write, position=session.write.position._replace(offset=10_000))
    session.add_anchor()  # the page of the second message leads to this line
    context = session.manager.build_context()
    page = DossierPage.from_runs(later, *session.find_sources(context), context)
    if changed:
        with pytest.raises(Conflict, match="other content"):
            page.publish()
        assert session.page.read_bytes() == b"<p>mine</p>"
        return
    page.publish()
    assert session.page.read_bytes() != before
    second = session.page.read_bytes()
    assert attempt(), "the update of the first message leaves the page of the second"
    assert session.page.read_bytes() == second


def test_a_page_is_rendered_only_when_something_came(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    from xafs_workers.filemanager.actions import dossier_page

    rendered: list[object] = []
    render = dossier_page.render_dossier_page
    attempt = session.build_update(session.publish_late())
    monkeypatch.setattr(dossier_page, "render_dossier_page", lambda *given: (rendered.append(given), render(*given))[1])
    assert [attempt() for _ in range(3)] == [False] * 3
    assert len(rendered) == 1


def test_a_page_is_not_updated_with_fewer_runs(session: Session) -> None:
    """After a restart the board may not have all runs again yet."""
    outcome = session.publish_late()
    before = session.page.read_bytes()
    runs = dict(list(session.manager.board.runs.items())[:2])
    whole = session.manager.board
    attempt = session.build_update(outcome)
    object.__setattr__(session.manager.board, "runs", runs)
    touch_files(session.manager.folder, *PICTURES)
    assert not attempt()
    assert session.page.read_bytes() == before
    assert whole is session.manager.board


def test_reported_scans_are_read_again_while_a_page_waits(entries: list[Entry]) -> None:
    """The runs of all scans that a dossier reports hold back the stored offset, not only those that it shows."""
    from xafs_workers.consumer.required_offsets import compute_required_offsets

    items = stamp_entries(entries)
    board = fold(items, Board())
    board = board.apply(ClockTick(board.now + 100_000.0))
    write = next(i for i in items if isinstance(i, ReceivedMessage) and i.message.action == "write")
    start = next(i for i in items if isinstance(i, ReceivedMessage) and i.message.kind == "dossier")
    ends = {(item.position.topic, item.position.partition): 100_000 for item in items}
    needed = compute_required_offsets(board, ends, (write,))
    first = min((run.start_position[2:] for run in board.runs.values()), key=lambda place: place[-1])
    assert needed[start.position.topic, start.position.partition] == start.position.offset
    assert needed[first[0], first[1]] == first[2]
