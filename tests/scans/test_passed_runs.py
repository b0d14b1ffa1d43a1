"""Windows that closed without a run: which runs were passed over, and why."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.bound_runs import LINE
from helpers.figures import build_last_figure, find_last_message, fold_board, get_run_uid, join_notes
from helpers.stock_runs import make_stock_run
from helpers.streams import Entry, fold, stamp_entries
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.passed_runs import describe_empty_windows, list_runs_without_figure
from xafs_workers.scans.picture_requests import NoRunError, NothingToDrawError, build_picture_request
from xafs_workers.settings import Scans

XAFS = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "transmission", "filename": "f", "repetitions": 1}
NEXT, STOP = {"xafsscan": "next", "count": 1}, {"xafsscan": "stop"}
SEQUENCE = {"xafs_sequence": "start", "element": "Fe", "edge": "K", "mode": "transmission", "repetitions": 1}
ENERGY = [7000.0 + 10 * n for n in range(20)]


def make_count(**start: Any) -> list[Entry]:
    return make_stock_run({"I0": [1.0]}, dimensions=[["time"]], plan_name="count", num_points=1, **start)


def make_line(**start: Any) -> list[Entry]:
    return make_stock_run(
        {"stage_x": [1.0, 2.0], "I0": [1.0, 1.0]}, dimensions=[["stage_x"]], plan_name="scan", **start
    )


def make_spectrum(**start: Any) -> list[Entry]:
    columns = {"dcm_energy": ENERGY, "I0": [2.0] * 20, "It": [1.0] * 20}
    return make_stock_run(columns, dimensions=[["dcm_energy"]], motors=["dcm"], num_points=20, **start)


def describe(board: Board, kind: str = "xafsscan") -> str:
    return describe_empty_windows(board, next(scan for scan in board.scans if scan.kind == kind))


def refuse(board: Board, error: type[Exception] = NoRunError) -> str:
    with pytest.raises(error) as refused:
        build_picture_request(*find_last_message(board), board)
    return str(refused.value)


def test_the_runs_that_were_passed_over_are_named_with_reasons() -> None:
    count, line = make_count(), make_line()
    board = fold_board(XAFS, NEXT, count, line, STOP)
    first, second = get_run_uid(count)[:6], get_run_uid(line)[:6]
    expected = f"no run: 2 passed over: {first} count (a reading), {second} scan of stage_x (not an energy scan)"
    assert describe(board) == expected
    assert refuse(board) == expected
    assert join_notes(build_last_figure(XAFS, NEXT, count, line, STOP)).startswith("no run:\n2 passed over:\n")


def test_an_open_window_waits() -> None:
    assert describe(fold_board(XAFS, NEXT, make_count())) == ""
    assert "no points" in join_notes(build_last_figure(XAFS, NEXT, make_count()))


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (make_line(BMM_kafka={"hint": "xrr scan"}), "its hint is 'xrr scan'"),
        (make_stock_run({"I0": [1.0, 2.0]}, dimensions=[["time"]]), "does not move xafs_x"),
    ],
)
def test_each_reason(run: list[Entry], reason: str) -> None:
    assert f"({reason})" in describe(fold_board(LINE, run, {"linescan": "stop"}), "linescan")


def test_many_runs_are_counted() -> None:
    text = describe(fold_board(XAFS, NEXT, *(make_count() for _ in range(9)), STOP))
    assert text.startswith("no run: 9 passed over: ")
    assert text.endswith(", and 5 more")


def test_a_window_in_which_no_run_started() -> None:
    assert describe(fold_board(LINE, {"linescan": "stop"}), "linescan") == "no run started between its messages"


def test_a_sequence_names_runs_that_were_passed_over() -> None:
    line = make_line()
    board = fold_board(SEQUENCE, XAFS, NEXT, line, STOP, {"xafs_sequence": "stop"})
    assert refuse(board).startswith(f"no run: 1 passed over: {get_run_uid(line)[:6]} scan of stage_x")


def test_a_finished_repetition_that_was_not_added_is_named() -> None:
    run = make_spectrum()
    board = fold_board(SEQUENCE, XAFS, NEXT, run, STOP, {"xafs_sequence": "stop"})
    assert refuse(board) == (
        f"no repetition was added to this sequence: {get_run_uid(run)[:6]} of its live scan finished"
    )


def test_a_sequence_of_which_nothing_can_be_merged_has_a_reason() -> None:
    run = make_stock_run({"dcm_energy": ENERGY, "I0": [2.0] * 20}, dimensions=[["dcm_energy"]], num_points=20)
    added = {"xafs_sequence": "add", "uid": get_run_uid(run)}
    board = fold_board(SEQUENCE, XAFS, NEXT, run, added, STOP, {"xafs_sequence": "stop"})
    assert "no It in this run" in refuse(board)


def test_an_aborted_sequence_draws_nothing() -> None:
    run = make_spectrum()
    run[-1][1]["exit_status"] = "abort"
    board = fold_board(SEQUENCE, XAFS, NEXT, run, STOP, {"xafs_sequence": "stop"})
    assert refuse(board, NothingToDrawError) == "no repetition of this sequence was finished"


def test_runs_without_a_figure_are_listed_with_reasons() -> None:
    cube = make_stock_run({"x": [1.0] * 4}, dimensions=[["x"], ["y"], ["z"]], plan_name="cube")
    entries = [*cube, *make_line(), *make_count()]
    config = BoardConfig(implied_forms=Scans(from_documents=True).implied_forms)
    board = fold(stamp_entries(entries), Board(config))
    assert list_runs_without_figure(board) == (f"{get_run_uid(cube)[:6]} cube: 3 dimensions",)
    assert list_runs_without_figure(fold(stamp_entries(entries))) == ()
