"""When a worker looks for leftovers of killed processes in a folder, which means to list it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

INTERVAL = 6 * 3600.0
"""Time between two sweeps of one folder by one worker, seconds."""

MAX_FOLDERS = 1_000


class SweepSchedule:
    """Times of the last sweeps: the first publication into a folder is due, then one every few hours.

    A worker that lives leaves nothing behind, and one that was killed starts with an empty schedule. So folders of many
    thousands of files are not listed at each publication. Any thread may call it.

    Parameters
    ----------
    clock
        Returns the time, seconds; monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock, self._lock = clock, threading.Lock()
        self._last: dict[tuple[int, int], float] = {}

    def is_due(self, folder: int) -> bool:
        """Check whether an open folder is to be swept, and record that it is swept now."""
        info, now = os.fstat(folder), self._clock()
        key = info.st_dev, info.st_ino
        with self._lock:
            last = self._last.pop(key, None)
            is_due = last is None or now - last >= INTERVAL
            self._last[key] = now if is_due or last is None else last
            if len(self._last) > MAX_FOLDERS:
                del self._last[next(iter(self._last))]
        return is_due
