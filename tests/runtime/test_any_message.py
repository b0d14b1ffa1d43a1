"""Any message that can be decoded is answered or rejected, and the next one is carried out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings

from helpers import message_values
from helpers.example_counts import scale_examples
from helpers.file_actions import FileManagerHarness
from helpers.list_source import ListSource
from helpers.streams import CONTROL, EPOCH
from xafs_workers.consumer.loop import Loop
from xafs_workers.consumer.loop_callbacks import LoopCallbacks
from xafs_workers.consumer.record_parser import RecordParser
from xafs_workers.consumer.roles import FILE_MANAGER
from xafs_workers.filemanager.actions.context import ActionContext
from xafs_workers.filemanager.file_actions import FileActionHandler
from xafs_workers.runtime.effect_ledger import build_message_dead_letter, build_record_dead_letter
from xafs_workers.runtime.engine_callbacks import EngineCallbacks
from xafs_workers.runtime.message_engine import MessageEngine
from xafs_workers.runtime.outcome import Outcome, Task
from xafs_workers.runtime.rejections import RejectionCallbacks
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.settings import Settings
from xafs_workers.storage.ledger import Ledger
from xafs_workers.wire import decode, encode

CASES = {
    "complex extra": bytes.fromhex(
        "92a3626d6d82a56d6b646972a92f6574632f6e6f7065a17882c407636f6d706c6578c3c40464617461a4312b326a"
    ),
    "uid is a list": encode("bmm", {"echoslack": True, "text": "hello", "uid": ["a"]}),
    "uid is an array map": encode("bmm", {"echoslack": True, "text": "hello", "uid": {"a": 1}, "uidlist": [[1]]}),
}


class EchoingWork(FileActionHandler):
    """The file manager's decisions; in place of its actions, all that a message holds comes back."""

    def examine(self, control: ReceivedMessage, board: Board) -> Any:
        task = super().examine(control, board)
        return None if task is None else self._echo(task, control)

    def find_task(self, control: ReceivedMessage, board: Board) -> Any:
        task = super().find_task(control, board)
        return None if task is None else self._echo(task, control)

    def _echo(self, task: Task, control: ReceivedMessage) -> Task:
        content = control.message.model_dump()
        state = "value" if control.position.offset % 2 else "failed"
        return Task(task.queue, lambda: Outcome(state, ("a\udcff",), f"{content!r:.50}", content))


class FileManager:
    """A loop and an engine whose answers, dead letters and records are encoded as the worker encodes them."""

    def __init__(self, context: ActionContext):
        self.source, self.answers, self.letters = ListSource(), list[dict[str, Any]](), list[dict[str, Any]]()
        callbacks = EngineCallbacks(
            find_outcome=lambda control: None,
            record_outcome=lambda control, outcome: json.dumps([outcome.reason, outcome.paths]),
            answer=lambda answer: self.answers.append(decode(encode("answer", answer.to_dict()))[1]),
            give_up=lambda control, reason: self.send_letter(build_message_dead_letter(control, reason, "any")),
            rejections=RejectionCallbacks(
                lambda record: False,
                lambda record, bad: self.send_letter(build_record_dead_letter(record, bad, "any")),
                lambda record: None,
            ),
        )
        self.engine = MessageEngine(EchoingWork(context, lambda: self.engine.list_messages()), callbacks, "any")
        self.loop = Loop(
            self.source,
            FILE_MANAGER,
            RecordParser(Settings()),
            Board(),
            LoopCallbacks(self.engine, self.engine.on_rejected_record, lambda: EPOCH),
        )
        self.loop.begin(self.source.positions, self.source.positions)

    def send_letter(self, letter: Any) -> None:
        self.letters.append(decode(encode("dead-letter", letter.to_dict()))[1])

    def run(self, *records: bytes) -> None:
        for record in records:
            self.source.put(CONTROL, record)
        self.source.put(CONTROL, encode("bmm", {"mkdir": "/x", "message_id": "next"}))
        while self.loop.step(0.0):
            pass
        self.loop.board = self.loop.board.apply(message_values.LATER)
        self.engine.poll(self.loop.board)
        assert self.engine.drain(10.0)
        self.engine.poll(self.loop.board)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ActionContext]:
    folder = tmp_path_factory.mktemp("manager")
    with Ledger.open(folder / "ledger.sqlite") as ledger:
        yield FileManagerHarness(folder, ledger).build_context()


@pytest.mark.parametrize("name", CASES)
def test_a_message_with_strange_extras_is_carried_out(name: str, context: ActionContext) -> None:
    manager = FileManager(context)
    manager.run(CASES[name])
    finals = [answer for answer in manager.answers if answer["state"] != "accepted"]
    assert sorted(one["kind"] for one in finals) == sorted(
        ["mkdir" if name == "complex extra" else "echoslack", "mkdir"]
    )
    assert not [letter for letter in manager.letters if letter["outcome"] != "failed"]


@pytest.mark.slow
@given(message=message_values.messages)
@settings(max_examples=scale_examples(200))
def test_any_message_is_followed_by_the_next(message: dict[str, Any], context: ActionContext) -> None:
    manager = FileManager(context)
    manager.run(encode("bmm", message))
    assert [one["state"] for one in manager.answers if one["message_id"] == "next"][-1] in ("value", "failed")


@pytest.mark.slow
@given(message=message_values.messages)
@settings(max_examples=scale_examples(100))
def test_undeclared_extras_are_no_fields(message: dict[str, Any]) -> None:
    from xafs_workers.messages.base import InvalidMessage
    from xafs_workers.messages.parsing import parse

    _, body = decode(encode("bmm", message))
    try:
        parsed = parse(body)
    except InvalidMessage:
        return
    declared = {name: value for name, value in body.items() if name not in parsed.extras}
    plain = parse(declared)
    for name in ("named_run", "named_runs", "named_file", "named_paths", "may_overwrite", "repetition", "named_edge"):
        assert repr(getattr(parsed, name)) == repr(getattr(plain, name))
    for name in ("kind", "action", "owner", "helper"):
        assert getattr(parsed, name) == getattr(type(parsed), name)
