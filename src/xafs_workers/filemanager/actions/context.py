"""Types and registries of the file manager's actions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

from xafs_workers.catalog.finished_run import RunCatalog
from xafs_workers.messages.base import kinds
from xafs_workers.registry import Registry
from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.runtime.outcome import Outcome, Task
from xafs_workers.runtime.slack_posting import SlackPosting
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.services.key_store import KeyStoreWriter
from xafs_workers.services.message_log import MessageLog
from xafs_workers.services.slack_posts import Poster, discard_post
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.proposals import ProposalFolder

PACKAGE = "xafs_workers.filemanager.actions"

ReadXdi = Callable[[bytes], Future[Mapping[str, Any]]]
"""Function that lets Larch read XDI; the result contains `labels` and `rows`, or a `problem`."""


@dataclass(frozen=True, slots=True, eq=False)
class ActionContext:
    """Services and settings that actions use.

    Attributes
    ----------
    roots
        Allowed roots of paths; the proposal folders are below the first.
    copy_roots
        Roots of files that may be copied: the proposal folders and the configured folders.
    catalog
        Finished runs: those on the board, then those of the catalog.
    get_board
        Function that returns the newest board; the board passed to an action is that of its message, without later
        documents.
    stop
        Event that is set when the worker ends: all waiting stops.
    read_xdi
        Function that lets Larch read a file, None where Larch is not installed.
    is_dropped
        Function that returns whether the staff asked to drop a message, for actions that take long.
    key_store
        Key store of today's sessions, None where none is configured.
    """

    settings: Settings
    config: BoardConfig
    roots: Roots
    copy_roots: Roots
    catalog: RunCatalog
    ledger: EffectLedger
    get_board: Callable[[], Board]
    stop: threading.Event
    read_xdi: ReadXdi | None = None
    post: Poster = discard_post
    posting: SlackPosting | None = None
    message_log: MessageLog = field(default_factory=MessageLog)
    is_dropped: Callable[[ReceivedMessage], bool] = lambda control: False
    key_store: KeyStoreWriter | None = None

    def list_boards(self, board: Board) -> tuple[Board, Board]:
        """Return the newest board, and that of a message at the newest time: it has scans that are kept no longer."""
        newest = self.get_board()
        return newest, replace(board, reading=newest.reading)


ActionHandler = Callable[[ReceivedMessage, Board, ActionContext], Outcome | Task]
"""Function that carries out a message, in the thread of its proposal's work queue; a task goes on in another queue.

After `TryLater` or an `Unavailable` of storage or catalog, the engine waits and tries again, in order; a refusal
becomes the answer.
"""

QuestionHandler = Callable[[ReceivedMessage, frozenset[str], ActionContext], Any]
"""Function that returns the answer to a question; its second argument is the paths that are still to be written."""

action_handlers: Registry[ActionHandler] = Registry(PACKAGE, "action_handlers", kinds.discover)
question_handlers: Registry[QuestionHandler] = Registry(PACKAGE, "question_handlers", kinds.discover)
reply_keys: Registry[str] = Registry(PACKAGE, "reply_keys", kinds.discover)
"""Keys of the key store in which today's plans look for the answer to a question."""

readiness_checks: Registry[Callable[[ReceivedMessage, Board], bool]] = Registry(
    PACKAGE, "readiness_checks", kinds.discover
)
"""Predicates whether the board is ready for an action; an action without one is ready at once.

They run in the loop, so they must not wait.
"""

reserved_names: Registry[Callable[[Any, ProposalFolder], Iterable[str]]] = Registry(
    PACKAGE, "reserved_names", kinds.discover
)
"""Functions that return the names, relative to the proposal folder, that a message will write."""

FollowUpBuilder = Callable[[ReceivedMessage, Board, Outcome, ActionContext], Callable[[], bool]]
"""Function that returns the attempt to repeat after a message is done; its result is whether nothing is left to do."""

follow_ups: Registry[FollowUpBuilder] = Registry(PACKAGE, "follow_ups", kinds.discover)
"""Builders of what follows a message that made a file. They run in the loop, so they must not wait."""
