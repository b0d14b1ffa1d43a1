"""Replies move motors: they are written only while their plan waits for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from helpers.figures import fold_board, make_run
from helpers.redis_server import RedisServer
from helpers.streams import EPOCH
from xafs_workers.runtime.outcome import TryLater
from xafs_workers.runtime.replies import ReplyWriter
from xafs_workers.scans.analysis import Reply
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.services.key_store import KeyStoreWriter
from xafs_workers.settings import KeyStore

KEYS = ("BMM:peak_position", "BMM:peakposition")
PRESET = "-10000000000.1"
POSITION = Reply(KEYS, "1.25", needs_preset=True)
UID = Reply(("BMM:ga:xy_uid",), "a-uid")
LINE = {"linescan": "start", "motor": "xafs_x", "detector": "It"}
FIT = {"peakfit": True, "uid": "last", "motor_name": "xafs_x", "signal": "It"}
MEASURED = (LINE, make_run({"xafs_x": [1.0]}, motors=["xafs_x"]), {"linescan": "stop"}, FIT)


def find_message(board: Board) -> ReceivedMessage:
    return next(scan.start for scan in board.scans if scan.kind == "peakfit")


def build_writer(board: Board, url: str | None = None, *, after: float = 1.0) -> ReplyWriter:
    store = None if url is None else KeyStoreWriter(KeyStore(url=url))
    return ReplyWriter(store, lambda: board, 13.0, lambda: EPOCH + after)


def test_all_replies_are_written_at_once(redis_server: RedisServer) -> None:
    board = fold_board(*MEASURED)
    redis_server.write({KEYS[0]: PRESET})
    assert build_writer(board, redis_server.url).write(find_message(board), (POSITION, UID)) == ""
    assert redis_server.read(*KEYS, "BMM:ga:xy_uid") == ["1.25", "1.25", "a-uid"]


def test_nothing_is_written_where_no_plan_waits(redis_server: RedisServer) -> None:
    board = fold_board(*MEASURED)
    redis_server.write({KEYS[0]: "7.5"})
    assert "preset" in build_writer(board, redis_server.url).write(find_message(board), (POSITION, UID))
    assert redis_server.read(*KEYS, "BMM:ga:xy_uid") == ["7.5", None, None]


@pytest.mark.parametrize(
    ("later", "after", "reason"),
    [
        ((), 13.5, "s after the message"),
        ((LINE,), 1.0, "another scan has started"),
        ((make_run({"xafs_x": [1.0]}),), 1.0, "another scan has started"),
    ],
)
def test_a_late_reply_is_not_written(
    later: tuple[Any, ...], after: float, reason: str, redis_server: RedisServer
) -> None:
    board = fold_board(*MEASURED, *later)
    redis_server.write(dict.fromkeys(KEYS, PRESET))
    writer = build_writer(board, redis_server.url, after=after)
    assert reason in writer.describe_staleness(find_message(board))
    assert reason in writer.write(find_message(board), (POSITION, UID))
    assert redis_server.read(*KEYS, "BMM:ga:xy_uid") == [PRESET, PRESET, None]


def test_another_fit_and_a_report_are_no_later_scans() -> None:
    board = fold_board(*MEASURED, FIT, {"dossier": "start", "stub": "a"}, {"resting_state": True})
    assert build_writer(board).describe_staleness(find_message(board)) == ""


def test_a_replayed_message_writes_nothing(redis_server: RedisServer) -> None:
    board = fold_board(*MEASURED)
    redis_server.write(dict.fromkeys(KEYS, PRESET))
    replayed = replace(find_message(board), is_replayed=True)
    writer = build_writer(board, redis_server.url, after=1e6)
    assert writer.describe_staleness(replayed) == ""
    assert writer.write(replayed, (POSITION, UID)) == ""
    assert redis_server.read(*KEYS, "BMM:ga:xy_uid") == [PRESET, PRESET, None]


def test_a_store_that_is_away_is_tried_again() -> None:
    board = fold_board(*MEASURED)
    with pytest.raises(TryLater, match="key store"):
        build_writer(board, "redis://127.0.0.1:1/0").write(find_message(board), (POSITION,))
