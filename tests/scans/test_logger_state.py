"""Which folder's log is open."""

from __future__ import annotations

from helpers.streams import fold, stamp_entries
from xafs_workers.scans.items import ClockTick
from xafs_workers.scans.logger import find_log_folder

A = ("bmm", {"logger": "start", "folder": "/p/c/a"})
B = ("bmm", {"logger": "start", "folder": "/p/c/b"})
ENTRY = ("bmm", {"logger": "entry", "text": "changed the gas"})
CLEAR = ("bmm", {"logger": "clear"})
REST = ("bmm", {"resting_state": True})


def test_the_last_started_log_is_open_until_cleared() -> None:
    for entries, expected in [
        ([], ""),
        ([ENTRY, CLEAR], ""),
        ([A, ENTRY, REST], "/p/c/a"),
        ([A, B], "/p/c/b"),
        ([A, B, CLEAR], ""),
        ([A, CLEAR, B], "/p/c/b"),
    ]:
        assert find_log_folder(fold(stamp_entries(entries))) == expected


def test_log_lines_are_not_stored_and_logs_close_after_a_day() -> None:
    board = fold(stamp_entries([A, *[ENTRY] * 50]))
    assert len(board.messages) == 1
    assert find_log_folder(board.apply(ClockTick(board.now + board.config.expiry_time + 1))) == ""
