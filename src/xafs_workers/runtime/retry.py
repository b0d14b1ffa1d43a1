"""The one retry policy of work that has effects: growing pauses, for as long as it takes or until a stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import TypeVar

ResultT = TypeVar("ResultT")

BACKOFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Pauses between attempts while something is unavailable, seconds; the last is repeated."""


def iterate_pauses() -> Iterator[float]:
    """Return the pauses between attempts, seconds, without an end."""
    return chain(BACKOFF, repeat(BACKOFF[-1]))


def retry_until_done(attempt: Callable[[], ResultT | None], stop: threading.Event) -> ResultT | None:
    """Repeat an attempt until its result is not None; return the result, None if `stop` was set before."""
    for pause in iterate_pauses():
        if (result := attempt()) is not None or stop.wait(pause):
            return result
    return None
