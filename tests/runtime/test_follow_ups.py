"""Postponed messages and follow-ups: they block no queue and hold back the stored offset until they are done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from helpers.figures import fold_board
from helpers.processes import wait_until
from xafs_workers.runtime import deferred_jobs
from xafs_workers.runtime.deferred_jobs import FollowUp
from xafs_workers.runtime.engine_callbacks import EngineCallbacks
from xafs_workers.runtime.message_engine import MessageEngine
from xafs_workers.runtime.outcome import Outcome, Postponed, Task
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ClockTick, ReceivedMessage
from xafs_workers.storage.errors import Unavailable

PATIENCE = 100.0


class Work:
    """Puts every message into one queue; `attempts` holds what to do for the id of a message."""

    def __init__(self) -> None:
        self.attempts: dict[str, Callable[[], Outcome]] = {}
        self.follow_up: Callable[[], bool] | None = None

    def is_relevant(self, control: ReceivedMessage) -> bool:
        return True

    def is_answered_again(self, control: ReceivedMessage) -> bool:
        return True

    def examine(self, control: ReceivedMessage, board: Board) -> None:
        return None

    def find_task(self, control: ReceivedMessage, board: Board) -> Task:
        return Task("all", self.attempts.get(control.id, lambda: Outcome("done")))

    def find_follow_up(self, control: ReceivedMessage, board: Board, outcome: Outcome) -> FollowUp | None:
        return None if self.follow_up is None else FollowUp("later", self.follow_up, PATIENCE)


class Fixture:
    """An engine with a board whose attended time a test moves on."""

    def __init__(self) -> None:
        self.work, self.board = Work(), Board().apply(ClockTick(1.0, attended=1.0))
        self.answers: list[tuple[str, str]] = []
        self.recorded: dict[str, Outcome] = {}
        self.engine = self.start()

    def start(self) -> MessageEngine:
        return MessageEngine(
            self.work,
            EngineCallbacks(
                find_outcome=lambda control: self.recorded.get(control.id),
                record_outcome=lambda control, outcome: self.recorded.update({control.id: outcome}),
                answer=lambda answer: self.answers.append((answer.message_id, answer.state)),
                give_up=lambda control, reason: None,
                find_follow_up=self.work.find_follow_up,
            ),
            "any",
        )

    def put(self, name: str, place: int) -> None:
        made: Any = fold_board(*[{"close": "all", "message_id": name}] * (place + 1)).messages[-1]
        self.engine.on_message(made, self.board)

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        def poll() -> bool:
            self.engine.poll(self.board)
            return condition()

        wait_until(poll, what)

    @property
    def done(self) -> list[str]:
        return [name for name, state in self.answers if state == "done"]

    @property
    def pending(self) -> set[str]:
        return {item.id for item in self.engine.pending()}


@pytest.fixture
def fixture(monkeypatch: pytest.MonkeyPatch) -> Fixture:
    monkeypatch.setattr(deferred_jobs, "PAUSE_SECONDS", 0.01)
    return Fixture()


def test_a_postponed_message_lets_others_pass(fixture: Fixture) -> None:
    ready = threading.Event()

    def attempt() -> Outcome:
        if not ready.is_set():
            raise Postponed("waiting for a picture")
        return Outcome("done")

    fixture.work.attempts["page"] = attempt
    fixture.put("page", 0)
    fixture.put("file", 1)
    fixture.wait(lambda: fixture.done == ["file"], "the file behind the page")
    fixture.wait(lambda: fixture.engine.waits_for == "waiting for a picture", "the reason")
    assert fixture.pending == {"page"}
    ready.set()
    fixture.wait(lambda: fixture.done == ["file", "page"], "the page")
    fixture.wait(lambda: not fixture.pending, "the end")
    assert fixture.engine.waits_for == ""


def test_a_follow_up_holds_back_the_offset_until_finished(fixture: Fixture) -> None:
    """The answer is sent once, before; an outage ends no follow-up."""
    left: list[object] = [False, Unavailable("away"), False, True]

    def attempt() -> bool:
        result = left.pop(0)
        if isinstance(result, Exception):
            raise result
        return bool(result)

    fixture.work.follow_up = attempt
    fixture.put("page", 0)
    fixture.wait(lambda: fixture.done == ["page"], "the answer")
    assert fixture.pending == {"page"}
    fixture.wait(lambda: not fixture.pending, "the end of the follow-up")
    assert (left, fixture.done) == ([], ["page"])


def test_a_follow_up_begins_again_after_a_restart(fixture: Fixture) -> None:
    """Not before the worker has caught up: until then the board does not show what was asked for."""
    attempts: list[float] = []
    fixture.work.follow_up = lambda: bool(attempts.append(time.monotonic()) or True)
    fixture.recorded["page"] = Outcome("done")
    caught_up, fixture.board = fixture.board, Board()
    fixture.put("page", 0)
    fixture.engine.poll(fixture.board)
    fixture.put("next", 1)
    fixture.wait(lambda: "next" in fixture.done, "another message")
    assert attempts == []
    assert "page" in fixture.pending
    fixture.board = caught_up
    fixture.wait(lambda: not fixture.pending, "the follow-ups")
    assert attempts


def test_a_follow_up_ends_with_its_patience(fixture: Fixture) -> None:
    """Only attended time counts."""
    fixture.work.follow_up = lambda: False
    fixture.put("page", 0)
    fixture.wait(lambda: fixture.done == ["page"], "the answer")
    fixture.engine.poll(fixture.board)
    fixture.board = fixture.board.apply(ClockTick(1e6, attended=PATIENCE))
    fixture.engine.poll(fixture.board)
    assert fixture.pending == {"page"}
    fixture.board = fixture.board.apply(ClockTick(1e6, attended=1.0 + PATIENCE))
    fixture.wait(lambda: not fixture.pending, "the end of the patience")


def test_a_bug_in_a_follow_up_ends_it_alone(fixture: Fixture) -> None:
    fixture.work.follow_up = lambda: bool(1 / 0)
    fixture.put("page", 0)
    fixture.wait(lambda: fixture.done == ["page"] and not fixture.pending, "the end")
