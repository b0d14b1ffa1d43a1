"""Waiting for a run: repeated attempts with growing pauses, each reason to wait bounded by its own patience."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import TypeVar

from xafs_workers.catalog.errors import Interrupted, NotComplete, NotFound, NotYet, Unavailable
from xafs_workers.logs import get_logger
from xafs_workers.settings import Catalog as Settings

log = get_logger("catalog")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each trouble is borne, seconds.

    Attributes
    ----------
    outage
        None: for ever.
    pauses
        The first pause between attempts and the longest; each is twice the one before.
    """

    appears: float = 20.0
    complete: float = 180.0
    outage: float | None = 600.0
    pauses: tuple[float, float] = (0.2, 10.0)
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def of(cls, settings: Settings) -> Patience:
        """Return the patience that the settings ask for."""
        return cls(settings.appears_within, settings.complete_within, settings.outage)

    def with_trouble(self, kind: type[NotYet]) -> float | None:
        """Return how long this trouble is borne; None: for ever."""
        return {NotFound: self.appears, NotComplete: self.complete, Unavailable: self.outage}[kind]


@dataclass(slots=True)
class _Borne:
    """What was borne so far. Outages count from the last answer, the rest in all, so that flapping ends, too."""

    patience: Patience
    last: float
    kind: type[NotYet] | None = None
    spent: dict[type[NotYet], float] = field(default_factory=dict)
    pause: float = 0.0

    def bear(self, trouble: NotYet) -> float:
        """Return the pause before the next attempt, or raise the trouble if it was borne long enough."""
        kind, now = type(trouble), self.patience.clock()
        if kind is not Unavailable:
            self.spent[Unavailable] = 0.0
        self.spent[kind] = self.spent.get(kind, 0.0) + now - self.last
        self.last = now
        first, longest = self.patience.pauses
        if kind is not self.kind:
            log.info("run_awaited", reason=str(trouble))
            self.kind, self.pause = kind, first
        else:
            self.pause = min(2 * self.pause, longest)
        limit = self.patience.with_trouble(kind)
        if limit is None:
            return self.pause
        if self.spent[kind] >= limit:
            raise trouble
        return min(self.pause, limit - self.spent[kind])


def until(attempt: Callable[[], T], patience: Patience, stop: Event) -> T:
    """Repeat an attempt until it succeeds, in the caller's own thread.

    Raises
    ------
    NotFound, NotComplete, Unavailable
        What the last attempt raised, when that was borne long enough.
    Interrupted
        The event was set. An attempt that is under way ends first: at most the time limit of its requests.
    """
    borne = _Borne(patience, patience.clock())
    while not stop.is_set():
        try:
            return attempt()
        except NotYet as trouble:
            pause = borne.bear(trouble)
        stop.wait(pause)
    raise Interrupted("nobody waits for the run any more")
