"""The message engine: order, waits, dead letters and threads that die."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helpers.figures import fold_board
from helpers.processes import PATIENCE, wait_until
from xafs_workers.consumer.record_parser import RejectedRecord
from xafs_workers.consumer.records import RawRecord
from xafs_workers.runtime import deferred_jobs, message_engine, retry
from xafs_workers.runtime.engine_callbacks import EngineCallbacks
from xafs_workers.runtime.message_engine import MessageEngine
from xafs_workers.runtime.outcome import Outcome, Postponed, Task, TryLater
from xafs_workers.runtime.rejections import RejectionCallbacks
from xafs_workers.runtime.supervisor import ThreadDied, ThreadSupervisor
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage, RecordPosition
from xafs_workers.storage.errors import Unavailable
from xafs_workers.storage.ledger import EffectKey, Ledger, LedgerUnusable
from xafs_workers.threads import SupervisedThread


class Work:
    """Accepts every message; each is done in one queue by `attempt`."""

    def __init__(self) -> None:
        self.attempt: Any = lambda: Outcome("done")

    def is_relevant(self, control: ReceivedMessage) -> bool:
        return True

    def is_answered_again(self, control: ReceivedMessage) -> bool:
        return True

    def examine(self, control: ReceivedMessage, board: Board) -> None:
        return None

    def find_task(self, control: ReceivedMessage, board: Board) -> Task:
        return Task("all", lambda: self.attempt())


class Fixture:
    """An engine over a ledger that can be made to fail."""

    def __init__(self) -> None:
        self.work, self.board = Work(), Board()
        self.read_error: Exception | None = None
        self.write_error: Exception | None = None
        self.answers: list[tuple[str, str]] = []
        self.letters: list[str] = []
        self.recorded: list[str] = []
        rejections = RejectionCallbacks(lambda record: False, self.send, lambda record: self.record("record"))
        self.engine = MessageEngine(
            self.work,
            EngineCallbacks(
                find_outcome=self.find,
                record_outcome=lambda control, outcome: self.record(control.id),
                answer=lambda answer: self.answers.append((answer.message_id, answer.state)),
                give_up=lambda control, reason: self.letters.append(reason),
                rejections=rejections,
            ),
            "any",
        )

    def find(self, control: ReceivedMessage) -> None:
        if self.read_error is not None:
            raise self.read_error

    def record(self, name: str) -> None:
        if self.write_error is not None:
            raise self.write_error
        self.recorded.append(name)

    def send(self, record: RawRecord, rejected: RejectedRecord) -> None:
        self.letters.append(rejected.reason)

    def put(self, *names: str) -> None:
        for name in names:
            board = fold_board({"close": "all", "message_id": name})
            self.engine.on_message(board.messages[-1], self.board)
            self.engine.poll(self.board)

    @property
    def done(self) -> list[str]:
        return [name for name, state in self.answers if state != "accepted"]


@pytest.fixture
def fixture(monkeypatch: pytest.MonkeyPatch) -> Fixture:
    monkeypatch.setattr(retry, "BACKOFF", (0.01,))
    monkeypatch.setattr(message_engine, "LOOKUP_RETRY_SECONDS", 0.0)
    return Fixture()


FULL = Unavailable("ledger: full")


def test_messages_wait_in_order_while_the_ledger_cannot_be_read(fixture: Fixture) -> None:
    fixture.read_error = FULL
    fixture.put("a", "b", "c")
    assert fixture.answers == []
    assert [item.id for item in fixture.engine.pending()] == ["a", "b", "c"]
    assert fixture.engine.waits_for == "ledger: full"
    fixture.read_error = None
    fixture.engine.poll(fixture.board)
    assert fixture.engine.drain(10.0)
    assert fixture.done == ["a", "b", "c"]
    assert (fixture.engine.waits_for, fixture.letters, fixture.engine.pending()) == ("", [], ())


def test_a_wait_for_the_ledger_does_not_change_the_board(fixture: Fixture) -> None:
    """A later board may no longer hold a message's scan."""
    first, later, boards = Board(), Board(), []

    def find_task(control: ReceivedMessage, board: Board) -> Task:
        boards.append(board)
        return Task("all", lambda: Outcome("done"))

    fixture.work.find_task = find_task  # type: ignore[method-assign] # the test's own
    fixture.read_error = FULL
    fixture.engine.on_message(fold_board({"close": "all", "message_id": "a"}).messages[-1], first)
    fixture.engine.poll(first)
    fixture.engine.poll(later)
    fixture.read_error = None
    fixture.engine.poll(later)
    assert fixture.engine.drain(10.0)
    assert (fixture.done, boards) == (["a"], [first])


