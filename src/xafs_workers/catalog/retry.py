"""Waiting for a run: repeated attempts with growing pauses, each reason to wait bounded by its own patience."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import TypeVar

from xafs_workers.catalog.errors import CatalogUnavailable, Interrupted, NotComplete, NotFound, NotYetAvailable
from xafs_workers.logs import get_logger
from xafs_workers.settings import Catalog as Settings

log = get_logger("catalog")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long each trouble is borne, seconds.

    Attributes
    ----------
    outage
        None: for ever.
    pauses
        The first pause between attempts and the longest; each is twice the one before.
    """

    appears_within: float = 20.0
    complete_within: float = 180.0
    outage: float | None = 600.0
    pauses: tuple[float, float] = (0.2, 10.0)
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def from_settings(cls, settings: Settings) -> RetryPolicy:
        """Return the patience that the settings ask for."""
        return cls(settings.appears_within, settings.complete_within, settings.outage)

    def get_limit(self, kind: type[NotYetAvailable]) -> float | None:
        """Return how long this trouble is borne; None: for ever."""
        return {NotFound: self.appears_within, NotComplete: self.complete_within, CatalogUnavailable: self.outage}[kind]


@dataclass(slots=True)
class _RetryState:
    """What was borne so far. Outages count from the last answer, the rest in all, so that flapping ends, too."""

    policy: RetryPolicy
    last_attempt: float
    kind: type[NotYetAvailable] | None = None
    spent: dict[type[NotYetAvailable], float] = field(default_factory=dict)
    pause: float = 0.0

    def record_failure(self, trouble: NotYetAvailable) -> float:
        """Return the pause before the next attempt, or raise the trouble if it was borne long enough."""
        kind, now = type(trouble), self.policy.clock()
        if kind is not CatalogUnavailable:
            self.spent[CatalogUnavailable] = 0.0
        self.spent[kind] = self.spent.get(kind, 0.0) + now - self.last_attempt
        self.last_attempt = now
        first, longest = self.policy.pauses
        if kind is not self.kind:
            log.info("run_awaited", reason=str(trouble))
            self.kind, self.pause = kind, first
        else:
            self.pause = min(2 * self.pause, longest)
        limit = self.policy.get_limit(kind)
        if limit is None:
            return self.pause
        if self.spent[kind] >= limit:
            raise trouble
        return min(self.pause, limit - self.spent[kind])


def call_with_retries(attempt: Callable[[], T], policy: RetryPolicy, stop: Event) -> T:
    """Repeat an attempt until it succeeds, in the caller's own thread.

    Raises
    ------
    NotFound, NotComplete, CatalogUnavailable
        What the last attempt raised, when that was borne long enough.
    Interrupted
        The event was set. An attempt that is under way ends first: at most the time limit of its requests.
    """
    borne = _RetryState(policy, policy.clock())
    while not stop.is_set():
        try:
            return attempt()
        except NotYetAvailable as trouble:
            pause = borne.record_failure(trouble)
        stop.wait(pause)
    raise Interrupted("nobody waits for the run any more")
