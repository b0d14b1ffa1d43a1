"""Lease of the instance that acts: when another one may claim it, and from when on it may act."""

from __future__ import annotations

import time
import uuid
import zlib
from pathlib import Path

from xafs_workers.runtime.failover.changes import Lease

RENEWALS_PER_TAKEOVER = 5.0
"""The lease is renewed this often within the time after which another instance takes over."""
VALID_SHARE = 1.0 / 3.0
"""Part of that time for which a renewal lets its instance act without asking Kafka again."""


def read_clock() -> float:
    """Return the time since the machine started, seconds; it goes on while a process or the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def read_instance(folder: Path) -> str:
    """Return the identity of a state folder, which is made at the first call; OSError where it cannot be stored."""
    path = folder / "instance"
    try:
        known = path.read_text().strip()
    except FileNotFoundError:
        known = ""
    if not known:
        known = uuid.uuid4().hex
        path.write_text(f"{known}\n")
    return known


class LeaseWatch:
    """Decides by the leases of all instances when this one may claim and when it may act; one thread uses it.

    Parameters
    ----------
    instance
        Identity of this instance. No other process has it, because it belongs to a locked state folder.
    takeover_seconds
        Time without a new lease after which another instance counts as dead.

    Attributes
    ----------
    newest
        The newest lease that was read, None before the first.
    """

    def __init__(self, instance: str, takeover_seconds: float, now: float):
        self.newest: Lease | None = None
        self._instance, self._seconds = instance, takeover_seconds
        self._quiet_since = now
        self._other_since: float | None = None

    def add_lease(self, lease: Lease, now: float) -> None:
        """Take note of a lease."""
        self.newest, self._quiet_since = lease, now
        if lease.instance != self._instance:
            self._other_since = None if lease.is_released else now

    def restart(self, now: float) -> None:
        """Begin to wait again: Kafka cannot be read, so that no lease is read either."""
        self._quiet_since = now

    def forget(self, now: float) -> None:
        """Forget all leases: another instance claimed at the same time as this one, and its lease is on its way."""
        self.newest, self._quiet_since = None, now

    def can_claim(self, now: float, *, is_empty: bool) -> bool:
        """Check whether this instance may claim the lease.

        Parameters
        ----------
        is_empty
            Whether the topic has never held a lease.
        """
        if self.newest is None:
            return now - self._quiet_since >= (self._compute_first_wait() if is_empty else self._seconds)
        if self.newest.instance == self._instance or self.newest.is_released:
            return True
        return now - self._quiet_since >= self._seconds

    def _compute_first_wait(self) -> float:
        """Return a wait that differs between instances, so that two that start together do not claim together."""
        return self._seconds / RENEWALS_PER_TAKEOVER * (1.0 + zlib.crc32(self._instance.encode()) / 2**32)

    def compute_wait(self, now: float) -> float:
        """Return how long a claim must wait until the lease of another instance is certainly over, seconds."""
        return 0.0 if self._other_since is None else max(0.0, self._other_since + self._seconds - now)