def test_an_outcome_that_cannot_be_recorded_is_waited_for(fixture: Fixture) -> None:
    fixture.write_error = FULL
    fixture.put("a", "b")
    wait_until(lambda: fixture.engine.waits_for == "ledger: full", "the wait")
    assert fixture.done == []
    assert len(fixture.engine.pending()) == 2
    fixture.write_error = None
    assert fixture.engine.drain(10.0)
    assert (fixture.done, fixture.recorded, fixture.letters) == (["a", "b"], ["a", "b"], [])


@pytest.mark.parametrize("error", [TryLater(28, "full"), FULL])
def test_an_attempt_is_repeated_while_storage_is_unavailable(error: Exception, fixture: Fixture) -> None:
    left = [error, error]

    def attempt() -> Outcome:
        if left:
            raise left.pop()
        return Outcome("done", ("file",))

    fixture.work.attempt = attempt
    fixture.put("a")
    assert fixture.engine.drain(10.0)
    assert (fixture.done, fixture.letters, fixture.engine.last_files) == (["a"], [], ("file",))


def test_a_bug_in_an_attempt_fails_only_its_message(fixture: Fixture) -> None:
    outcomes = [ZeroDivisionError("a fault"), None]

    def attempt() -> Outcome:
        if (error := outcomes.pop(0)) is not None:
            raise error
        return Outcome("done")

    fixture.work.attempt = attempt
    fixture.put("a", "b")
    assert fixture.engine.drain(10.0)
    assert fixture.letters == ["ZeroDivisionError: a fault"]
    assert [state for _, state in fixture.answers if state != "accepted"] == ["failed", "done"]


@pytest.mark.parametrize("step", ["give_up", "answer"])
def test_a_step_that_raises_costs_one_message(step: str, fixture: Fixture) -> None:
    broken: list[object] = []

    def raise_once(*arguments: object) -> None:
        broken.append(arguments)
        if len(broken) == 1:
            raise TypeError("cannot be sent")

    fixture.engine._callbacks = replace(fixture.engine._callbacks, **{step: raise_once})
    fixture.work.attempt = lambda: Outcome("failed", reason="so")
    fixture.put("a", "b")
    assert fixture.engine.drain(10.0)
    assert fixture.recorded == ["a", "b"]
    fixture.engine.poll(fixture.board)


def test_an_outcome_whose_text_cannot_be_recorded_is_recorded(fixture: Fixture) -> None:
    recorded: list[Outcome] = []

    def record(control: ReceivedMessage, outcome: Outcome) -> None:
        recorded.append(outcome)
        outcome.reason.encode()

    fixture.engine._callbacks = replace(fixture.engine._callbacks, record_outcome=record)
    fixture.work.attempt = lambda: Outcome("failed", reason="\udcff")
    fixture.put("a")
    assert fixture.engine.drain(10.0)
    assert recorded[1:] == [Outcome("failed")]
    assert fixture.done == ["a"]


