"""Reflectivity scans: which runs are bound to them, and which pictures they ask for."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.figures import find_last_message, fold_board, get_run_uid, make_run
from helpers.goniometer import REFLECTIVITY
from helpers.requested_pictures import request_last_picture
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.picture_requests import picture_rules
from xafs_workers.scans.run_requests import build_scan_run_requests

START = {"xrr": "start", "title": "film a"}


@pytest.mark.parametrize("motors", [["eta"], ["eta", "delta"], None])
@pytest.mark.parametrize("hint", [None, "xrr mythen eta"])
def test_a_scan_binds_the_run_that_moves_its_angle(motors: list[str] | None, hint: str | None) -> None:
    other, run = make_run(REFLECTIVITY, motors=["samplez"]), make_run(REFLECTIVITY, hint, motors)
    board = fold_board(START, other, run)
    assert board.scans[0].run_uids == (get_run_uid(run),)


def test_the_picture_goes_to_its_own_folder() -> None:
    run = make_run(REFLECTIVITY, motors=["eta"])
    wanted = request_last_picture(START, run, {"xrr": "stop", "uid": get_run_uid(run), "filename": "film-a.png"})
    assert wanted is not None
    assert wanted.run is not None
    assert (wanted.name, wanted.run.uid) == ("pictures/film-a.png", get_run_uid(run))


@pytest.mark.parametrize("stop", [{"uid": "", "filename": "film-a.png"}, {"filename": None}, {}])
def test_an_aborted_or_unnamed_scan_has_no_picture(stop: dict[str, Any]) -> None:
    run = make_run(REFLECTIVITY, motors=["eta"])
    assert request_last_picture(START, run, {"xrr": "stop", **stop}) is None


@pytest.mark.parametrize(("title", "expected"), [("film a", "XRR: film a"), ("", "XRR"), (None, "XRR")])
def test_the_post_has_the_title_of_the_scan(title: str | None, expected: str) -> None:
    _, scan = find_last_message(fold_board({"xrr": "start", "title": title}))
    assert picture_rules["xrr"].build_post_title(scan) == expected


def test_runs_of_a_comparison_are_fetched_once_each() -> None:
    run = make_run(REFLECTIVITY, motors=["eta"])
    board = Board(BoardConfig(fetching_enabled=True))
    board = fold_into(board, run, {"xrrplot": True, "uid": [get_run_uid(run), "absent", "absent"]})
    assert [request.uid for request in build_scan_run_requests(board, board.scans[-1])] == ["absent"]


def fold_into(board: Board, *entries: Any) -> Board:
    from helpers.streams import fold, stamp_entries

    flat = [entry for one in entries for entry in (one if isinstance(one, list) else [("bmm", one)])]
    return fold(stamp_entries(flat), board)
