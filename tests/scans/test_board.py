"""The board ends the same whatever the order of arrival, and binds runs to scans as decided."""

from __future__ import annotations

import gc
import random
import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.alignment_curves import make_slot_result
from helpers.bound_runs import COLUMNS, LINE, make_line_run
from helpers.example_counts import scale_examples
from helpers.figures import build_shown_figures
from helpers.streams import CONTROL, EPOCH, Entry, build_run_documents, digest, fold, generate_session, stamp_entries
from xafs_workers.scans import retention
from xafs_workers.scans.board import Board, BoardItem, UnknownRunError
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import AwaitedMessages, ClockTick, Document, ReceivedMessage, RecordPosition


def interleaved(items: list[BoardItem], rng: random.Random) -> list[BoardItem]:
    """Return the items in another order of arrival: each topic keeps its own."""
    queues = [[i for i in items if isinstance(i, ReceivedMessage)], [i for i in items if isinstance(i, Document)]]
    style = rng.choice(["mixed", "messages first", "documents first", "bursts"])
    if style == "messages first":
        return queues[0] + queues[1]
    if style == "documents first":
        return queues[1] + queues[0]
    merged: list[BoardItem] = []
    heads = [0, 0]
    while any(head < len(queue) for head, queue in zip(heads, queues, strict=True)):
        which = rng.randrange(2)
        for _ in range(rng.randint(1, 40) if style == "bursts" else 1):
            if heads[which] < len(queues[which]):
                merged.append(queues[which][heads[which]])
                heads[which] += 1
    return merged


STRANGE_VALUES = (1, 2.5, None, "text", float("nan"), [1.0], [1.0, 2.0], {}, 10**400, True, b"x", np.arange(3))


@settings(max_examples=scale_examples(300), deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(1, 90), st.sampled_from(STRANGE_VALUES), st.booleans()), max_size=150),
    sizes=st.lists(st.integers(1, 40), min_size=1),
    limit=st.sampled_from([100, 10**6]),
)
def test_events_together_give_the_board_of_each(rows: Any, sizes: list[int], limit: int) -> None:
    keys = {"a": [1.0], "b": [1.0], "mca": [[1, 2, 3]]}
    head = stamp_entries(list(build_run_documents(hint=None, motors=["a"], columns=keys, finished=False)))
    event = head.pop()
    assert isinstance(event, Document)
    events = [
        event._replace(
            doc={
                **event.doc,
                "seq_num": number,
                "time": EPOCH + number,
                "data": {"a": value, "mca": [number] * 3 if has_array else None, **({"b": 1.0} if has_array else {})},
            },
            time=EPOCH + 0.5 * number,
        )
        for number, value, has_array in rows
    ]
    empty, rest = Board(BoardConfig(array_bytes=limit)), list(events)
    one_by_one, together = fold(events, fold(head, empty)), fold(head, empty)
    while rest:
        size = sizes[len(rest) % len(sizes)]
        together, rest = together.apply_events(rest[:size]), rest[size:]
    assert together.reading == one_by_one.reading
    (expected,), (found,) = one_by_one.runs.values(), together.runs.values()
    assert found.points.sequence_numbers == expected.points.sequence_numbers
    assert found.points.generation == expected.points.generation
    for key in ("a", "b"):
        np.testing.assert_array_equal(found.points.get_column(key), expected.points.get_column(key))
        assert found.points.find_problem(key) == expected.points.find_problem(key)
    assert (found.arrays.size, found.arrays.dropped) == (expected.arrays.size, expected.arrays.dropped)


def test_events_of_an_unknown_descriptor_are_refused_together() -> None:
    event = Document(
        "event", {"descriptor": "d", "seq_num": 1, "time": 1.0, "data": {}}, 1.0, RecordPosition("t", 0, 0)
    )
    with pytest.raises(UnknownRunError, match="unknown descriptor d"):
        Board().apply_events([event, event])


@settings(max_examples=scale_examples(1000), deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), length=st.integers(50, 300), coarse=st.booleans())
def test_every_interleaving_gives_the_same_board(seed: int, length: int, coarse: bool) -> None:
    rng = random.Random(seed)
    entries = generate_session(rng, length)
    steps = np.cumsum([rng.choice([0.0, 0.001, 0.5]) if coarse else 0.001 for _ in entries])
    items = stamp_entries(entries, times=[EPOCH + step for step in steps])
    expected = digest(fold(items))
    assert digest(fold(interleaved(items, rng))) == expected


