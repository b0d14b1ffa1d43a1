"""The file manager's actions on a board that a test fills."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from helpers.dossiers import ParsedPage
from helpers.streams import CONTROL, fold
from xafs_workers.catalog.followed_runs import FollowedRuns
from xafs_workers.catalog.retry import RetryPolicy
from xafs_workers.filemanager.actions.context import (
    ActionContext,
    Outcome,
    action_handlers,
    question_handlers,
    readiness_checks,
)
from xafs_workers.filemanager.file_actions import FileActionHandler
from xafs_workers.messages.parsing import parse
from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.runtime.outcome import TryLater
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ClockTick, ReceivedMessage, RecordPosition
from xafs_workers.services.slack_posts import Post
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.ledger import Ledger
from xafs_workers.writers.registry import build_writer_key

QUICK = RetryPolicy(appears_within=0.05, complete_within=0.05, outage=0.05, pauses=(0.01, 0.02))


@dataclass
class FileManagerHarness:
    """Folds items and does what messages ask for, as the worker does, but when a test asks."""

    proposals: Path
    ledger: Ledger
    board: Board = field(default_factory=Board)
    posts: list[Post] = field(default_factory=list)
    key_store: Any = None

    @property
    def folder(self) -> Path:
        return self.proposals / "2025-1" / "pass-333333"

    @property
    def log(self) -> ParsedPage:
        return ParsedPage((self.folder / "dossier/messagelog.html").read_bytes())

    def build_context(self) -> ActionContext:
        settings = Settings(storage={"proposals_root": self.proposals, "root_aliases": {}})
        roots = Roots.from_settings(settings.storage)
        runs = FollowedRuns(lambda: self.board, None, QUICK)
        records = EffectLedger(self.ledger, "cluster")
        return ActionContext(
            settings,
            self.board.config,
            roots,
            roots,
            runs,
            records,
            lambda: self.board,
            Event(),
            post=self.posts.append,
            key_store=self.key_store,
        )

    def fold(self, items: list[Any]) -> None:
        self.board = fold(items, self.board)

    def handle(self, control: ReceivedMessage) -> Outcome:
        key = build_writer_key(control.message)
        due: Callable[[ReceivedMessage, Board], bool] | None = readiness_checks.get(key)
        if due is not None and not due(control, self.board):
            raise TryLater("not due")
        return action_handlers[key](control, self.board, self.build_context())

    def ask(self, **message: Any) -> Any:
        """Return the answer to a question that is sent now."""
        position = RecordPosition(CONTROL, 0, 10_000 + len(self.board.messages))
        control = ReceivedMessage(parse(message), self.board.now + 1, position)
        return question_handlers[build_writer_key(control.message)](control, frozenset(), self.build_context())

    def send(self, **message: Any) -> Outcome:
        """Take in one more message and, when what was on its way has had its time, act on it."""
        control = ReceivedMessage(
            parse(message), self.board.now + 1, RecordPosition(CONTROL, 0, 10_000 + len(self.board.messages))
        )
        self.board = self.board.apply(control).apply(ClockTick(control.time + self.board.config.settling_time))
        return self.handle(control)


def act_on(manager: FileManagerHarness, *, offset: int = 0, then: float = 0.0, **message: Any) -> Outcome:
    """Do what the file manager's engine does with a message that only it knows; an offset is one message.

    Parameters
    ----------
    then
        Time that passes after the message before it is acted on, seconds.
    """
    control = ReceivedMessage(parse(message), manager.board.now, RecordPosition("t", 0, offset))
    manager.board = manager.board.apply(ClockTick(manager.board.now + then))
    handler = FileActionHandler(manager.build_context(), tuple)
    assert handler.is_relevant(control)
    task = handler.find_task(control, manager.board)
    assert task is not None
    outcome = task.attempt()
    assert isinstance(outcome, Outcome)
    return outcome
