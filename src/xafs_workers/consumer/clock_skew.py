"""Comparison of the clocks of those who write records, by the times of live records."""

from __future__ import annotations

import statistics
from collections import deque

from xafs_workers.logs import get_logger

log = get_logger("consumer")

MAX_SKEW = 2.0
"""Clocks may differ by this much, seconds: more is logged."""
SAMPLES = 32
"""So many of the newest records of each kind are compared."""


class ClockSkew:
    """Clocks of the senders of messages and of documents, compared with this machine's.

    The shortest way of a record is taken for none: a record that was late does not count as a wrong clock.
    """

    def __init__(self) -> None:
        self._delays: dict[str, deque[float]] = {}
        self._logged: set[str] = set()

    def add_record(self, what: str, stamp: float, arrival: float) -> None:
        """Take the stamp of a live record of the topic `control` or `documents`, and its arrival (POSIX seconds)."""
        self._add(what, arrival - stamp)

    def add_document(self, time: object, stamp: float) -> None:
        """Take the time in a document, which is the RunEngine's, and the stamp of its record (POSIX seconds)."""
        if isinstance(time, int | float):
            self._add("run_engine", stamp - time)

    def summarize(self) -> dict[str, float]:
        """Return by how much this machine is ahead of the senders, and the stamps ahead of the RunEngine, seconds."""
        return {what: round(min(delays), 3) for what, delays in self._delays.items()}

    def _add(self, what: str, delay: float) -> None:
        delays = self._delays.setdefault(what, deque(maxlen=SAMPLES))
        delays.append(delay)
        if what not in self._logged and abs(min(delays)) > MAX_SKEW and len(delays) >= SAMPLES // 4:
            self._logged.add(what)
            seconds = round(statistics.median(delays), 1)
            log.warning("clocks_differ", clock=what, seconds=seconds, expected=f"at most {MAX_SKEW:g} s")
