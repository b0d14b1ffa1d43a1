"""Runs without a message are the scans that their documents say; a message, early or late, takes precedence."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.bound_runs import LINE
from helpers.example_counts import scale_examples
from helpers.figures import build_shown_figures, get_run_uid
from helpers.stock_runs import make_stock_run
from helpers.streams import EPOCH, Entry, digest, fold, generate_session, stamp_entries
from xafs_workers.scans.board import Board, BoardItem
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.implied_scans import find_sequences
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.outline import Outline, SpectrumOutline
from xafs_workers.scans.xafs_sequence import build_sequence
from xafs_workers.settings import Scans

CONFIG = BoardConfig(implied_forms=Scans(from_documents=True).implied_forms)


def fold_entries(*entries: Entry | list[Entry], config: BoardConfig = CONFIG) -> Board:
    flat = [one for entry in entries for one in (entry if isinstance(entry, list) else [entry])]
    return fold(stamp_entries(flat), Board(config))


def make_line(key: str = "xafs_x", points: int = 3, **parts: Any) -> list[Entry]:
    columns = {key: [float(n) for n in range(points)], "I0": [10.0] * points, "It": [5.0] * points}
    return make_stock_run(columns, dimensions=[[key]], motors=[key], **parts)


def list_scans(board: Board) -> list[tuple[str, str]]:
    return [(scan.id, scan.kind) for scan in board.scans]


def test_a_run_without_a_message_is_a_scan() -> None:
    run = make_line()
    board = fold_entries(run)
    (scan,) = board.scans
    assert (scan.id, scan.kind, scan.is_implied) == (f"run:{get_run_uid(run)}", "linescan", True)
    assert scan.has_ended
    assert board.is_settled(scan)
    assert board.get_runs(scan) == tuple(board.runs.values())


def test_a_running_scan_has_not_ended() -> None:
    (scan,) = fold_entries(make_line(finished=False)).scans
    assert not scan.has_ended


@pytest.mark.parametrize(("from_documents", "count"), [(False, 0), (("line",), 1), (("time",), 0)])
def test_the_setting_turns_them_off_or_narrows_them(from_documents: Any, count: int) -> None:
    config = replace(CONFIG, implied_forms=Scans(from_documents=from_documents).implied_forms)
    assert len(fold_entries(make_line(), config=config).scans) == count


def test_a_message_takes_its_run() -> None:
    run = make_line()
    assert [kind for _, kind in list_scans(fold_entries(("bmm", LINE), run))] == ["linescan"]
    assert not any(scan.is_implied for scan in fold_entries(("bmm", LINE), run).scans)


def test_a_late_message_takes_the_run_and_its_place() -> None:
    first, second = make_line(), make_line()
    *items, message = stamp_entries([*first, *second, ("bmm", LINE)], times=[EPOCH + 1.0 + n for n in range(99)])
    assert isinstance(message, ReceivedMessage)
    board = fold(items, Board(CONFIG))
    assert [scan.is_implied for scan in board.scans] == [True, True]
    late = board.apply(replace(message, time=board.scans[0].start_position[0] - 0.5))
    assert [(scan.is_implied, scan.run_uids) for scan in late.scans] == [
        (False, (get_run_uid(first),)),
        (True, (get_run_uid(second),)),
    ]


def test_a_run_that_a_window_releases_is_implied_again() -> None:
    other, own = make_line("xafs_y"), make_line()
    items = stamp_entries([("bmm", LINE), *other, *own], times=[EPOCH + 0.001 * n for n in range(99)])
    before, after = fold(items[: len(other) + 1], Board(CONFIG)), fold(items, Board(CONFIG))
    assert [scan.run_uids for scan in before.scans] == [(get_run_uid(other),)]
    assert {scan.is_implied: scan.run_uids[0] for scan in after.scans} == {
        False: get_run_uid(own),
        True: get_run_uid(other),
    }


def test_a_reading_in_the_window_never_takes_it() -> None:
    dark, own = make_line(plan_name="record_dark_current"), make_line()
    board = fold_entries(("bmm", LINE), dark, own)
    assert [scan.run_uids for scan in board.scans] == [(get_run_uid(own),)]


def test_closed_figures_stay_closed() -> None:
    before, after = make_line(), make_line()
    board = fold_entries(before, ("bmm", {"close": "all"}), after)
    assert [scan.is_shown for scan in board.scans] == [False, True]
    assert len(build_shown_figures(board)) == 1


def make_count() -> list[Entry]:
    return make_stock_run({"d": [1.0, 2.0, 3.0]}, dimensions=[["time"]], plan_name="count")


def test_close_last_closes_one_figure_after_the_other() -> None:
    last: Entry = ("bmm", {"close": "last"})
    runs = [make_count(), make_line()]
    shown = [[scan.is_shown for scan in fold_entries(*runs, *[last] * n).scans] for n in range(4)]
    assert shown == [[True, True], [True, False], [False, False], [False, False]]
    assert [scan.is_shown for scan in fold_entries(make_count(), last, make_line()).scans] == [False, True]


def test_close_last_closes_the_figure_of_a_message_first() -> None:
    own, other, last = make_line(), make_count(), ("bmm", {"close": "last"})
    told = (("bmm", LINE), own, ("bmm", {"linescan": "stop"}), other)
    shown = [{scan.kind: scan.is_shown for scan in fold_entries(*told, *[last] * n).scans} for n in range(3)]
    assert [(one["linescan"], one["timescan"]) for one in shown] == [(True, True), (False, True), (False, False)]


def test_the_limits_hold() -> None:
    config = replace(CONFIG, scan_limit=5, run_limit=5)
    board = fold_entries(*(make_line() for _ in range(40)), config=config)
    assert len(board.scans) <= 6
    assert len(board.runs) <= 11
    assert board.runs.keys() == board.table.outlines.keys()


def interleave(items: list[BoardItem], rng: random.Random) -> list[BoardItem]:
    """Return the items in another order; the documents of each run keep theirs."""
    queues: dict[str, list[BoardItem]] = {}
    runs: dict[str, str] = {}
    for n, item in enumerate(items):
        if isinstance(item, ReceivedMessage):
            queues[f"message {n}"] = [item]
            continue
        doc = item.doc  # type: ignore[union-attr]
        run = runs.get(doc.get("descriptor", "")) or str(doc.get("run_start", doc["uid"]))
        runs[str(doc["uid"])] = run
        queues.setdefault(run, []).append(item)
    order = [key for key, queue in queues.items() for _ in queue]
    rng.shuffle(order)
    return [queues[key].pop(0) for key in order]


def generate_runs(rng: random.Random, count: int) -> list[Entry]:
    """Generate runs of stock plans and sessions with messages, in turn."""
    return [entry for _ in range(count) for entry in generate_run(rng)]


def generate_run(rng: random.Random) -> list[Entry]:
    points, finished = rng.randint(0, 5), rng.random() < 0.8
    up, still = [float(n) for n in range(points)], [1.0] * points
    which = rng.randrange(6)
    if which == 0:
        return make_line(rng.choice(["xafs_x", "xafs_y"]), points, finished=finished)
    if which == 1:
        columns = {"xafs_x": up, "xafs_y": rng.choice([up, still])}
        return make_stock_run(columns, dimensions=[["xafs_x"], ["xafs_y"]])
    if which == 2:
        return make_stock_run({"I0": up}, dimensions=[["time"]], finished=finished)
    if which == 3:
        return generate_session(rng, 12)
    return make_repetition(rng.randint(0, 20), rng.choice(["a", "b"]), rng.choice(["success", "abort"]), finished)


def make_repetition(points: int, sample: str, exit_status: str = "success", finished: bool = True) -> list[Entry]:
    columns = {"dcm_energy": [7100.0 + 10 * n for n in range(points)], "I0": [2.0] * points, "It": [1.0] * points}
    named = {"element": "Fe", "edge": "K", "sample_name": sample, "num_points": 20}
    run = make_stock_run(columns, dimensions=[["dcm_energy"]], motors=["dcm"], finished=finished, **named)
    for name, body in run:
        if name == "stop":
            body["exit_status"] = exit_status
    return run


def test_repetitions_are_one_sequence_until_another_begins() -> None:
    first, aborted, third, other, last = (
        make_repetition(20, "a"),
        make_repetition(5, "a", "abort"),
        make_repetition(20, "a"),
        make_repetition(20, "b"),
        make_repetition(20, "a"),
    )
    board = fold_entries(first, make_line(), aborted, third, other, last)
    uids = {scan.id: scan.run_uids for scan in board.scans if scan.kind == "xafsscan"}
    assert list(uids.values()) == [
        tuple(map(get_run_uid, (first, aborted, third))),
        (get_run_uid(other),),
        (get_run_uid(last),),
    ]
    merges = {scan.id: scan.run_uids for scan in board.scans if scan.kind == "xafs_sequence"}
    assert merges == {f"{name}:merge": runs for name, runs in uids.items()}
    assert [scan.kind for scan in board.scans].count("linescan") == 1


def test_an_aborted_repetition_is_left_out_with_a_note() -> None:
    board = fold_entries(make_repetition(20, "a"), make_repetition(9, "a", "abort"))
    scan = next(scan for scan in board.scans if scan.kind == "xafs_sequence")
    sequence = build_sequence(board, scan)
    assert len(sequence.merged_spectra) == 1
    assert [one.problem for one in sequence.excluded_repetitions] == ["aborted"]
    assert sequence.name == "a"


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({}, 1),
        ({"sample": "b"}, 2),
        ({"element": "Co"}, 2),
        ({"mode": "yield"}, 2),
        ({"first": 7105.0}, 2),
        ({"first": 7100.5}, 1),
        ({"last": math.nan}, 1),
        ({"last": 7200.0}, 2),
        ({"began": 1099.0}, 1),
        ({"began": 1101.0}, 2),
    ],
)
def test_what_makes_a_repetition(change: dict[str, Any], count: int) -> None:
    known = {"element": "Fe", "edge": "K", "mode": "transmission", "sample": "a", "first": 7100.0, "last": 7290.0}
    made: list[Outline] = []
    for n, values in enumerate(({"began": 100.0, **known}, {"began": 210.0, **known, **change})):
        identity = tuple(values[key] for key in ("element", "edge", "mode", "sample"))
        spectrum = SpectrumOutline(**values, identity=identity, ended=values["began"] + 100.0)  # type: ignore[arg-type]
        made.append(Outline(f"run-{n}", (float(n), 1, "d", 0, n), form="xafs", spectrum=spectrum))
    assert len(find_sequences(made, 900.0)) == count


@settings(max_examples=scale_examples(300), deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), count=st.integers(2, 12), step=st.sampled_from([0.001, 0.5, 20.0]))
def test_every_order_of_arrival_gives_the_same_scans(seed: int, count: int, step: float) -> None:
    rng = random.Random(seed)
    items = stamp_entries(generate_runs(rng, count), step=step)
    expected = fold(items, Board(CONFIG))
    found = fold(interleave(items, rng), Board(CONFIG))
    assert digest(found) == digest(expected)
    assert found.table.outlines == expected.table.outlines
    assert found.table.implied == expected.table.implied
