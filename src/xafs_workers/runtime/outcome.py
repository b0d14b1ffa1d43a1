"""The outcome of a message: done, failed, a value, or to be tried again later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message: `done`, `failed` or `value`; the files, the reason, the value."""

    state: str
    paths: tuple[str, ...] = ()
    reason: str = ""
    value: Any = None


class TryLater(OSError):
    """Storage is unavailable for now; the text says what is waited for."""
