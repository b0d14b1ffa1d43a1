"""Clock of the time for which a worker runs with its topics read to their ends."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST_STEP = 2.0
"""A longer time between two measurements was a suspended process or a sleeping machine; it counts as this, seconds."""


class Attendance:
    """Stopwatch that runs only while the topics are read to their ends.

    Parameters
    ----------
    clock
        Returns a time that never goes back, seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._last = clock()
        self._attended = 0.0

    def measure(self, at_end: bool) -> float:
        """Add the time since the last call if the topics are read to their ends; return the sum, seconds."""
        now = self._clock()
        if at_end:
            self._attended += min(now - self._last, LONGEST_STEP)
        self._last = now
        return self._attended
