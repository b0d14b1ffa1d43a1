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
    steady
        Seconds that never step, for the pace.
    """

    wait: Callable[[float], bool]
    now: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic

    def milliseconds(self) -> int:
        """Return the time now as Kafka counts it."""
        return int(self.now() * 1000)


class Pace(Protocol):
    """Decides when the next record goes."""

    def stamp(self, recorded: float) -> int | None:
        """Wait until the record of that recorded time is due; return its stamp in ms, or None to stop."""
        ...


class AtOnce:
    """As fast as possible. Stamps are at least 1 ms apart and end with the moment of the last record.

    The record that has n records behind it is stamped n ms before the moment of its sending: so no stamp lies in
    the future, and none before the one before.

    Parameters
    ----------
    total
        How many records will come.
    """

    def __init__(self, total: int, clock: Clock):
        self._behind = total
        self._clock = clock
        self._last = 0

    def stamp(self, recorded: float) -> int | None:
        """Return the next stamp, ms."""
        if self._clock.wait(0.0):
            return None
        self._behind = max(self._behind - 1, 0)
        self._last = max(self._last + 1, self._clock.milliseconds() - self._behind)
        return self._last


class Paced:
    """With the recorded gaps divided by `speed`; each stamp is the moment of sending.

    Parameters
    ----------
    longest_gap
        Longer recorded gaps are shortened to this, seconds (before the division).
    """

    def __init__(self, speed: float, longest_gap: float, clock: Clock):
        if not speed > 0:
            raise ValueError(f"speed {speed!r}: expected a positive number")
        self._speed, self._longest, self._clock = speed, longest_gap, clock
        self._recorded: float | None = None
        self._due = 0.0
        self._last = 0

    def stamp(self, recorded: float) -> int | None:
        """Wait until the record is due; return its stamp, ms."""
        if self._recorded is None:
            self._due = self._clock.steady()
        else:
            self._due += min(max(recorded - self._recorded, 0.0), self._longest) / self._speed
        self._recorded = recorded
        if not self._until(self._due):
            return None
        return self._next_millisecond()

    def _until(self, due: float) -> bool:
        left = max(due - self._clock.steady(), 0.0)
        if self._clock.wait(left):
            return False
        while (left := due - self._clock.steady()) > 0:
            if self._clock.wait(left):
                return False
        return True

    def _next_millisecond(self) -> int | None:
        # Records of one recorded moment leave a millisecond apart. A clock set back is not waited for.
        ahead = self._last + 1 - self._clock.milliseconds()
        while 0 < ahead < 1000:
            if self._clock.wait(ahead / 1000):
                return None
            ahead = self._last + 1 - self._clock.milliseconds()
        self._last = max(self._last + 1, self._clock.milliseconds())
        return self._last
