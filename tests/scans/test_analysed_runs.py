"""Which run an analysing message means: by uid, by its beginning, in a list, or the one measured last."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.figures import fold_board, get_run_uid, make_run
from helpers.streams import EPOCH, Entry, fold, stamp_entries
from xafs_workers.messages.base import InvalidMessage
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.analysed_runs import AnalysedRun, build_analysed_run_requests, find_analysed_run
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ClockTick
from xafs_workers.scans.runs import FetchedRun

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "It"}
FIT = {"peakfit": True, "motor_name": "xafs_x", "signal": "It"}


def make_line(**more: Any) -> list[Entry]:
    return make_run({"xafs_x": [1.0, 2.0], "It": [1.0, 2.0], "I0": [1.0, 1.0]}, motors=["xafs_x"], **more)


def rename(run: list[Entry], uid: str) -> list[Entry]:
    """Return a run under another uid."""
    return json.loads(json.dumps(run).replace(get_run_uid(run), uid), object_pairs_hook=dict)


def find(board: Board) -> AnalysedRun:
    return find_analysed_run(board, board.scans[-1])


def list_requests(board: Board) -> list[str]:
    return [request.uid for request in build_analysed_run_requests(board, board.scans[-1])]


@pytest.mark.parametrize("name", [lambda uid: uid, lambda uid: uid[:6], lambda uid: [uid], lambda uid: (uid,)])
def test_a_run_is_found_by_its_uid(name: Any) -> None:
    wanted, later = make_line(), make_line()
    board = fold_board(wanted, later, {**FIT, "uid": name(get_run_uid(wanted))}, settled=False)
    assert find(board).run is board.runs[get_run_uid(wanted)]
    assert list_requests(board) == []


@pytest.mark.parametrize("uids", [[], ["a", "b"]])
def test_a_list_has_one_uid(uids: list[str]) -> None:
    with pytest.raises(InvalidMessage, match="list of one uid"):
        parse({**FIT, "uid": uids})


def test_the_last_run_is_the_newest_before_the_message() -> None:
    first, last, later = make_line(), make_line(), make_line()
    board = fold_board(first, last, {**FIT, "uid": "last"}, later, settled=False)
    assert find(board).run is board.runs[get_run_uid(last)]


def test_an_earlier_run_does_not_replace_a_late_one() -> None:
    before, late = make_line(start={"time": EPOCH + 0.0001}), make_line(start={"time": EPOCH + 1.5})
    messages = [("bmm", LINE), ("bmm", {"linescan": "stop"}), ("bmm", {**FIT, "uid": "last"})]
    times = [EPOCH + 0.001 * n for n in range(len(before))] + [EPOCH + 1.0, EPOCH + 2.0, EPOCH + 2.1]
    times += [EPOCH + 5.0 + 0.001 * n for n in range(len(late))]
    items = stamp_entries([*before, *messages, *late], times=times)
    board = fold(items[: len(before) + 3])
    assert find(board) == AnalysedRun(None)
    assert list_requests(board) == []
    board = fold(items[len(before) + 3 :], board)
    assert find(board).run is board.runs[get_run_uid(late)]


def test_a_run_without_its_stop_is_waited_for() -> None:
    entries = make_line(finished=False)
    board = fold_board(entries, {**FIT, "uid": "last"}, settled=False)
    assert find(board) == AnalysedRun(None)
    assert list_requests(board) == [get_run_uid(entries)]


def test_an_ambiguous_uid_is_refused() -> None:
    runs = [rename(make_line(), f"abc-{number}") for number in range(2)]
    board = fold_board(*runs, {**FIT, "uid": "abc"}, settled=False)
    assert "2 runs begin so" in find(board).problem
    assert list_requests(board) == []


@pytest.mark.parametrize("uid", ["last", "1234", "f" * 36])
def test_an_unknown_run_comes_from_the_catalog(uid: str) -> None:
    board = fold_board({**FIT, "uid": uid}, settled=False)
    assert list_requests(board) == [uid]
    whole = "1234" + "f" * 32 if uid == "1234" else "f" * 36
    entries = rename(make_line(start={"time": EPOCH - 60.0}), whole)
    fetched = fold(stamp_entries(entries)).runs[whole]
    board = board.apply(FetchedRun(uid, fetched))
    assert find(board).run is not None
    assert list_requests(board) == []


def test_a_run_that_does_not_come_is_given_up_with_the_plan() -> None:
    config = BoardConfig(reply_time=13.0)
    board = fold(stamp_entries([("bmm", {**FIT, "uid": "f" * 36})]), Board(config))
    assert find(board.apply(ClockTick(EPOCH + 12.9))) == AnalysedRun(None)
    late = find(board.apply(ClockTick(EPOCH + 13.1)))
    assert late.problem == f"run {'f' * 36}: its documents did not come within 13 s"


def test_a_run_that_the_catalog_refuses_is_given_up_at_once() -> None:
    board = fold_board({**FIT, "uid": "f" * 36}, settled=False)
    board = board.apply(FetchedRun("f" * 36, None, "run f: refused"))
    assert find(board).problem == "run f: refused"
