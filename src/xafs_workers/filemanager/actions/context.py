"""An action: what the file manager does about a message, and what it is given for that."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from xafs_workers.catalog.finished_run import Catalog
from xafs_workers.registry import Registry
from xafs_workers.runtime.effect_ledger import Records
from xafs_workers.runtime.outcome import Outcome, TryLater
from xafs_workers.runtime.slack_posting import Posting
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.items import Control
from xafs_workers.services.message_log import MessageLog
from xafs_workers.services.slack_posts import Poster, nobody
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.proposals import ProposalFolder

__all__ = ["Action", "Outcome", "Question", "Tools", "TryLater", "actions", "dues", "questions", "reservations"]

ROOM = "xafs_workers.filemanager.actions"

ReadXdi = Callable[[bytes], Future[Mapping[str, Any]]]
"""Has Larch read XDI; the result holds `labels` and `rows`, or a `problem`."""


@dataclass(frozen=True, slots=True, eq=False)
class Tools:
    """What actions work with.

    Attributes
    ----------
    roots
        Below the first lie the proposal folders.
    sources
        Below these lies what may be copied: the proposal folders and the configured folders.
    runs
        Finished runs: those that were followed, then the catalog's.
    board
        Returns the newest board; an action is given the board of its message, which knows no later document.
    stop
        Set when the worker ends: whoever waits gives up.
    read_xdi
        None where Larch is not installed.
    """

    settings: Settings
    rules: Rules
    roots: Roots
    sources: Roots
    runs: Catalog
    records: Records
    board: Callable[[], Board]
    stop: threading.Event
    read_xdi: ReadXdi | None = None
    post: Poster = nobody
    posting: Posting | None = None
    message_log: MessageLog = field(default_factory=MessageLog)


Action = Callable[[Control, Board, Tools], Outcome]
"""Does what a message asks for, in the thread of its proposal's lane.

`TryLater` and storage's or the catalog's `Unavailable` are waited out, in order; a refusal becomes the answer.
"""

Question = Callable[[Control, frozenset[str], Tools], Any]
"""Returns the value that answers a question; it is told which paths are still to be written."""

actions: Registry[Action] = Registry(ROOM)
questions: Registry[Question] = Registry(ROOM)
dues: Registry[Callable[[Control, Board], bool]] = Registry(ROOM)
"""Whether the board is ready for an action; asked in the loop, so nothing may be waited for. Without one: at once."""

reservations: Registry[Callable[[Any, ProposalFolder], Iterable[str]]] = Registry(ROOM)
"""The names, relative to the proposal folder, that a message will write, where they are known before."""