def test_documents_at_the_start_or_end_time_are_included() -> None:
    entries = [("bmm", LINE), *make_line_run(), ("bmm", {"linescan": "stop"})]
    board = fold(stamp_entries(entries, times=[EPOCH] * len(entries)))
    assert len(board.scans[0].run_uids) == 1


def test_points_of_several_open_runs_are_not_mixed() -> None:
    """Events enter by their descriptor."""
    one, two = make_line_run(), make_line_run(None, ["xafs_y"])
    mixed = [entry for pair in zip(one, two, strict=True) for entry in pair]
    board = fold(stamp_entries([("bmm", LINE), *mixed]))
    run = board.runs[board.scans[0].run_uids[0]]
    assert run.uid == one[0][1]["uid"]
    assert run.points.get_column("It").tolist() == [5.0, 4.0]


def test_the_baseline_is_not_plotted_but_dcm_roll_is_scanned() -> None:
    run = list(
        build_run_documents(
            hint=None, motors=["dcm_roll"], columns={"dcm_roll": [0.1, 0.2], "I0": [1, 1], "It": [1, 2]}
        )
    )
    board = fold(stamp_entries([("bmm", {**LINE, "motor": "dcm_roll"}), *run]))
    assert board.runs[board.scans[0].run_uids[0]].points.get_column("dcm_roll").tolist() == [0.1, 0.2]


def test_a_repeated_point_replaces_the_earlier_one() -> None:
    run = make_line_run(finished=False)
    before = fold(stamp_entries([("bmm", LINE), *run]))
    again = {**run[-1][1], "data": {**run[-1][1]["data"], "It": 7.0}}
    after = before.apply(Document("event", again, EPOCH + 1, RecordPosition("d", 0, 99)))
    uid = run[0][1]["uid"]
    assert before.runs[uid].points.get_column("It").tolist() == [5.0, 4.0]
    assert after.runs[uid].points.get_column("It").tolist() == [5.0, 7.0]


def test_an_event_page_is_read_like_events() -> None:
    run = make_line_run()
    events = [body for name, body in run if name == "event" and "It" in body["data"]]
    page = {
        "uid": ["a", "b"],
        "descriptor": events[0]["descriptor"],
        "seq_num": [1, 2],
        "time": [event["time"] for event in events],
        "data": {key: [event["data"][key] for event in events] for key in COLUMNS},
        "timestamps": {},
    }
    paged: list[Entry] = [e for e in run if e[1] not in events]
    paged.insert(-1, ("event_page", page))
    boards = [fold(stamp_entries([("bmm", LINE), *entries])) for entries in (run, paged)]
    one, other = (board.runs[run[0][1]["uid"]].points for board in boards)
    assert one.get_column("It").tolist() == other.get_column("It").tolist()
    assert one.time.tolist() == other.time.tolist()


def scans_after(*messages: dict[str, object]) -> Board:
    return fold(stamp_entries([("bmm", message) for message in messages]))


def test_resting_state_ends_scans_but_not_alignments() -> None:
    """Plans that were aborted send no stop, but they come to rest."""
    board = scans_after(LINE, {"timescan": "start", "detector": "it"}, {"resting_state": True})
    assert [scan.implicit_end for scan in board.scans] == ["resting_state", "resting_state"]
    assert all(board.is_closed(scan) for scan in board.scans)


def test_a_new_scan_of_the_kind_ends_the_previous_one() -> None:
    board = scans_after(LINE, LINE)
    assert [scan.implicit_end for scan in board.scans] == ["superseded", ""]


def test_an_ended_scan_settles_at_run_stop_or_after_two_seconds() -> None:
    run = make_line_run()
    board = fold(stamp_entries([("bmm", LINE), *run[:-1], ("bmm", {"linescan": "end"})]))
    scan = board.scans[0]
    assert scan.has_ended
    assert not board.is_closed(scan)
    assert board.apply(ClockTick(scan.end.time + 2.0)).is_closed(scan)  # type: ignore[union-attr]
    stopped = board.apply(Document("stop", run[-1][1], EPOCH, RecordPosition("d", 0, 99)))
    assert stopped.is_closed(scan)


