"""When a record is sent and which time it is stamped with."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Clock:
    """Where time comes from.

    Attributes
    ----------
    wait
        Wait so many seconds; True when the replay is to stop.
    now
        POSIX seconds, for the stamps.
    monotonic
        Seconds that never step, for the pace.
    """

    wait: Callable[[float], bool]
    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic

    def read_milliseconds(self) -> int:
        """Return the time now as Kafka counts it."""
        return int(self.now() * 1000)


class Pacer(Protocol):
    """Decides when the next record goes."""

    def wait_until_due(self, recorded: float) -> int | None:
        """Wait until the record of that recorded time is due; return its stamp in ms, or None to stop."""
        ...


class FastPacer:
    """As fast as possible. Stamps are at least 1 ms apart and end with the moment of the last record.

    The record that has n records behind it is stamped n ms before the moment of its sending: so no stamp lies in
    the future, and none before the one before.

    Parameters
    ----------
    total
        How many records will come.
    """

    def __init__(self, total: int, clock: Clock):
        self._remaining = total
        self._clock = clock
        self._last_stamp = 0

    def wait_until_due(self, recorded: float) -> int | None:
        """Return the next stamp, ms."""
        if self._clock.wait(0.0):
            return None
        self._remaining = max(self._remaining - 1, 0)
        self._last_stamp = max(self._last_stamp + 1, self._clock.read_milliseconds() - self._remaining)
        return self._last_stamp


class ScaledPacer:
    """With the recorded gaps divided by `speed`; each stamp is the moment of sending.

    Parameters
    ----------
    longest_gap
        Longer recorded gaps are shortened to this, seconds (before the division).
    """

    def __init__(self, speed: float, longest_gap: float, clock: Clock):
        if not speed > 0:
            raise ValueError(f"speed {speed!r}: expected a positive number")
        self._speed, self._longest_gap, self._clock = speed, longest_gap, clock
        self._last_recorded: float | None = None
        self._due = 0.0
        self._last_stamp = 0

    def wait_until_due(self, recorded: float) -> int | None:
        """Wait until the record is due; return its stamp, ms."""
        if self._last_recorded is None:
            self._due = self._clock.monotonic()
        else:
            self._due += min(max(recorded - self._last_recorded, 0.0), self._longest_gap) / self._speed
        self._last_recorded = recorded
        if not self._wait_until(self._due):
            return None
        return self._wait_for_millisecond()

    def _wait_until(self, due: float) -> bool:
        left = max(due - self._clock.monotonic(), 0.0)
        if self._clock.wait(left):
            return False
        while (left := due - self._clock.monotonic()) > 0:
            if self._clock.wait(left):
                return False
        return True

    def _wait_for_millisecond(self) -> int | None:
        # Records of one recorded moment leave a millisecond apart. A clock set back is not waited for.
        ahead = self._last_stamp + 1 - self._clock.read_milliseconds()
        while 0 < ahead < 1000:
            if self._clock.wait(ahead / 1000):
                return None
            ahead = self._last_stamp + 1 - self._clock.read_milliseconds()
        self._last_stamp = max(self._last_stamp + 1, self._clock.read_milliseconds())
        return self._last_stamp
