"""The outcome of a message: done, failed, a value, or to be tried again later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

BACKOFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Waits between attempts while storage is away, seconds; the last is repeated."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message: `done`, `failed` or `value`; the files, the reason, the value."""

    state: str
    paths: tuple[str, ...] = ()
    reason: str = ""
    value: Any = None


class TryLater(OSError):
    """Storage is away for now; the text says what is waited for."""
