"""What the board knows of dossiers: folded from messages, of each its own, in any order, across a restart."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from helpers.finished import XAFS
from helpers.streams import CONTROL, Entry, fold, items_of, read_entries, run_documents
from xafs_workers.consumer.required_offsets import positions_needed
from xafs_workers.figures.figure_builder import figures_on_show
from xafs_workers.frontends.status import Feed, running, status_of
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.dossier import Dossier, dossier_of, open_dossier, reported, rest_after
from xafs_workers.scans.items import Control, Tick

START = ("bmm", {"dossier": "start", "stub": "s"})
WRITE = ("bmm", {"dossier": "write"})


def set_(**fields: Any) -> Entry:
    return "bmm", {"dossier": "set", **fields}


def dossiers(board: Board) -> list[Dossier]:
    return [dossier_of(scan) for scan in board.scans if scan.kind == "dossier"]


def board_of(*entries: Entry) -> Board:
    return fold(items_of(entries))


def test_what_was_set_last_counts() -> None:
    board = board_of(
        START,
        set_(folder="/p/c/s", rid="1a"),
        set_(uid="a"),
        set_(uid="b", rid="2b"),
        set_(uid="a", instrument="<p>x</p>", ini="[scan]", force_seqnumber=3),
    )
    assert dossiers(board) == [Dossier("s", ("a", "b"), "/p/c/s", "2b", 3, "<p>x</p>", "[scan]")]


def test_a_whole_list_replaces_and_one_string_is_a_list() -> None:
    told = [set_(uid="x"), set_(uidlist=["a", "b"]), set_(uid="c")]
    assert dossiers(board_of(START, *told))[0].uids == ("a", "b", "c")
    assert dossiers(board_of(START, set_(uidlist="a")))[0].uids == ("a",)


def test_nothing_of_the_sample_before() -> None:
    """D1, D2: a second dossier knows nothing of the first; written again there is none at all."""
    board = board_of(START, set_(uid="a", rid="1a", instrument="x"), WRITE, ("bmm", {"dossier": "start", "stub": "t"}))
    assert dossiers(board)[-1] == Dossier("t")
    items = items_of([START, set_(uid="a"), WRITE, WRITE])
    assert len(dossiers(fold(items))) == 1
    assert isinstance(items[-1], Control)
    assert fold(items).told_by(items[-1]) is None


def test_what_is_set_between_dossiers_is_nobodys() -> None:
    board = board_of(START, WRITE, set_(uid="stray"), ("bmm", {"dossier": "start", "stub": "t"}), set_(uid="b"))
    assert [dossier.uids for dossier in dossiers(board)] == [(), ("b",)]


def test_rest_does_not_end_it_but_the_next_does() -> None:
    board = board_of(START, ("bmm", {"resting_state": True}), set_(uid="a"))
    assert open_dossier(board) is not None
    board = board_of(START, set_(uid="a"), ("bmm", {"dossier": "start", "stub": "t"}))
    assert [scan.given_up for scan in board.scans] == ["superseded", ""]
    assert open_dossier(board) is board.scans[-1]


def test_each_way_of_writing_ends_it() -> None:
    for action in ("write", "sead", "raster"):
        board = board_of(START, set_(uid="a"), ("bmm", {"dossier": action}))
        assert board.scans[0].ended
        assert open_dossier(board) is None
    board = board_of(START, ("bmm", {"dossier": "show"}), ("bmm", {"dossier": "motors"}))
    assert open_dossier(board) is not None


def test_it_has_no_figure() -> None:
    board = board_of(START, set_(uid="a"), WRITE, ("bmm", {"close": "last"}))
    assert figures_on_show(board) == ()
    assert not board.scans[0].shown


def test_close_last_means_a_figure_not_a_dossier() -> None:
    line = ("bmm", {"linescan": "start", "motor": "x", "detector": "it"})
    board = board_of(line, START, set_(uid="a"), ("bmm", {"close": "last"}))
    assert [scan.shown for scan in board.scans] == [False, False]


def test_every_order_of_arrival_gives_the_same() -> None:
    items = items_of([START, set_(uid="a", rid="1"), set_(uidlist=["b"]), set_(uid="c", rid="2"), WRITE, set_(uid="z")])
    expected = dossiers(fold(items))
    for seed in range(20):
        random.Random(seed).shuffle(items)
        assert dossiers(fold(items)) == expected


def test_one_that_nobody_writes_is_let_go_after_a_day() -> None:
    board = board_of(START, set_(uid="a"))
    later = board.apply(Tick(board.now + board.rules.release + 1))
    assert open_dossier(later) is None
    assert later.closed(later.scans[0])


def test_dossiers_push_no_figure_out() -> None:
    """What is kept of figures is counted without the dossiers, and dossiers do not pile up for ever either."""
    line = ("bmm", {"linescan": "start", "motor": "x", "detector": "it"})
    pair = [START, line, ("bmm", {"linescan": "stop"}), WRITE]
    board = fold(items_of(pair * 5), Board(Rules(keep_scans=3)))
    assert [scan.kind for scan in board.scans].count("linescan") == 3
    assert [scan.kind for scan in board.scans].count("dossier") == 3


def test_a_restart_in_the_middle_reads_from_its_start(measured: Path) -> None:
    """Wherever a worker is killed, what it reads again gives the same dossier with the same runs."""
    entries = read_entries(measured / "ni2o3.jsonl")
    kept = [entry for entry in entries if entry[0] != "event"]
    items = items_of(kept)
    whole = fold(items)
    write = next(item for item in items if isinstance(item, Control) and item.message.action == "write")
    for cut in range(3, len(items)):
        before = fold(items[:cut])
        reached = {partition: sum(_in(item, partition) for item in items[:cut]) for partition in PARTITIONS}
        pending = [write] if write in items[:cut] else []
        needed = positions_needed(before, reached, pending)
        again = fold(item for item in items if item.origin.offset >= needed[item.origin.topic, 0])  # type: ignore[union-attr]
        if open_dossier(before) is not None or pending:
            assert dossiers(again) == dossiers(whole)
            assert set(dossiers(whole)[0].uids) <= again.runs.keys()


PARTITIONS = [(topic, 0) for topic in (CONTROL, "bmm.bluesky.runengine.documents")]


def _in(item: Any, partition: tuple[str, int]) -> bool:
    return (item.origin.topic, item.origin.partition) == partition


def test_the_scans_it_reports_and_when_the_plan_came_to_rest(measured: Path) -> None:
    board = fold(items_of(read_entries(measured / "ni2o3.jsonl")))
    scan = next(one for one in board.scans if one.kind == "dossier")
    assert sorted(one.kind for one in reported(board, scan)) == ["xafs_sequence", "xafsscan"]
    rest = rest_after(board, scan)
    assert rest is not None
    assert scan.end is not None
    assert rest > scan.end.time
    assert rest_after(board_of(START, ("bmm", {"resting_state": True}), WRITE), board_of(START, WRITE).scans[0]) is None


def test_positions_are_those_of_the_first_reading_of_the_baseline() -> None:
    documents = list(run_documents(hint=None, motors=None, columns=XAFS))
    later = [(name, _moved(doc)) for name, doc in documents]
    (run,) = fold(items_of(later)).runs.values()
    assert run.baseline == {"dcm_roll": -1.0, "xafs_x": 99.0}
    (paged,) = fold(items_of(_as_pages(later))).runs.values()
    assert paged.baseline == run.baseline


def _moved(doc: dict[str, Any]) -> dict[str, Any]:
    moved = doc.get("seq_num") == 2 and "xafs_x" in doc["data"]
    return {**doc, "data": {"dcm_roll": 5.0, "xafs_x": 5.0}} if moved else doc


def _as_pages(entries: list[Entry]) -> list[Entry]:
    def page(doc: dict[str, Any]) -> dict[str, Any]:
        data = {key: [value] for key, value in doc["data"].items()}
        return {**doc, "data": data, "seq_num": [doc["seq_num"]], "time": [doc["time"]]}

    return [("event_page", page(doc)) if name == "event" else (name, doc) for name, doc in entries]


def test_nobody_looks_for_a_dossier_on_the_screen() -> None:
    board = board_of(START, ("bmm", {"logger": "start", "folder": "/p/c/s"}))
    assert running(board) is None
    assert status_of(Feed(board), 0.0).measurement == "idle"
