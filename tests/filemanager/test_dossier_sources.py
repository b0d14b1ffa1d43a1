"""When the page of a dossier is due, what is gathered for it, and its place in the list."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from helpers.dossiers import ParsedPage, find_broken_links, touch_files
from helpers.streams import Entry, fold, stamp_entries
from xafs_workers.catalog.followed_runs import FollowedRuns
from xafs_workers.catalog.retry import RetryPolicy
from xafs_workers.filemanager.dossier_sources import (
    PICTURE_TIMEOUT,
    REST_TIMEOUT,
    SourceContext,
    add_to_index,
    can_write_page,
    collect_sources,
    find_runs,
    is_wait_over,
    list_awaited_pictures,
)
from xafs_workers.plots.picture_publisher import PicturePublisher
from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.scans.board import Board
from xafs_workers.scans.dossier import Dossier, build_dossier
from xafs_workers.scans.items import ClockTick, ReceivedMessage
from xafs_workers.scans.scan import Scan
from xafs_workers.settings import Settings, Storage
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.ledger import Ledger
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.sequence_number import reserve_sequence_number
from xafs_workers.writers.dossier import render_dossier_page
from xafs_workers.writers.dossier_index import INDEX_PATH, MANIFEST_PATH
from xafs_workers.writers.registry import CannotWrite

QUICK = RetryPolicy(appears_within=0.05, complete_within=0.05, outage=0.05, pauses=(0.01, 0.02))


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    (tmp_path / "proposals" / "2025-1" / "pass-333333").mkdir(parents=True)
    return Settings(storage={"proposals_root": tmp_path / "proposals", "root_aliases": {}}).storage


@pytest.fixture
def folder(storage: Storage) -> ProposalFolder:
    return ProposalFolder(Roots.from_settings(storage), "2025-1", "pass-333333")


def find_dossier_scan(board: Board) -> Scan:
    return next(scan for scan in reversed(board.scans) if scan.kind == "dossier")


def fold_until(entries: list[Entry], last: dict[str, Any]) -> Board:
    """Return the board as it is right after a message."""
    place = next(index for index, (_, body) in enumerate(entries) if last.items() <= body.items())
    return fold(stamp_entries(entries[: place + 1]))


def build_surroundings(board: Board) -> SourceContext:
    return SourceContext(FollowedRuns(lambda: board, None, QUICK), board.config, Event())


def test_a_dossier_waits_for_both_stops_and_the_files(entries: list[Entry]) -> None:
    board = fold_until(entries, {"dossier": "write"})
    assert not can_write_page(board, find_dossier_scan(board))
    board = fold_until(entries, {"xafsscan": "stop"})
    assert not can_write_page(board, find_dossier_scan(board))
    board = fold_until(entries, {"xafs_sequence": "stop"})
    scan = find_dossier_scan(board)
    assert can_write_page(board, scan)
    expected = {"snapshots/Ni2O3_liveplot_04.png", "snapshots/Ni2O3_04.png", "prj/Ni2O3_04.prj"}
    assert set(list_awaited_pictures(board, scan, 4)) == expected


def test_a_dossier_stops_waiting_after_a_minute_attended(entries: list[Entry]) -> None:
    board = fold(stamp_entries(entries))
    scan = find_dossier_scan(board)
    assert not is_wait_over(board.apply(ClockTick(board.now, attended=PICTURE_TIMEOUT - 1)), scan)
    assert is_wait_over(board.apply(ClockTick(board.now, attended=PICTURE_TIMEOUT)), scan)


def test_an_outage_does_not_use_up_the_wait_for_pictures(entries: list[Entry]) -> None:
    """While a broker or the worker is away the clock goes on, but no time is attended."""
    board = fold(stamp_entries(entries))
    assert not is_wait_over(board.apply(ClockTick(board.now + 3600.0)), find_dossier_scan(board))


def test_the_wait_begins_with_the_last_request(entries: list[Entry]) -> None:
    """A sequence may end long after its dossier was requested."""
    items = stamp_entries(entries)
    end = next(
        place for place, item in enumerate(items) if isinstance(item, ReceivedMessage) and item.message.ends_open_scans
    )
    board = fold([*items[:end]])
    last = next(place for place in range(end, 0, -1) if isinstance(items[place - 1], ReceivedMessage))
    board = fold([*items[: last - 1], ClockTick(0.0, attended=500.0), *items[last - 1 :]])
    scan = find_dossier_scan(board)
    assert not is_wait_over(board.apply(ClockTick(0.0, attended=500.0 + PICTURE_TIMEOUT - 1)), scan)
    assert is_wait_over(board.apply(ClockTick(0.0, attended=500.0 + PICTURE_TIMEOUT)), scan)


def test_a_failed_plan_does_not_delay_a_dossier_forever(entries: list[Entry]) -> None:
    board = fold_until(entries, {"dossier": "write"})
    scan = find_dossier_scan(board)
    assert not can_write_page(board.apply(ClockTick(board.now, attended=REST_TIMEOUT)), scan)
    assert can_write_page(board.apply(ClockTick(board.now, attended=REST_TIMEOUT + PICTURE_TIMEOUT)), scan)


def test_a_remade_dossier_does_not_wait(entries: list[Entry]) -> None:
    """`remake_dossier`: no scan is measured meanwhile."""
    uids = build_dossier(find_dossier_scan(fold(stamp_entries(entries)))).uids
    again: list[Entry] = [
        ("bmm", {"dossier": "start", "stub": "Ni2O3"}),
        ("bmm", {"dossier": "set", "uidlist": list(uids), "force_seqnumber": 9}),
        ("bmm", {"dossier": "write"}),
    ]
    board = fold(stamp_entries([*entries, *again]))
    scan = find_dossier_scan(board)
    assert can_write_page(board, scan)
    assert list_awaited_pictures(board, scan, 9) == ()
    assert build_dossier(scan).force_seqnumber == 9


@pytest.mark.parametrize(
    ("change", "awaited"),
    [
        ({"xafsscan": {"filename": None}}, {"snapshots/Ni2O3_01.png", "prj/Ni2O3_01.prj"}),
        ({"xafs_sequence": {"filename": None}}, {"snapshots/Ni2O3_liveplot_01.png", "prj/Ni2O3_01.prj"}),
    ],
)
def test_a_picture_not_asked_for_is_not_awaited(
    change: dict[str, dict[str, Any]], awaited: set[str], entries: list[Entry]
) -> None:
    changed = [
        (name, {**body, **next((more for kind, more in change.items() if body.get(kind) == "stop"), {})})
        for name, body in entries
    ]
    board = fold(stamp_entries(changed))
    assert set(list_awaited_pictures(board, find_dossier_scan(board), 1)) == awaited


@pytest.mark.slow
def test_awaited_names_match_those_of_the_headless_worker(
    entries: list[Entry], storage: Storage, folder: ProposalFolder, tmp_path: Path
) -> None:
    board = fold(stamp_entries(entries))
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        shelf = PicturePublisher(Settings(storage=storage), EffectLedger(ledger, "c"))
        written: list[str] = []
        for scan in board.scans:
            if scan.kind in ("xafsscan", "xafs_sequence"):
                assert scan.end is not None
                written += shelf.draw(scan.end, scan, board).paths
    scan = find_dossier_scan(board)
    number = reserve_sequence_number(folder, "Ni2O3", build_dossier(scan).uids[0])
    awaited = [f"{folder.path}/{name}" for name in list_awaited_pictures(board, scan, number)]
    assert [name for name in awaited if name.endswith(".png")] == written
    assert all(Path(name).is_file() for name in written)


def test_unavailable_runs_are_left_out_and_named(entries: list[Entry]) -> None:
    board = fold(stamp_entries(entries))
    dossier = build_dossier(find_dossier_scan(board))
    found = find_runs(replace(dossier, uids=("nobody", *dossier.uids)), build_surroundings(board).catalog, Event())
    assert [run.uid for run in found.runs] == list(dossier.uids)
    assert len(found.missing) == 1
    assert "nobody" in found.missing[0]
    with pytest.raises(CannotWrite, match="nobody"):
        find_runs(replace(dossier, uids=("nobody",)), build_surroundings(board).catalog, Event())


@pytest.mark.parametrize(("count", "reason"), [(5, "too many of its runs are not available"), (5000, "got 5003 runs")])
def test_too_many_missing_runs_are_refused(count: int, reason: str, entries: list[Entry]) -> None:
    """Each run that is missing is waited for: a handful at most."""
    board = fold(stamp_entries(entries))
    invented = Dossier("s", (*build_dossier(find_dossier_scan(board)).uids, *(f"nobody-{n}" for n in range(count))))
    with pytest.raises(CannotWrite, match=reason):
        find_runs(invented, build_surroundings(board).catalog, Event())


def test_a_dossier_without_runs_is_refused(entries: list[Entry]) -> None:
    """No uid was given, so there is nothing to write, whatever was measured before."""
    board = fold(stamp_entries(entries))
    with pytest.raises(CannotWrite, match="nothing was measured"):
        find_runs(Dossier("s"), build_surroundings(board).catalog, Event())


def test_a_page_is_listed_once_in_the_index(entries: list[Entry], folder: ProposalFolder) -> None:
    board = fold(stamp_entries(entries))
    dossier = build_dossier(find_dossier_scan(board))
    found = find_runs(dossier, build_surroundings(board).catalog, Event())
    root = Path(folder.path)
    touch_files(root, "dossier/messagelog.html", "Ni2O3.001", "Ni2O3.002", "Ni2O3.003")
    page = root / "dossier/Ni2O3-01.html"
    page.write_bytes(
        render_dossier_page(
            "xafs", collect_sources(found, replace(dossier, rid=""), 1, folder, build_surroundings(board))
        )
    )
    for _ in range(2):
        add_to_index(folder, "xafs", str(page), "2025-03-03")
    assert (root / MANIFEST_PATH).read_text() == f"xafs\N{OPEN BOX}{page}\n"
    assert find_broken_links(page) == find_broken_links(root / INDEX_PATH) == []
    assert "1 XAFS Ni2O3-01" in ParsedPage((root / INDEX_PATH).read_bytes()).text
    assert "slot 14" in ParsedPage(page.read_bytes()).text


def test_counts_of_the_spectrum_are_collected(folder: ProposalFolder) -> None:
    from helpers.finished_runs import XAFS, XDI
    from helpers.streams import build_run_documents

    spectra = {f"4-element SDD_channel0{n}_xrf": [[n, 10 * n, 100 * n]] for n in (1, 2, 3, 4)}
    regions = {f"Fe{n}": [10.0 * n] for n in (1, 2, 3, 4)}
    xrf = list(build_run_documents(hint=None, motors=None, columns={**spectra, **regions}))
    xdi = {**XDI, "_snapshots": {"xrf_uid": xrf[0][1]["uid"]}}
    scan = list(build_run_documents(hint="xafs xs", motors=None, columns=XAFS, start={"XDI": xdi}))
    board = fold(stamp_entries([*xrf, *scan]))
    dossier = Dossier("s", (scan[0][1]["uid"],))
    made = collect_sources(
        find_runs(dossier, build_surroundings(board).catalog, Event()), dossier, 1, folder, build_surroundings(board)
    )
    assert made.counts is not None
    assert made.counts.channels == ("1", "2", "3", "4")
    assert made.counts.totals == (111, 222, 333, 444)
    assert made.counts.regions == (10, 20, 30, 40)
