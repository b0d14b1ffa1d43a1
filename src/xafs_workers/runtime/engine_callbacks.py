"""Functions that a durable worker gives to its message engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from xafs_workers.runtime.attempts import REFUSED_SECONDS
from xafs_workers.runtime.deferred_jobs import FollowUp
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.runtime.rejections import RejectionCallbacks
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.wire import Answer


class SharedOutcomes(Protocol):
    """Outcomes and answers of a worker that shares its ledger with another instance: each is sent exactly once."""

    def send_early(self, control: ReceivedMessage, answer: Answer) -> None:
        """Send an answer that comes before a message's outcome, and the dead letter of a failure, once; do not wait."""
        ...

    def settle(self, control: ReceivedMessage, outcome: Outcome, answer: Answer) -> None:
        """Record an outcome and send its answer, and the dead letter of a failure, all or none."""
        ...


@dataclass(frozen=True, slots=True)
class EngineCallbacks:
    """Functions that the engine calls.

    Attributes
    ----------
    find_outcome
        Returns the recorded outcome of a message, None for a new one; called by the loop's thread, so it must not wait.
    record_outcome
        Records an outcome; called by queues.
    answer
        Sends an answer.
    give_up
        Sends the dead letter of a message that failed, with the reason.
    rejections
        None for a worker that sends no dead letters of records.
    write_reply
        Called with the kind and the value that answers a question, for plans that look elsewhere.
    is_dropped
        Returns whether the staff asked to drop a message; called often, so it must not wait.
    on_dropped
        Called when a message that was to be dropped has its outcome.
    refused_seconds
        How long a message waits whose path alone is refused.
    shared
        Records and sends in one step, for a worker that shares its ledger with another instance; None:
        `record_outcome`, `answer` and `give_up` are called one after another.
    find_follow_up
        Returns what follows a message that is done, now or before a restart; it must not wait.
    """

    find_outcome: Callable[[ReceivedMessage], Outcome | None]
    record_outcome: Callable[[ReceivedMessage, Outcome], object]
    answer: Callable[[Answer], object]
    give_up: Callable[[ReceivedMessage, str], object]
    rejections: RejectionCallbacks | None = None
    write_reply: Callable[[str, Any], object] = lambda kind, value: None
    is_dropped: Callable[[ReceivedMessage], bool] = lambda control: False
    on_dropped: Callable[[ReceivedMessage], object] = lambda control: None
    refused_seconds: float = REFUSED_SECONDS
    shared: SharedOutcomes | None = None
    find_follow_up: Callable[[ReceivedMessage, Board, Outcome], FollowUp | None] = lambda control, board, outcome: None
