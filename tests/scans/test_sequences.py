"""Sequences as the board tells them: who takes part, channels, advice."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from helpers.streams import EPOCH, Entry, fold, items_of, run_documents
from xafs_workers.figures.figure_builder import figure_of
from xafs_workers.scans.advice import advice
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.channels import bad_channels
from xafs_workers.scans.detectors import Wish
from xafs_workers.scans.items import Reduced, Tick
from xafs_workers.scans.reduction_requests import is_answered, requests, requests_of
from xafs_workers.scans.results import Results, with_result
from xafs_workers.scans.xafs_sequence import sequence_of

SEQUENCE = {"xafs_sequence": "start", "element": "Fe", "edge": "K", "repetitions": 3, "mode": "transmission"}
LIVE = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "transmission", "filename": "f", "repetitions": 3}
ENERGY = [7000.0 + 5.0 * n for n in range(60)]


def run(count: int, mode: str = "transmission", *, status: str = "success", **columns: list[float]) -> list[Entry]:
    signals: dict[str, list[float]] = {"dcm_energy": ENERGY, "I0": [2.0] * 60, "It": [1.0] * 60, **columns}
    found = list(
        run_documents(
            hint=f"xafs {mode}", motors=["dcm_energy"], columns=signals, start={"BMM_kafka": {"count": count}}
        )
    )
    found[-1][1]["exit_status"] = status
    return found


def sequence_entries(runs: list[list[Entry]], mode: str = "transmission", *, end: bool = True) -> list[Entry]:
    entries: list[Entry] = [("bmm", {**SEQUENCE, "mode": mode}), ("bmm", {**LIVE, "mode": mode})]
    for n, documents in enumerate(runs, start=1):
        entries += [("bmm", {"xafsscan": "next", "count": n}), *documents]
        entries.append(("bmm", {"xafs_sequence": "add", "uid": documents[0][1]["uid"]}))
    if end:
        entries += [("bmm", {"xafsscan": "stop"}), ("bmm", {"xafs_sequence": "end"}), ("bmm", {"resting_state": True})]
    return entries


def board_of(*arguments: Any, **more: Any) -> Board:
    return fold(items_of(sequence_entries(*arguments, **more)))


def sequence(board: Board) -> Any:
    return sequence_of(board, next(scan for scan in board.scans if scan.kind == "xafs_sequence"))


def test_a_request_for_the_merge_after_each_repetition() -> None:
    board = board_of([run(1), run(2), run(3)])
    merges = requests_of(board, board.scans[0])
    assert [len(request.parts) for request in merges] == [1, 2, 3]
    assert {request.absorber.element for request in merges} == {"Fe"}
    assert merges == requests(board)[:3] or [m.key for m in merges] == [m.key for m in requests(board)[:3]]


@pytest.mark.parametrize("status", ["abort", "fail"])
def test_what_did_not_end_well_is_left_out(status: str) -> None:
    found = sequence(board_of([run(1), run(2, status=status), run(3)]))
    assert [part.label for part in found.merged] == ["scan 1", "scan 3"]
    assert [(one.number, one.problem) for one in found.left_out] == [
        (2, {"abort": "aborted", "fail": "failed"}[status])
    ]


def test_a_repetition_without_its_columns_is_left_out() -> None:
    found = sequence(board_of([run(1), run(2, It=[float("nan")] * 60), run(3)]))
    assert [part.label for part in found.merged] == ["scan 1", "scan 3"]
    assert found.left_out[0].problem == "0 of 60 points can be used"


def test_an_added_run_that_is_not_yet_known_is_waited_for_and_then_missed() -> None:
    entries = sequence_entries([run(1)], end=False)
    entries.append(("bmm", {"xafs_sequence": "add", "uid": "nobody"}))
    board = fold(items_of(entries))
    assert not sequence(board).left_out
    board = fold(items_of([*entries, ("bmm", {"xafs_sequence": "stop"})]))
    assert not board.settled(board.scans[0])
    late = board.apply(Tick(EPOCH + 60.0))
    assert sequence(late).left_out[0].problem == "its run is not known"


@pytest.mark.parametrize(
    ("mode", "columns", "wanted"),
    [
        ("fluo+pilatus", {"Fe1": [1.0] * 60, "Fe2": [2.0] * 60, "Fe3": [3.0] * 60, "Fe4": [4.0] * 60}, 5.0),
        ("dante", {f"Fe{n}": [1.0] * 60 for n in range(1, 8)}, 3.5),
        ("xs1", {"Fe8": [3.0] * 60}, 1.5),
        ("fluo+yield", {"Iy": [1.0] * 60}, 0.5),
        ("ref", {"Ir": [0.5] * 60}, math.log(2.0)),
        ("both", {"Fe1": [1.0] * 60, "Fe2": [2.0] * 60, "Fe3": [3.0] * 60, "Fe4": [4.0] * 60}, 5.0),
    ],
)
def test_raw_modes_mean_the_signal_that_was_measured(mode: str, columns: dict[str, list[float]], wanted: float) -> None:
    """S4: raw modes used to be reduced as transmission."""
    (part,) = sequence(board_of([run(1, "xs", **columns)], mode)).merged
    np.testing.assert_allclose(part.mu, wanted)


def test_mode_test_reduces_nothing() -> None:
    board = board_of([run(1)], "test")
    assert not requests(board)
    figures = [figure_of(board, scan) for scan in board.scans]
    assert figures[0].panel("mu").texts[0].text == "mode test: nothing is reduced"
    assert "chi" not in [panel.key for panel in figures[1].panels]


def test_end_means_stop_and_nothing_but_the_edge_is_needed() -> None:
    assert board_of([run(1)]).scans[0].end is not None


def test_a_resting_state_ends_it_together_with_its_live_scan() -> None:
    entries = [*sequence_entries([run(1)], end=False), ("bmm", {"resting_state": True})]
    assert [scan.given_up for scan in fold(items_of(entries)).scans] == ["resting_state", "resting_state"]


def test_a_resting_state_leaves_a_sequence_alone_that_has_no_live_scan_yet() -> None:
    earlier = sequence_entries([run(1)])
    board = fold(items_of([*earlier, ("bmm", SEQUENCE), ("bmm", {"resting_state": True})]))
    assert [scan.given_up for scan in board.scans] == ["", "", ""]
    assert not board.scans[-1].ended


def test_a_new_start_resets_what_an_abort_left_open() -> None:
    board = fold(items_of([*sequence_entries([run(1)], end=False), *sequence_entries([run(1)])]))
    assert [scan.given_up for scan in board.scans if scan.kind == "xafs_sequence"] == ["superseded", ""]
    assert len(sequence_of(board, board.scans[2]).merged) == 1


def test_results_go_with_their_scan() -> None:
    rules = Rules(keep_scans=2)
    one = items_of(sequence_entries([run(1)]))
    board = fold(one, Board(rules))
    for request in requests(board):
        board = board.apply(Reduced(request.scan, request.key, {"problem": "none"}))
    assert board.results.kept
    later = items_of(
        [*sequence_entries([]), *sequence_entries([run(1)])], times=[EPOCH + 100.0 + n for n in range(999)]
    )
    shifted = [item if not hasattr(item, "origin") else item.__class__(*_moved(item)) for item in later]
    board = fold(shifted, board)
    kept = {scan.id for scan in board.scans}
    assert all(scan in kept for scan, _ in board.results.kept)


def _moved(item: Any) -> tuple[Any, ...]:
    from dataclasses import astuple, fields, replace

    moved = replace(item, origin=replace(item.origin, offset=item.origin.offset + 10_000))
    assert astuple(moved.origin)
    return tuple(getattr(moved, field.name) for field in fields(moved))


def test_a_later_state_of_the_same_wins_whatever_the_order() -> None:
    items = [Reduced("s", f"live a@{rank}", {"rank": rank}) for rank in (3, 1, 2)]
    for order in (items, items[::-1], [items[1], items[2], items[0]]):
        results = Results()
        for item in order:
            results = with_result(results, item)
        found = results.of("s", "live a")
        assert found is not None
        assert found.values == {"rank": 3}


def test_an_answer_to_an_earlier_state_is_shown_but_the_request_stands() -> None:
    board = board_of([run(1)], end=False)
    live = next(request for request in requests(board) if request.slot.startswith("whole"))
    early = board.apply(Reduced(live.scan, f"{live.slot}@{live.rank - 1}", {"k": ENERGY}))
    assert not is_answered(early, live)
    assert is_answered(early.apply(Reduced(live.scan, live.key, {})), live)


EDGE = np.concatenate([np.full(20, 10.0), np.full(40, 100.0)])


@pytest.mark.parametrize(
    ("fourth", "said"),
    [
        (EDGE * 0.9, []),
        (EDGE * 0.0, ["channel Fe4 looks dead"]),
        (np.linspace(95.0, 100.0, 60), ["channel Fe4 looks saturated"]),
    ],
)
def test_a_channel_that_differs_from_the_others_is_named(fourth: np.ndarray, said: list[str]) -> None:
    wobble = np.linspace(0.95, 1.05, 60)
    columns = {f"Fe{n}": list(EDGE * wobble * n / 2.0) for n in (1, 2, 3)}
    board = board_of([run(1, "xs", Fe4=list(fourth * wobble), **columns)], "fluorescence")
    found = bad_channels(next(iter(board.runs.values())), board.rules, Wish("fluorescence", None, "Fe"))
    assert [str(one) for one in found] == said


@pytest.mark.parametrize(
    ("measured", "target", "said"),
    [
        ([4e-3, 2.83e-3], 2e-3, "ε(k) 0.0028: about 3 more"),
        ([4e-3, 2.8e-3, 2.3e-3, 2e-3], 2e-3, "ε(k) 0.002: enough"),
        ([4e-3, 3.9e-3, 3.9e-3, 3.9e-3], 2e-3, "ε(k) 0.0039: no longer falls as 1/√N"),
        ([4e-3], None, ""),
        ([math.nan], 1e-3, ""),
        ([], 1e-3, ""),
    ],
)
def test_advice_follows_the_noise(measured: list[float], target: float | None, said: str) -> None:
    assert advice(measured, target) == said


def test_the_advice_stands_above_the_transform_and_not_across_it() -> None:
    board = board_of([run(1), run(2)])
    r = np.linspace(0.0, 6.0, 20)
    shown = {"energy": np.array(ENERGY), "mu": np.ones(60), "k": r, "chi": r, "r": r, "chir_mag": r}
    for n, request in enumerate(requests_of(board, board.scans[0]), start=1):
        values = shown | {"epsilon_k": 1.5e-3 / math.sqrt(n)}
        board = board.apply(Reduced(request.scan, request.key, values))
    panel = figure_of(board, board.scans[0]).panel("chir")
    assert (panel.title, panel.texts) == ("ε(k) 0.0011: about 1 more", ())
