"""Sequences as the board builds them: their repetitions, channels, advice."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from helpers.streams import EPOCH, Entry, build_run_documents, fold, stamp_entries
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.xafs_sequence import build_sequence_answer
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.channels import find_bad_channels
from xafs_workers.scans.detectors import ChannelSelection
from xafs_workers.scans.items import ClockTick, Document, ReductionResult
from xafs_workers.scans.reduction_requests import build_reduction_requests, build_scan_requests, is_answered
from xafs_workers.scans.xafs_sequence import build_sequence

SEQUENCE = {"xafs_sequence": "start", "element": "Fe", "edge": "K", "repetitions": 3, "mode": "transmission"}
LIVE = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "transmission", "filename": "f", "repetitions": 3}
ENERGY = [7000.0 + 5.0 * n for n in range(60)]


def run(count: int, mode: str = "transmission", *, status: str = "success", **columns: list[float]) -> list[Entry]:
    signals: dict[str, list[float]] = {"dcm_energy": ENERGY, "I0": [2.0] * 60, "It": [1.0] * 60, **columns}
    found = list(
        build_run_documents(
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
    return fold(stamp_entries(sequence_entries(*arguments, **more)))


def sequence(board: Board) -> Any:
    return build_sequence(board, next(scan for scan in board.scans if scan.kind == "xafs_sequence"))


def test_each_repetition_requests_a_merge() -> None:
    board = board_of([run(1), run(2), run(3)])
    merges = build_scan_requests(board, board.scans[0])
    assert [len(request.spectra) for request in merges] == [1, 2, 3]
    assert {request.absorber.element for request in merges} == {"Fe"}
    assert merges == build_reduction_requests(board)[:3] or [m.key for m in merges] == [
        m.key for m in build_reduction_requests(board)[:3]
    ]


@pytest.mark.parametrize("status", ["abort", "fail"])
def test_failed_repetitions_are_left_out(status: str) -> None:
    found = sequence(board_of([run(1), run(2, status=status), run(3)]))
    assert [part.label for part in found.merged_spectra] == ["scan 1", "scan 3"]
    assert [(one.number, one.problem) for one in found.excluded_repetitions] == [
        (2, {"abort": "aborted", "fail": "failed"}[status])
    ]


def test_a_repetition_without_its_columns_is_left_out() -> None:
    found = sequence(board_of([run(1), run(2, It=[float("nan")] * 60), run(3)]))
    assert [part.label for part in found.merged_spectra] == ["scan 1", "scan 3"]
    assert found.excluded_repetitions[0].problem == "0 of 60 points can be used"


def test_an_unknown_added_run_is_waited_for_then_left_out() -> None:
    entries = sequence_entries([run(1)], end=False)
    entries.append(("bmm", {"xafs_sequence": "add", "uid": "nobody"}))
    board = fold(stamp_entries(entries))
    assert not sequence(board).excluded_repetitions
    board = fold(stamp_entries([*entries, ("bmm", {"xafs_sequence": "stop"})]))
    assert not board.is_settled(board.scans[0])
    late = board.apply(ClockTick(EPOCH + 60.0))
    assert sequence(late).excluded_repetitions[0].problem == "its run is not known"


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
def test_raw_modes_use_the_measured_signal(mode: str, columns: dict[str, list[float]], wanted: float) -> None:
    """Raw modes are not reduced as transmission."""
    (part,) = sequence(board_of([run(1, "xs", **columns)], mode)).merged_spectra
    np.testing.assert_allclose(part.mu, wanted)


def test_mode_test_reduces_nothing() -> None:
    board = board_of([run(1)], "test")
    assert not build_reduction_requests(board)
    figures = [build_figure(board, scan) for scan in board.scans]
    assert figures[0].get_panel("mu").texts[0].text == "mode test: nothing is reduced"
    assert "chi" not in [panel.key for panel in figures[1].panels]


def test_end_is_read_as_stop_and_only_the_edge_is_required() -> None:
    assert board_of([run(1)]).scans[0].end is not None


def test_a_resting_state_ends_a_sequence_with_its_live_scan() -> None:
    entries = [*sequence_entries([run(1)], end=False), ("bmm", {"resting_state": True})]
    assert [scan.implicit_end for scan in fold(stamp_entries(entries)).scans] == ["resting_state", "resting_state"]


def test_a_resting_state_before_the_live_scan_ends_no_sequence() -> None:
    earlier = sequence_entries([run(1)])
    board = fold(stamp_entries([*earlier, ("bmm", SEQUENCE), ("bmm", {"resting_state": True})]))
    assert [scan.implicit_end for scan in board.scans] == ["", "", ""]
    assert not board.scans[-1].has_ended


def test_a_new_start_resets_an_aborted_sequence() -> None:
    board = fold(stamp_entries([*sequence_entries([run(1)], end=False), *sequence_entries([run(1)])]))
    assert [scan.implicit_end for scan in board.scans if scan.kind == "xafs_sequence"] == ["superseded", ""]
    assert len(build_sequence(board, board.scans[2]).merged_spectra) == 1


def test_results_are_dropped_with_their_scan() -> None:
    rules = BoardConfig(scan_limit=2)
    one = stamp_entries(sequence_entries([run(1)]))
    board = fold(one, Board(rules))
    for request in build_reduction_requests(board):
        board = board.apply(ReductionResult(request.scan_id, request.key, {"problem": "none"}))
    assert board.results.entries
    later = stamp_entries(
        [*sequence_entries([]), *sequence_entries([run(1)])], times=[EPOCH + 100.0 + n for n in range(999)]
    )
    board = fold([_move_item(item) for item in later], board)
    kept = {scan.id for scan in board.scans}
    assert all(scan in kept for scan, _ in board.results.entries)


def _move_item(item: Any) -> Any:
    position = item.position._replace(offset=item.position.offset + 10_000)
    return item._replace(position=position) if isinstance(item, Document) else replace(item, position=position)


def test_an_outdated_result_is_shown_and_the_request_stays() -> None:
    board = board_of([run(1)], end=False)
    live = next(request for request in build_reduction_requests(board) if request.slot.startswith("whole"))
    early = board.apply(ReductionResult(live.scan_id, f"{live.slot}@{live.rank - 1}", {"k": ENERGY}))
    assert not is_answered(early, live)
    assert is_answered(early.apply(ReductionResult(live.scan_id, live.key, {})), live)


EDGE = np.concatenate([np.full(20, 10.0), np.full(40, 100.0)])


@pytest.mark.parametrize(
    ("fourth", "said"),
    [
        (EDGE * 0.9, []),
        (EDGE * 0.0, ["channel Fe4 looks dead"]),
        (np.linspace(95.0, 100.0, 60), ["channel Fe4 looks saturated, or set to another line"]),
    ],
)
def test_a_channel_that_differs_from_the_others_is_named(fourth: np.ndarray, said: list[str]) -> None:
    wobble = np.linspace(0.95, 1.05, 60)
    columns = {f"Fe{n}": list(EDGE * wobble * n / 2.0) for n in (1, 2, 3)}
    board = board_of([run(1, "xs", Fe4=list(fourth * wobble), **columns)], "fluorescence")
    found = find_bad_channels(
        next(iter(board.runs.values())), board.config, ChannelSelection("fluorescence", None, "Fe")
    )
    assert [str(one) for one in found] == said


def test_the_advice_is_placed_above_the_transform() -> None:
    board = board_of([run(1), run(2)])
    r = np.linspace(0.0, 6.0, 20)
    shown = {"energy": np.array(ENERGY), "mu": np.ones(60), "k": r, "chi": r, "r": r, "chir_mag": r}
    for n, request in enumerate(build_scan_requests(board, board.scans[0]), start=1):
        values = shown | {"epsilon_k": 1.5e-3 / math.sqrt(n), "members": [{"state": "merged"}] * n}
        board = board.apply(ReductionResult(request.scan_id, request.key, values))
    panel = build_figure(board, board.scans[0]).get_panel("chir")
    assert (panel.title, panel.texts) == ("noise 1.1e-3 (2 repetitions): about 1 more", ())


@pytest.mark.parametrize(
    ("mode", "expected"), [("pips", 1.5), ("fluo+pilatus", 2.0), ("Trans", math.log(2.0)), ("dancing", math.log(2.0))]
)
def test_free_texts_of_modes_select_the_merged_signal(mode: str, expected: float) -> None:
    counts = {f"Fe{channel}": [1.0] * 60 for channel in range(1, 5)}
    board = board_of([run(1, "any", Pips=[3.0] * 60, **counts)], mode)
    found = sequence(board)
    np.testing.assert_allclose(found.merged_spectra[0].mu, expected, rtol=1e-15)
    assert ("dancing" in found.scan.start.message.mode.note) == (mode == "dancing")


def test_the_figure_shows_which_merge_is_in_the_files() -> None:
    board = board_of([run(1), run(2), run(3)])
    r = np.linspace(0.0, 8.0, 20)
    curves = {"energy": np.array(ENERGY), "mu": np.ones(60), "k": r, "chi": r, "r": r, "chir_mag": r}
    members = [{"number": n, "state": "left out" if n == 2 else "merged"} for n in (1, 2, 3)]
    for request in build_scan_requests(board, board.scans[0]):
        values = {**curves, "members": members, "other": {**curves, "label": "with 2"}}
        board = board.apply(ReductionResult(request.scan_id, request.key, values))
    figure = build_figure(board, board.scans[0])
    labels = {panel.key: [trace.label for trace in panel.traces] for panel in figure.panels}
    assert labels == {"mu": ["merge of 1, 3, in the files", "with 2"], "chi": ["", ""], "chir": ["", ""]}
    assert figure.get_panel("mu").legend == "full"
    answer = build_sequence_answer(board, board.scans[0])
    assert (answer["in_files"], answer["shown_beside"]) == ("merge of 1, 3", "with 2")
