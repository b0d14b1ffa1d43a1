"""When the page of a dossier is due, what is gathered for it, and its place in the list."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from helpers.dossiers import Page, broken_links, touch
from helpers.streams import Entry, fold, items_of, read_entries
from xafs_workers.catalog.followed_runs import FollowedRuns
from xafs_workers.catalog.retry import Patience
from xafs_workers.filemanager.dossier_sources import (
    NO_REST,
    PATIENCE,
    Around,
    find_runs,
    gathered,
    may_be_written,
    pictures_awaited,
    put_in_list,
)
from xafs_workers.plots.picture_publisher import Shelf
from xafs_workers.runtime.effect_ledger import Records
from xafs_workers.scans.board import Board
from xafs_workers.scans.dossier import Dossier, dossier_of
from xafs_workers.scans.items import Tick
from xafs_workers.scans.scan import Scan
from xafs_workers.settings import Settings, Storage
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.ledger import Ledger
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.sequence_number import sequence_number
from xafs_workers.writers.dossier import dossier_page
from xafs_workers.writers.dossier_index import INDEX, MANIFEST
from xafs_workers.writers.registry import CannotWrite

QUICK = Patience(appears=0.05, complete=0.05, outage=0.05, pauses=(0.01, 0.02))


@pytest.fixture
def entries(measured: Path) -> list[Entry]:
    return read_entries(measured / "ni2o3.jsonl")


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    (tmp_path / "proposals" / "2025-1" / "pass-333333").mkdir(parents=True)
    return Storage(proposals_root=tmp_path / "proposals", root_aliases={})


@pytest.fixture
def folder(storage: Storage) -> ProposalFolder:
    return ProposalFolder(Roots.from_settings(storage), "2025-1", "pass-333333")


def dossier_scan(board: Board) -> Scan:
    return next(scan for scan in reversed(board.scans) if scan.kind == "dossier")


def until(entries: list[Entry], last: dict[str, Any]) -> Board:
    """Return the board as it is right after a message."""
    place = next(index for index, (_, body) in enumerate(entries) if last.items() <= body.items())
    return fold(items_of(entries[: place + 1]))


def around(board: Board) -> Around:
    return Around(FollowedRuns(lambda: board, None, QUICK), board.rules, Event())


def test_it_waits_for_both_stops_and_then_for_the_files(entries: list[Entry]) -> None:
    board = until(entries, {"dossier": "write"})
    assert not may_be_written(board, dossier_scan(board))
    board = until(entries, {"xafsscan": "stop"})
    assert not may_be_written(board, dossier_scan(board))
    board = until(entries, {"xafs_sequence": "stop"})
    scan = dossier_scan(board)
    assert may_be_written(board, scan)
    expected = {"snapshots/Ni2O3_liveplot_04.png", "snapshots/Ni2O3_04.png", "prj/Ni2O3_04.prj"}
    assert set(pictures_awaited(board, scan, 4)) == expected


def test_a_minute_after_rest_it_waits_for_nothing(entries: list[Entry]) -> None:
    board = fold(items_of(entries))
    scan = dossier_scan(board)
    assert pictures_awaited(board.apply(Tick(board.now + PATIENCE - 1)), scan, 1)
    late = board.apply(Tick(board.now + PATIENCE + 1))
    assert pictures_awaited(late, scan, 1) == ()


def test_a_plan_that_died_holds_nothing_up_for_ever(entries: list[Entry]) -> None:
    board = until(entries, {"dossier": "write"})
    scan = dossier_scan(board)
    assert not may_be_written(board.apply(Tick(board.now + NO_REST)), scan)
    assert may_be_written(board.apply(Tick(board.now + NO_REST + PATIENCE + 1)), scan)


def test_one_made_again_waits_for_nobody(entries: list[Entry]) -> None:
    """`remake_dossier`: no scan is measured meanwhile."""
    uids = dossier_of(dossier_scan(fold(items_of(entries)))).uids
    again: list[Entry] = [
        ("bmm", {"dossier": "start", "stub": "Ni2O3"}),
        ("bmm", {"dossier": "set", "uidlist": list(uids), "force_seqnumber": 9}),
        ("bmm", {"dossier": "write"}),
    ]
    board = fold(items_of([*entries, *again]))
    scan = dossier_scan(board)
    assert may_be_written(board, scan)
    assert pictures_awaited(board, scan, 9) == ()
    assert dossier_of(scan).force_seqnumber == 9


@pytest.mark.parametrize(
    ("change", "awaited"),
    [
        ({"xafsscan": {"filename": None}}, {"snapshots/Ni2O3_01.png", "prj/Ni2O3_01.prj"}),
        ({"xafs_sequence": {"filename": None}}, {"snapshots/Ni2O3_liveplot_01.png", "prj/Ni2O3_01.prj"}),
    ],
)
def test_a_picture_that_is_not_wanted_is_not_awaited(
    change: dict[str, dict[str, Any]], awaited: set[str], entries: list[Entry]
) -> None:
    changed = [
        (name, {**body, **next((more for kind, more in change.items() if body.get(kind) == "stop"), {})})
        for name, body in entries
    ]
    board = fold(items_of(changed))
    assert set(pictures_awaited(board, dossier_scan(board), 1)) == awaited


def test_the_names_awaited_are_those_the_headless_worker_writes(
    entries: list[Entry], storage: Storage, folder: ProposalFolder, tmp_path: Path
) -> None:
    board = fold(items_of(entries))
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        shelf = Shelf(Settings(storage=storage), Records(ledger, "c"))
        written: list[str] = []
        for scan in board.scans:
            if scan.kind in ("xafsscan", "xafs_sequence"):
                assert scan.end is not None
                written += shelf.draw(scan.end, scan, board).paths
    scan = dossier_scan(board)
    number = sequence_number(folder, "Ni2O3", dossier_of(scan).uids[0])
    awaited = [f"{folder.path}/{name}" for name in pictures_awaited(board, scan, number)]
    assert [name for name in awaited if name.endswith(".png")] == written
    assert all(Path(name).is_file() for name in written)


def test_runs_that_cannot_be_had_are_left_out_and_named(entries: list[Entry]) -> None:
    board = fold(items_of(entries))
    dossier = dossier_of(dossier_scan(board))
    found = find_runs(replace(dossier, uids=("nobody", *dossier.uids)), around(board).catalog, Event())
    assert [run.uid for run in found.runs] == list(dossier.uids)
    assert len(found.missing) == 1
    assert "nobody" in found.missing[0]
    with pytest.raises(CannotWrite, match="nobody"):
        find_runs(replace(dossier, uids=("nobody",)), around(board).catalog, Event())


@pytest.mark.parametrize(("count", "reason"), [(5, "too many of its runs cannot be had"), (5000, "5003 runs: at most")])
def test_a_list_that_somebody_invented_holds_nobody_up(count: int, reason: str, entries: list[Entry]) -> None:
    """Each run that is missing is waited for: a handful at most."""
    board = fold(items_of(entries))
    invented = Dossier("s", (*dossier_of(dossier_scan(board)).uids, *(f"nobody-{n}" for n in range(count))))
    with pytest.raises(CannotWrite, match=reason):
        find_runs(invented, around(board).catalog, Event())


def test_nothing_measured(entries: list[Entry]) -> None:
    """D1: no uid was told, so there is nothing to write, whatever was measured before."""
    board = fold(items_of(entries))
    with pytest.raises(CannotWrite, match="nothing was measured"):
        find_runs(Dossier("s"), around(board).catalog, Event())


def test_a_page_and_its_place_in_the_list(entries: list[Entry], folder: ProposalFolder) -> None:
    board = fold(items_of(entries))
    dossier = dossier_of(dossier_scan(board))
    found = find_runs(dossier, around(board).catalog, Event())
    root = Path(folder.path)
    touch(root, "dossier/messagelog.html", "Ni2O3.001", "Ni2O3.002", "Ni2O3.003")
    page = root / "dossier/Ni2O3-01.html"
    page.write_bytes(dossier_page("xafs", gathered(found, replace(dossier, rid=""), 1, folder, around(board))))
    for _ in range(2):
        put_in_list(folder, "xafs", str(page), "2025-03-03")
    assert (root / MANIFEST).read_text() == f"xafs\N{OPEN BOX}{page}\n"
    assert broken_links(page) == broken_links(root / INDEX) == []
    assert "1 XAFS Ni2O3-01" in Page((root / INDEX).read_bytes()).text
    assert "slot 14" in Page(page.read_bytes()).text


def test_counts_of_the_spectrum(folder: ProposalFolder) -> None:
    from helpers.finished import XAFS, XDI
    from helpers.streams import run_documents

    spectra = {f"4-element SDD_channel0{n}_xrf": [[n, 10 * n, 100 * n]] for n in (1, 2, 3, 4)}
    regions = {f"Fe{n}": [10.0 * n] for n in (1, 2, 3, 4)}
    xrf = list(run_documents(hint=None, motors=None, columns={**spectra, **regions}))
    xdi = {**XDI, "_snapshots": {"xrf_uid": xrf[0][1]["uid"]}}
    scan = list(run_documents(hint="xafs xs", motors=None, columns=XAFS, start={"XDI": xdi}))
    board = fold(items_of([*xrf, *scan]))
    dossier = Dossier("s", (scan[0][1]["uid"],))
    made = gathered(find_runs(dossier, around(board).catalog, Event()), dossier, 1, folder, around(board))
    assert made.counts is not None
    assert made.counts.channels == ("1", "2", "3", "4")
    assert made.counts.totals == (111, 222, 333, 444)
    assert made.counts.regions == (10, 20, 30, 40)