def test_a_late_point_is_added_to_a_closed_scan() -> None:
    run = make_line_run()
    board = fold([*stamp_entries([("bmm", LINE), *run[:-3], ("bmm", {"linescan": "stop"})]), ClockTick(EPOCH + 100)])
    late = board.apply(Document("event", run[-3][1], EPOCH, RecordPosition("d", 0, 99)))
    assert board.is_closed(board.scans[0])
    assert late.runs[run[0][1]["uid"]].points.get_column("It").tolist() == [5.0, 4.0]


def test_a_scan_without_end_is_released_after_a_day() -> None:
    board = scans_after(LINE)
    assert not board.is_closed(board.scans[0])
    assert board.apply(ClockTick(EPOCH + 24 * 3600 + 1)).is_closed(board.scans[0])


@pytest.mark.parametrize(
    ("close", "shown"),
    [("all", [False, False, False]), ("line", [False, True, False]), ("last", [True, True, False])],
)
def test_close_messages_choose_figures_by_kind_or_age(close: str, shown: list[bool]) -> None:
    """`last` is the most recent figure of any kind, `line` those of line and time scans."""
    xafs = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "test", "filename": "f", "repetitions": 1}
    board = scans_after(LINE, xafs, {"timescan": "start", "detector": "it"}, {"close": close})
    assert [scan.is_shown for scan in board.scans] == shown


def test_close_ends_no_scan_and_accepts_no_open_figure() -> None:
    assert scans_after({"close": "last"}, {"close": "all"}).scans == ()
    assert not scans_after(LINE, {"close": "last"}).scans[0].has_ended


def test_line_scans_stay_and_xafs_figures_are_replaced() -> None:
    xafs = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "test", "filename": "f", "repetitions": 1}
    assert [scan.is_shown for scan in scans_after(LINE, LINE, xafs, xafs).scans] == [True, True, False, True]


@pytest.mark.parametrize("name", ["event", "event_page", "descriptor", "stop"])
def test_documents_of_unknown_runs_are_refused(name: str) -> None:
    board = scans_after(LINE)
    doc = {"uid": "u", "descriptor": "nope", "run_start": "nope", "seq_num": 1, "time": EPOCH, "data": {}}
    with pytest.raises(UnknownRunError, match="nope"):
        board.apply(Document(name, doc, EPOCH, RecordPosition("d", 0, 0)))


@pytest.mark.slow
def test_memory_stays_flat_over_1000_line_scans() -> None:
    board = Board(BoardConfig(scan_limit=5, run_limit=3))
    entries: list[Entry] = []
    for _ in range(1000):
        entries += [("bmm", LINE), *make_line_run(), ("bmm", {"linescan": "stop"}), *make_line_run(None, ["m"])]
    board = fold(stamp_entries(entries), board)
    assert len(board.scans) == 5
    assert len(board.messages) == 10
    assert len(board.runs) <= 5 + 4
    assert len(board.streams) == 2 * len(board.runs)


def move_item(item: BoardItem, offset: int) -> BoardItem:
    """Return an item at another offset."""
    assert isinstance(item, ReceivedMessage | Document)
    position = item.position._replace(offset=offset)
    return item._replace(position=position) if isinstance(item, Document) else replace(item, position=position)


@pytest.mark.slow
def test_memory_after_1000_line_scans_equals_that_after_200() -> None:
    """Figures included: each scan is shown as a front end would show it."""
    board = Board(BoardConfig(scan_limit=5, run_limit=3))
    held: list[int] = []
    time = EPOCH
    tracemalloc.start()
    try:
        for number in range(1, 1001):
            entries: list[Entry] = [("bmm", LINE), *make_line_run(), ("bmm", {"linescan": "stop"})]
            offset = number * len(entries)
            time += 1.0
            for place, item in enumerate(stamp_entries(entries, times=[time + 0.001 * n for n in range(len(entries))])):
                board = board.apply(move_item(item, offset + place))
            build_shown_figures(board)
            if number in (200, 1000):
                gc.collect()
                held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert len(board.scans) == 5
    assert held[1] - held[0] < 800 * 500, held  # 800 scans more: not half a kilobyte of each is left


