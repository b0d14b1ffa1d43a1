"""An action: what the file manager does about a message, and what it is given for that."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from xafs_workers.catalog.finished_run import RunCatalog
from xafs_workers.registry import Registry
from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.runtime.slack_posting import SlackPosting
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.services.message_log import MessageLog
from xafs_workers.services.slack_posts import Poster, discard_post
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.proposals import ProposalFolder

PACKAGE = "xafs_workers.filemanager.actions"

ReadXdi = Callable[[bytes], Future[Mapping[str, Any]]]
"""Has Larch read XDI; the result holds `labels` and `rows`, or a `problem`."""


@dataclass(frozen=True, slots=True, eq=False)
class ActionContext:
    """What actions work with.

    Attributes
    ----------
    roots
        Below the first lie the proposal folders.
    copy_roots
        Below these lies what may be copied: the proposal folders and the configured folders.
    catalog
        Finished runs: those that were followed, then the catalog's.
    get_board
        Returns the newest board; an action is given the board of its message, which knows no later document.
    stop
        Set when the worker ends: whoever waits gives up.
    read_xdi
        None where Larch is not installed.
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


ActionHandler = Callable[[ReceivedMessage, Board, ActionContext], Outcome]
"""Does what a message asks for, in the thread of its proposal's lane.

`TryLater` and storage's or the catalog's `Unavailable` are waited out, in order; a refusal becomes the answer.
"""

QuestionHandler = Callable[[ReceivedMessage, frozenset[str], ActionContext], Any]
"""Returns the value that answers a question; it is told which paths are still to be written."""

action_handlers: Registry[ActionHandler] = Registry(PACKAGE)
question_handlers: Registry[QuestionHandler] = Registry(PACKAGE)
readiness_checks: Registry[Callable[[ReceivedMessage, Board], bool]] = Registry(PACKAGE)
"""Whether the board is ready for an action; asked in the loop, so nothing may be waited for. Without one: at once."""

reserved_names: Registry[Callable[[Any, ProposalFolder], Iterable[str]]] = Registry(PACKAGE)
"""The names, relative to the proposal folder, that a message will write, where they are known before."""
