"""What the board knows of dossiers: folded from messages, of each its own, in any order, across a restart."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from helpers.figures import build_shown_figures
from helpers.finished_runs import XAFS
from helpers.streams import CONTROL, Entry, build_run_documents, fold, read_entries, stamp_entries
from xafs_workers.consumer.required_offsets import compute_required_offsets
from xafs_workers.frontends.status import Feed, build_status, find_running_scan
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.dossier import Dossier, build_dossier, find_open_dossier, find_rest_time, list_reported_scans
from xafs_workers.scans.items import ClockTick, ReceivedMessage

START = ("bmm", {"dossier": "start", "stub": "s"})
WRITE = ("bmm", {"dossier": "write"})


def set_(**fields: Any) -> Entry:
    return "bmm", {"dossier": "set", **fields}


def dossiers(board: Board) -> list[Dossier]:
    return [build_dossier(scan) for scan in board.scans if scan.kind == "dossier"]


def board_of(*entries: Entry) -> Board:
    return fold(stamp_entries(entries))


def test_the_last_value_set_is_used() -> None:
    board = board_of(
        START,
        set_(folder="/p/c/s", rid="1a"),
        set_(uid="a"),
        set_(uid="b", rid="2b"),
        set_(uid="a", instrument="<p>x</p>", ini="[scan]", force_seqnumber=3),
    )
    assert dossiers(board) == [Dossier("s", ("a", "b"), "/p/c/s", "2b", 3, "<p>x</p>", "[scan]")]


def test_a_list_replaces_and_a_string_becomes_a_list() -> None:
    told = [set_(uid="x"), set_(uidlist=["a", "b"]), set_(uid="c")]
    assert dossiers(board_of(START, *told))[0].uids == ("a", "b", "c")
    assert dossiers(board_of(START, set_(uidlist="a")))[0].uids == ("a",)


def test_a_new_dossier_has_no_data_of_the_previous_sample() -> None:
    """A second dossier has nothing of the first; after `write` no dossier is open."""
    board = board_of(START, set_(uid="a", rid="1a", instrument="x"), WRITE, ("bmm", {"dossier": "start", "stub": "t"}))
    assert dossiers(board)[-1] == Dossier("t")
    items = stamp_entries([START, set_(uid="a"), WRITE, WRITE])
    assert len(dossiers(fold(items))) == 1
    assert isinstance(items[-1], ReceivedMessage)
    assert fold(items).find_scan(items[-1]) is None


def test_values_set_between_dossiers_are_ignored() -> None:
    board = board_of(START, WRITE, set_(uid="stray"), ("bmm", {"dossier": "start", "stub": "t"}), set_(uid="b"))
    assert [dossier.uids for dossier in dossiers(board)] == [(), ("b",)]


def test_only_the_next_start_ends_a_dossier_not_rest() -> None:
    board = board_of(START, ("bmm", {"resting_state": True}), set_(uid="a"))
    assert find_open_dossier(board) is not None
    board = board_of(START, set_(uid="a"), ("bmm", {"dossier": "start", "stub": "t"}))
    assert [scan.implicit_end for scan in board.scans] == ["superseded", ""]
    assert find_open_dossier(board) is board.scans[-1]


def test_each_write_action_ends_a_dossier() -> None:
    for action in ("write", "sead", "raster"):
        board = board_of(START, set_(uid="a"), ("bmm", {"dossier": action}))
        assert board.scans[0].has_ended
        assert find_open_dossier(board) is None
    board = board_of(START, ("bmm", {"dossier": "show"}), ("bmm", {"dossier": "motors"}))
    assert find_open_dossier(board) is not None


def test_a_dossier_has_no_figure() -> None:
    board = board_of(START, set_(uid="a"), WRITE, ("bmm", {"close": "last"}))
    assert build_shown_figures(board) == ()
    assert not board.scans[0].is_shown


def test_close_last_closes_a_figure_not_a_dossier() -> None:
    line = ("bmm", {"linescan": "start", "motor": "x", "detector": "it"})
    board = board_of(line, START, set_(uid="a"), ("bmm", {"close": "last"}))
    assert [scan.is_shown for scan in board.scans] == [False, False]


def test_every_order_of_arrival_gives_the_same_dossier() -> None:
    items = stamp_entries(
        [START, set_(uid="a", rid="1"), set_(uidlist=["b"]), set_(uid="c", rid="2"), WRITE, set_(uid="z")]
    )
    expected = dossiers(fold(items))
    for seed in range(20):
        random.Random(seed).shuffle(items)
        assert dossiers(fold(items)) == expected


def test_an_unwritten_dossier_is_released_after_a_day() -> None:
    board = board_of(START, set_(uid="a"))
    later = board.apply(ClockTick(board.now + board.config.expiry_time + 1))
    assert find_open_dossier(later) is None
    assert later.is_closed(later.scans[0])


def test_dossiers_displace_no_figure() -> None:
    """What is kept of figures is counted without the dossiers, and dossiers do not pile up for ever either."""
    line = ("bmm", {"linescan": "start", "motor": "x", "detector": "it"})
    pair = [START, line, ("bmm", {"linescan": "stop"}), WRITE]
    board = fold(stamp_entries(pair * 5), Board(BoardConfig(scan_limit=3)))
    assert [scan.kind for scan in board.scans].count("linescan") == 3
    assert [scan.kind for scan in board.scans].count("dossier") == 3


def test_a_restart_reads_from_the_start_of_an_open_dossier(measured: Path) -> None:
    """Wherever a worker is killed, what it reads again gives the same dossier with the same runs."""
    entries = read_entries(measured / "ni2o3.jsonl")
    kept = [entry for entry in entries if entry[0] != "event"]
    items = stamp_entries(kept)
    whole = fold(items)
    write = next(item for item in items if isinstance(item, ReceivedMessage) and item.message.action == "write")
    for cut in range(3, len(items)):
        before = fold(items[:cut])
        reached = {partition: sum(_in(item, partition) for item in items[:cut]) for partition in PARTITIONS}
        pending = [write] if write in items[:cut] else []
        needed = compute_required_offsets(before, reached, pending)
        again = fold(item for item in items if item.position.offset >= needed[item.position.topic, 0])  # type: ignore[union-attr]
        if find_open_dossier(before) is not None or pending:
            assert dossiers(again) == dossiers(whole)
            assert set(dossiers(whole)[0].uids) <= again.runs.keys()


PARTITIONS = [(topic, 0) for topic in (CONTROL, "bmm.bluesky.runengine.documents")]


def _in(item: Any, partition: tuple[str, int]) -> bool:
    return (item.position.topic, item.position.partition) == partition


def test_a_dossier_knows_its_scans_and_the_resting_time(measured: Path) -> None:
    board = fold(stamp_entries(read_entries(measured / "ni2o3.jsonl")))
    scan = next(one for one in board.scans if one.kind == "dossier")
    assert sorted(one.kind for one in list_reported_scans(board, scan)) == ["xafs_sequence", "xafsscan"]
    rest = find_rest_time(board, scan)
    assert rest is not None
    assert scan.end is not None
    assert rest > scan.end.time
    assert (
        find_rest_time(board_of(START, ("bmm", {"resting_state": True}), WRITE), board_of(START, WRITE).scans[0])
        is None
    )


def test_positions_come_from_the_first_baseline_reading() -> None:
    documents = list(build_run_documents(hint=None, motors=None, columns=XAFS))
    later = [(name, _moved(doc)) for name, doc in documents]
    (run,) = fold(stamp_entries(later)).runs.values()
    assert run.baseline == {"dcm_roll": -1.0, "xafs_x": 99.0}
    (paged,) = fold(stamp_entries(_as_pages(later))).runs.values()
    assert paged.baseline == run.baseline


def _moved(doc: dict[str, Any]) -> dict[str, Any]:
    moved = doc.get("seq_num") == 2 and "xafs_x" in doc["data"]
    return {**doc, "data": {"dcm_roll": 5.0, "xafs_x": 5.0}} if moved else doc


def _as_pages(entries: list[Entry]) -> list[Entry]:
    def page(doc: dict[str, Any]) -> dict[str, Any]:
        data = {key: [value] for key, value in doc["data"].items()}
        return {**doc, "data": data, "seq_num": [doc["seq_num"]], "time": [doc["time"]]}

    return [("event_page", page(doc)) if name == "event" else (name, doc) for name, doc in entries]


def test_an_open_dossier_is_not_shown_as_a_measurement() -> None:
    board = board_of(START, ("bmm", {"logger": "start", "folder": "/p/c/s"}))
    assert find_running_scan(board) is None
    assert build_status(Feed(board), 0.0).measurement == "idle"