def test_scans_stay_while_messages_wait_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    scans: list[list[Entry]] = [
        [("bmm", LINE), *make_line_run(), ("bmm", {"linescan": "stop", "message_id": f"stop {n}"})] for n in range(12)
    ]
    items, uid = stamp_entries([entry for scan in scans for entry in scan]), scans[3][1][1]["uid"]
    board = Board(BoardConfig(scan_limit=2, run_limit=1)).apply(
        AwaitedMessages(frozenset({"stop 0"}), frozenset({uid}))
    )
    board = fold(items, board)
    ends = [scan.end.id for scan in board.scans if scan.end is not None]
    assert ends == ["stop 0", "stop 3", "stop 10", "stop 11"]
    assert all(len(board.get_runs(scan)) == 1 for scan in board.scans)
    entries: list[Entry] = [("bmm", LINE), ("bmm", {"linescan": "stop", "message_id": "stop 12"})]
    next_line = [
        move_item(item, 1000 + n) for n, item in enumerate(stamp_entries(entries, times=[EPOCH + 60.0, EPOCH + 61.0]))
    ]
    later = fold(next_line, board.apply(AwaitedMessages()))
    assert [scan.end.id for scan in later.scans if scan.end is not None] == ["stop 11", "stop 12"]
    monkeypatch.setattr(retention, "AWAITED_LIMIT", 1)  # not without end: the oldest goes
    most = fold(next_line, board)
    assert [scan.end.id for scan in most.scans if scan.end is not None] == ["stop 3", "stop 11", "stop 12"]


@pytest.mark.slow
def test_memory_stays_flat_while_an_alignment_stays_open() -> None:
    """Alignments are not ended by `resting_state`: one that was aborted is open for a day."""
    board = Board(BoardConfig(scan_limit=5, run_limit=3))
    entries: list[Entry] = [("bmm", {"align_wheel": "start"})]
    rest: list[Entry] = [("bmm", {"resting_state": True}), ("bmm", {"close": "last"})]
    for _ in range(300):
        entries += [("bmm", LINE), *make_line_run(), ("bmm", {"linescan": "stop"}), *rest]
    board = fold(stamp_entries(entries), board)
    assert [scan.kind for scan in board.scans] == ["align_wheel", *["linescan"] * 5]
    assert len(board.messages) < 35
    assert len(board.table.hidden_figures) <= 6


def test_a_close_of_a_dropped_figure_hides_no_other_one() -> None:
    board = Board(BoardConfig(scan_limit=2, run_limit=2))
    result = make_slot_result("xafs_y")
    entries: list[Entry] = [("bmm", {"align_wheel": "start"}), ("bmm", result)]
    for _ in range(10):
        entries += [("bmm", LINE), *make_line_run(), ("bmm", {"linescan": "stop"}), ("bmm", {"close": "last"})]
    board = fold(stamp_entries(entries), board)
    assert [(scan.kind, scan.is_shown) for scan in board.scans] == [
        ("align_wheel", True),
        ("linescan", False),
        ("linescan", False),
    ]


def test_a_close_is_dropped_with_its_figure() -> None:
    """The second `close: last` closed the first line scan; built again without that one it would close the result."""
    result = make_slot_result("xafs_y")
    line: list[Entry] = [("bmm", LINE), ("bmm", {"linescan": "stop"})]
    last: list[Entry] = [("bmm", {"close": "last"})]
    rest: Entry = ("bmm", {"resting_state": True})  # any message makes the board build its scans again
    entries = [("bmm", {"align_wheel": "start"}), ("bmm", result), *line, *line, *last, *last, *line, rest]
    board = fold(stamp_entries(entries), Board(BoardConfig(scan_limit=2)))
    assert [(scan.kind, scan.is_shown) for scan in board.scans] == [
        ("align_wheel", True),
        ("linescan", False),
        ("linescan", True),
    ]


def test_a_run_of_two_scans_outlives_the_first_scan() -> None:
    board = Board(BoardConfig(scan_limit=2, run_limit=1))
    run = make_line_run()
    uid = run[0][1]["uid"]
    entries: list[Entry] = [("bmm", LINE), *run, ("bmm", {"linescan": "stop"})]
    entries += [("bmm", {"xrfat": "start", "uid": uid, "energy": [-1]}), ("bmm", LINE), ("bmm", {"linescan": "stop"})]
    board = fold(stamp_entries(entries), board)
    assert [scan.kind for scan in board.scans] == ["xrfat", "linescan"]
    assert uid in board.runs


def test_a_message_delivered_twice_counts_once() -> None:
    item = stamp_entries([("bmm", LINE)])[0]
    assert len(fold([item, item]).scans) == 1
    assert isinstance(item, ReceivedMessage)
    assert item.id == f"{CONTROL}/0/0"
