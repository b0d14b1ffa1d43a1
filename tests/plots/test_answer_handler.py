"""The headless worker answers an analysing message: value first, picture second; or at once with the reason."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

from helpers.figures import fold_board, get_run_uid, make_run
from helpers.fits import add_noise, apply_fits, compute_peak, compute_step
from helpers.redis_server import RedisServer
from helpers.streams import EPOCH
from xafs_workers.plots.answer_handler import AnswerHandler
from xafs_workers.plots.picture_handler import build_picture_engine
from xafs_workers.runtime.engine_callbacks import EngineCallbacks
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.runtime.replies import ReplyWriter
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ClockTick
from xafs_workers.services.key_store import KeyStoreWriter
from xafs_workers.settings import KeyStore
from xafs_workers.wire import Answer

X = np.linspace(-3.0, 3.0, 31)
PEAK = compute_peak(X, 0.7)
KEY = "BMM:peakposition"
PRESET = "-10000000000.1"


def fold_scan(y: Any, **message: Any) -> Board:
    run = make_run({"xafs_x": X.tolist(), "I0": [2.0] * 31, "It": (2.0 * y).tolist()}, motors=["xafs_x"])
    asked = {"peakfit": True, "signal": "It", "choice": "peak"} if "stepfit" not in message else {"signal": "It"}
    given = {**asked, "uid": get_run_uid(run), "motor_name": "xafs_x", **message}
    return apply_fits(fold_board(run, given, settled=False))


def collect_answers(board: Board, url: str | None = None, *, after: float = 1.0, **more: Any) -> list[Answer]:
    """Return the answers to the last message."""
    given: list[Answer] = []
    store = None if url is None else KeyStoreWriter(KeyStore(url=url))
    engine = build_picture_engine(
        lambda *_: Outcome("done", ("picture",)),
        EngineCallbacks(lambda _: None, lambda *_: None, given.append, lambda *_: None),
        AnswerHandler(ReplyWriter(store, lambda: board, 13.0, lambda: EPOCH + after)),
        **more,
    )
    engine.on_message(max(board.messages, key=lambda control: control.position), board)
    engine.poll(board)
    assert engine.drain(20.0)
    engine.close()
    return given


def test_a_value_is_answered_with_the_id_of_the_message() -> None:
    answers = collect_answers(fold_scan(PEAK, message_id="mine"))
    assert [(answer.state, answer.message_id) for answer in answers] == [("accepted", "mine"), ("value", "mine")]
    assert answers[-1].value["position"] == X[np.argmax(PEAK)]
    assert answers[-1].value["method"] == "peak"


@pytest.mark.slow
def test_the_value_is_answered_before_the_picture() -> None:
    answers = collect_answers(fold_scan(compute_step(X, 0.4), stepfit=True, fname="edge.png"))
    assert [(answer.state, answer.paths) for answer in answers] == [
        ("accepted", ()),
        ("value", ()),
        ("done", ("picture",)),
    ]


def test_a_failure_answers_the_marked_estimate() -> None:
    answer = collect_answers(fold_scan(add_noise(PEAK, 0.5), message_id="mine"))[-1]
    assert (answer.state, "position" in answer.value) == ("failed", False)
    assert "times the noise" in answer.reason
    assert set(answer.value["estimates"]) == {"peak", "com", "half_height"}


def test_a_run_that_does_not_come_fails_with_the_plan() -> None:
    board = fold_board({"peakfit": True, "signal": "It", "uid": "f" * 36, "motor_name": "xafs_x"}, settled=False)
    assert [answer.state for answer in collect_answers(board)] == ["accepted"]
    late = collect_answers(board.apply(ClockTick(EPOCH + 14.0)))[-1]
    assert (late.state, late.reason) == ("failed", f"run {'f' * 36}: its documents did not come within 13 s")


@pytest.mark.parametrize(
    ("message_id", "preset", "state"), [("mine", "7.5", "value"), (None, "7.5", "failed"), (None, PRESET, "value")]
)
def test_a_sender_without_an_id_needs_the_key_store(
    message_id: str | None, preset: str, state: str, redis_server: RedisServer
) -> None:
    redis_server.write({KEY: preset})
    given = {} if message_id is None else {"message_id": message_id}
    answer = collect_answers(fold_scan(PEAK, **given), redis_server.url)[-1]
    assert answer.state == state
    written = "7.5" if preset == "7.5" else repr(float(X[np.argmax(PEAK)]))
    assert redis_server.read(KEY) == [written]


def test_a_late_answer_is_a_failure() -> None:
    answer = collect_answers(fold_scan(PEAK, message_id="mine"), after=14.0)[-1]
    assert answer.state == "failed"
    assert "no plan waits" in answer.reason


def test_statistics_of_the_goniometer_reach_the_key_store(redis_server: RedisServer) -> None:
    run = make_run({"eta": X.tolist(), "dir": (5000.0 * PEAK).tolist()}, motors=["eta"])
    asked = {"xrr_alignment": True, "motor": "eta", "detector": "dir", "uid": get_run_uid(run)}
    answer = collect_answers(fold_board(run, asked, settled=False), redis_server.url)[-1]
    (text,) = redis_server.read("BMM:xrd:peak_stats")
    assert ast.literal_eval(text) == answer.value
    assert answer.value["peakpos"] == X[np.argmax(PEAK)]


@pytest.mark.slow
def test_a_picture_is_drawn_although_the_answer_is_late() -> None:
    board = fold_scan(compute_step(X, 0.4), stepfit=True, fname="edge.png")
    assert [answer.state for answer in collect_answers(board, after=14.0)] == ["accepted", "failed", "done"]
