"""Pace of a replay: the moment at which a record is sent, and the record time it is sent with."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Clock:
    """Functions that read the time and wait.

    Attributes
    ----------
    wait
        Waits for the given seconds; returns True when the replay must stop.
    now
        Returns the time as POSIX seconds, for the record times.
    monotonic
        Returns seconds of a clock that is never set, for the pace.
    """

    wait: Callable[[float], bool]
    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic

    def read_milliseconds(self) -> int:
        """Read the present time in milliseconds, the unit of Kafka's record times."""
        return int(self.now() * 1000)


class Pacer(Protocol):
    """Decides when the next record is sent."""

    def wait_until_due(self, recorded: float) -> int | None:
        """Wait until the record of a recorded time is due; return its new record time in ms, or None to stop."""
        ...


class FastPacer:
    """Pace of a replay as fast as possible.

    Record times are at least 1 ms apart, and the last one is the moment of sending. A record that is followed by n
    others gets a time n ms before the moment of its sending, so that no record time lies in the future and none
    decreases.

    Parameters
    ----------
    total
        Number of records that will be sent.
    """

    def __init__(self, total: int, clock: Clock):
        self._remaining = total
        self._clock = clock
        self._last_stamp = 0

    def wait_until_due(self, recorded: float) -> int | None:
        """Return the next record time, ms, without waiting."""
        if self._clock.wait(0.0):
            return None
        self._remaining = max(self._remaining - 1, 0)
        self._last_stamp = max(self._last_stamp + 1, self._clock.read_milliseconds() - self._remaining)
        return self._last_stamp


class ScaledPacer:
    """Pace of a replay with the recorded gaps divided by `speed`; each record time is the moment of sending.

    Parameters
    ----------
    speed
        Factor by which the replay is faster than the recording.
    longest_gap
        Longest gap, seconds; longer recorded gaps are shortened to it (before the division).
    """

    def __init__(self, speed: float, longest_gap: float, clock: Clock):
        if not speed > 0:
            raise ValueError(f"speed {speed!r} is not positive (expected more than 0)")
        self._speed, self._longest_gap, self._clock = speed, longest_gap, clock
        self._last_recorded: float | None = None
        self._due = 0.0
        self._last_stamp = 0

    def wait_until_due(self, recorded: float) -> int | None:
        """Wait until the record is due; return its new record time, ms."""
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
        # Records with equal recorded times are sent a millisecond apart. If the clock was set back, do not wait for it.
        ahead = self._last_stamp + 1 - self._clock.read_milliseconds()
        while 0 < ahead < 1000:
            if self._clock.wait(ahead / 1000):
                return None
            ahead = self._last_stamp + 1 - self._clock.read_milliseconds()
        self._last_stamp = max(self._last_stamp + 1, self._clock.read_milliseconds())
        return self._last_stamp
