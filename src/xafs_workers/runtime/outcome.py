"""Task and outcome of a message, and the errors of an attempt that must be repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of a message: its state (`done`, `failed` or `value`), its files, the reason, the value."""

    state: str
    paths: tuple[str, ...] = ()
    reason: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Work that carries out a message.

    Attributes
    ----------
    queue
        Name of the queue; the tasks of a queue are done in order.
    attempt
        Does it and returns the outcome, or the task that goes on in another queue. What `TRANSIENT_ERRORS` of the
        message engine names is waited out, any other error is a failure.
    patience
        How long after its arrival a message waits at most, seconds; None: as long as it takes.
    describe_progress
        Returns how far it is, '' for unknown; called from other threads.
    refused_since
        Since when it waits for a path that alone is refused, by the monotonic clock; None: it does not.
    first
        Outcome that is answered before the task is queued, for a plan that waits for a value and not for files.
    """

    queue: str
    attempt: Callable[[], Outcome | Task]
    patience: float | None = None
    describe_progress: Callable[[], str] = str
    refused_since: float | None = None
    first: Outcome | None = None


class TryLater(OSError):
    """Error for storage that is unavailable for now; the text names what is waited for."""


class Postponed(TryLater):
    """Error of an attempt that is repeated after a pause in which its queue does other jobs."""


class PartRefused(Exception):
    """Error for finished work of which a part, such as a log, is refused for its path.

    The part is tried again for a limited time; then `outcome` is the outcome of the message.
    """

    def __init__(self, reason: str, outcome: Outcome):
        super().__init__(reason)
        self.outcome = outcome
