"""The one retry policy of work that has effects: growing pauses, for as long as it takes or until a stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import TypeVar

ResultT = TypeVar("ResultT")

BACKOFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Pauses between attempts while something is unavailable, seconds; the last is repeated."""

LOOK_SECONDS = 1.0
"""Time between two looks whether a pause is cut short, seconds."""


def iterate_pauses() -> Iterator[float]:
    """Return the pauses between attempts, seconds, without an end."""
    return chain(BACKOFF, repeat(BACKOFF[-1]))


def retry_until_done(
    attempt: Callable[[], ResultT | None], stop: threading.Event, is_cut_short: Callable[[], bool] = lambda: False
) -> ResultT | None:
    """Repeat an attempt until its result is not None; return the result, None if `stop` was set before.

    Parameters
    ----------
    is_cut_short
        Returns whether a pause ends early; called once a second.
    """
    for pause in iterate_pauses():
        if (result := attempt()) is not None or _wait(pause, stop, is_cut_short):
            return result
    return None


def _wait(pause: float, stop: threading.Event, is_cut_short: Callable[[], bool]) -> bool:
    """Wait; return whether `stop` was set."""
    left = pause
    while left > 0 and not is_cut_short():
        if stop.wait(min(left, LOOK_SECONDS)):
            return True
        left -= LOOK_SECONDS
    return stop.is_set()
