"""The list of ended scans: of the present and of the past, with a search."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.figures import fold_board, get_run_uid, make_run
from helpers.streams import Entry, fold, stamp_entries
from xafs_workers.frontends.history import MAX_ENTRIES, find_board_scan, list_history
from xafs_workers.scans.board import Board

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
STOP = {"linescan": "stop"}


def measure(number: int = 7, sample: str = "Ni foil", motor: str = "xafs_x") -> list[Entry]:
    columns = {motor: [0.0, 1.0, 2.0], "I0": [1.0] * 3, "It": [1.0, 2.0, 1.0]}
    about = {"scan_id": number, "XDI": {"Sample": {"name": sample}}}
    return make_run(columns, motors=[motor], start=about)


def list_titles(*boards: Board) -> list[str]:
    return [entry.title for entry in list_history(boards)]


def test_ended_scans_are_listed_newest_first() -> None:
    other = {**LINE, "motor": "xafs_y"}
    board = fold_board(LINE, measure(7), STOP, other, measure(8, motor="xafs_y"), STOP, LINE, measure(9))
    assert list_titles(board) == ["linescan #8", "linescan #7"]


def test_a_scan_on_both_boards_is_that_of_the_first() -> None:
    items = stamp_entries([("bmm", LINE), *measure(7), ("bmm", STOP)])
    past, present = fold(items), fold(items)
    assert list_titles(present, past) == ["linescan #7"]
    figure = past.scans[0].figure_id
    assert find_board_scan((present, past), figure) == (present, present.scans[0])
    assert find_board_scan((Board(), past), figure) == (past, past.scans[0])
    assert find_board_scan((Board(), Board()), figure) is None


def test_an_entry_names_sample_file_and_motor() -> None:
    run = measure()
    (entry,) = list_history([fold_board(LINE, run, {**STOP, "fname": "snapshots/ni.png"})])
    assert entry.about == "Ni foil · snapshots/ni.png · xafs_x"
    assert entry.uids == (get_run_uid(run),)


@pytest.mark.parametrize(
    ("query", "found"),
    [("", True), ("ni", True), ("FOIL xafs_x", True), ("linescan #7", True), ("xafs_y", False), ("ni copper", False)],
)
def test_each_word_of_a_search_must_match(query: str, found: bool) -> None:
    (entry,) = list_history([fold_board(LINE, measure(), STOP)])
    assert entry.matches(query) is found
    assert entry.matches(entry.uids[0][:8])


def test_the_list_is_limited() -> None:
    entries: list[Any] = [part for number in range(MAX_ENTRIES + 5) for part in (LINE, measure(number), STOP)]
    titles = list_titles(fold_board(*entries[:75]), fold_board(*entries[75:]))
    assert len(titles) <= MAX_ENTRIES


def test_messages_without_a_figure_are_not_listed() -> None:
    assert list_titles(fold_board({"mkdir": "/a"}, LINE, measure())) == []
