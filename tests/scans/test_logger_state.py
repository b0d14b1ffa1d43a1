"""Which folder's log is open."""

from __future__ import annotations

from helpers.streams import fold, items_of
from xafs_workers.scans.items import Tick
from xafs_workers.scans.logger import logging_to

A = ("bmm", {"logger": "start", "folder": "/p/c/a"})
B = ("bmm", {"logger": "start", "folder": "/p/c/b"})
ENTRY = ("bmm", {"logger": "entry", "text": "changed the gas"})
CLEAR = ("bmm", {"logger": "clear"})
REST = ("bmm", {"resting_state": True})


def test_the_last_that_was_started_until_it_is_cleared() -> None:
    for entries, expected in [
        ([], ""),
        ([ENTRY, CLEAR], ""),
        ([A, ENTRY, REST], "/p/c/a"),
        ([A, B], "/p/c/b"),
        ([A, B, CLEAR], ""),
        ([A, CLEAR, B], "/p/c/b"),
    ]:
        assert logging_to(fold(items_of(entries))) == expected


def test_lines_are_not_kept_and_a_day_is_enough() -> None:
    board = fold(items_of([A, *[ENTRY] * 50]))
    assert len(board.messages) == 1
    assert logging_to(board.apply(Tick(board.now + board.rules.release + 1))) == ""
