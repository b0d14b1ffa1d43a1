"""Retries while a run is not available: pauses that grow, and a time limit for each kind of failure."""

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
    """Time limits of retries for each kind of failure, seconds.

    Not the policy of `runtime.retry`: here each kind has a limit of its own, after which the caller gets the error.

    Attributes
    ----------
    appears_within
        Time limit for a run that the catalog does not know yet.
    complete_within
        Time limit for a run whose stop document or points are missing.
    outage
        Time limit for a catalog that does not answer; None: no limit.
    pauses
        First and longest pause between attempts; each pause is twice the one before.
    clock
        Returns the current time, seconds.
    """

    appears_within: float = 20.0
    complete_within: float = 180.0
    outage: float | None = 600.0
    pauses: tuple[float, float] = (0.2, 10.0)
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def from_settings(cls, settings: Settings) -> RetryPolicy:
        """Build the policy from the catalog's settings."""
        return cls(settings.appears_within, settings.complete_within, settings.outage)

    def get_limit(self, kind: type[NotYetAvailable]) -> float | None:
        """Return the time limit for a kind of failure, None for no limit."""
        return {NotFound: self.appears_within, NotComplete: self.complete_within, CatalogUnavailable: self.outage}[kind]


@dataclass(slots=True)
class RetryState:
    """Time spent on each kind of failure.

    The time of an outage starts again after each answer. The other times are summed over all attempts, so that
    alternating failures also come to an end.
    """

    policy: RetryPolicy
    last_attempt: float
    kind: type[NotYetAvailable] | None = None
    spent: dict[type[NotYetAvailable], float] = field(default_factory=dict)
    pause: float = 0.0

    def record_failure(self, trouble: NotYetAvailable) -> float:
        """Return the pause before the next attempt, or raise the failure if its time limit has passed."""
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
        Error of the last attempt, when its time limit has passed.
    Interrupted
        The event was set. A running attempt ends first; that takes at most the time limit of its requests.
    """
    state = RetryState(policy, policy.clock())
    while not stop.is_set():
        try:
            return attempt()
        except NotYetAvailable as trouble:
            pause = state.record_failure(trouble)
        stop.wait(pause)
    raise Interrupted("stopped while waiting for the run")