def test_messages_after_one_that_cannot_be_queued_stay(fixture: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    fixture.work.find_task = lambda control, board: None  # type: ignore[assignment, method-assign, return-value]
    fixture.put("a", "b", "c")
    fixture.work.find_task = lambda control, board: Task("all", lambda: Outcome("done"))  # type: ignore[method-assign]
    put = fixture.engine._queues.put

    def fail_once(name: str, job: Any) -> None:
        if job.pending.id == "b":
            raise MemoryError
        put(name, job)

    monkeypatch.setattr(fixture.engine._queues, "put", fail_once)
    with pytest.raises(MemoryError):
        fixture.engine.poll(fixture.board)
    monkeypatch.undo()
    fixture.engine.poll(fixture.board)
    assert fixture.engine.drain(10.0)
    assert fixture.done == ["a", "b", "c"]


def test_a_dead_letter_that_cannot_be_sent_ends_no_queue(fixture: Fixture) -> None:
    def fail(record: RawRecord, rejected: RejectedRecord) -> None:
        raise TypeError("cannot be sent")

    callbacks = fixture.engine._callbacks
    assert callbacks.rejections is not None
    fixture.engine._callbacks = replace(callbacks, rejections=replace(callbacks.rejections, send=fail))
    record = RawRecord(RecordPosition("control", 0, 7), 1.0, None, b"x")
    fixture.engine.on_rejected_record(record, RejectedRecord("control", "invalid", "bad"))
    assert fixture.engine.drain(10.0)
    assert fixture.recorded == ["record"]
    fixture.engine.poll(fixture.board)


def test_postponed_messages_stop_no_reading(fixture: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """They wait for what other records bring, also while they are tried again."""
    monkeypatch.setattr(message_engine, "QUEUE_LIMIT", 2)
    monkeypatch.setattr(deferred_jobs, "PAUSE_SECONDS", 0.0)
    attempts, gate = list[int](), threading.Event()

    def attempt() -> Outcome:
        attempts.append(len(attempts))
        if len(attempts) > 3:
            gate.wait(PATIENCE)
        raise Postponed("a picture")

    def is_tried_again() -> bool:
        fixture.engine.poll(fixture.board)
        return len(attempts) > 3

    fixture.work.attempt = attempt
    for control in fold_board(*({"close": "all", "message_id": name} for name in "abc")).messages:
        fixture.engine.on_message(control, fixture.board)
    wait_until(is_tried_again, "the second attempts")
    assert fixture.engine.has_room()
    assert fixture.engine.count_in_hand() == 3
    gate.set()
    fixture.engine.close()


def test_a_rejected_record_is_pending_until_recorded(fixture: Fixture) -> None:
    fixture.write_error = FULL
    position = RecordPosition("control", 0, 7)
    fixture.engine.on_rejected_record(RawRecord(position, 1.0, None, b"x"), RejectedRecord("control", "invalid", "bad"))
    wait_until(lambda: fixture.engine.waits_for != "", "the wait")
    assert [item.position for item in fixture.engine.pending()] == [position]
    fixture.write_error = None
    assert fixture.engine.drain(10.0)
    assert fixture.letters == ["bad"]


def test_a_dead_queue_ends_the_loop(fixture: Fixture) -> None:
    fixture.write_error = LedgerUnusable("no ledger")
    fixture.put("a")

    def is_dead() -> bool:
        try:
            fixture.engine.poll(fixture.board)
        except RuntimeError as error:
            return "no ledger" in str(error)
        return False

    wait_until(is_dead, "the end of the queue")
    assert [item.id for item in fixture.engine.pending()] == ["a"]


@pytest.mark.parametrize("returns", [True, False])
def test_a_thread_that_ends_early_is_reported(returns: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor = ThreadSupervisor()
    monkeypatch.setattr(threading, "excepthook", supervisor.on_thread_exception)
    supervisor.check()
    thread = SupervisedThread((lambda: None) if returns else (lambda: 1 / 0), "short", lambda: False)
    thread.start()
    thread.join()
    with pytest.raises(ThreadDied, match="short"):
        supervisor.check()


def test_a_thread_that_was_asked_to_stop_is_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor = ThreadSupervisor()
    monkeypatch.setattr(threading, "excepthook", supervisor.on_thread_exception)
    thread = SupervisedThread(lambda: None, "short", lambda: True)
    thread.start()
    thread.join()
    supervisor.check()


def test_a_look_up_waits_for_no_writer(tmp_path: Path) -> None:
    key = EffectKey("c", "t", 0, 1, 2, "answer")
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        ledger.finish(key, "done")
        with ledger._lock:
            entry = ledger.look_up(key)
        assert entry is not None
        assert entry.state == "done"
        ledger._connection.execute("DROP TABLE effects")
        with pytest.raises(LedgerUnusable, match="no such table"):
            ledger.look_up(key)
