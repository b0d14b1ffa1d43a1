"""Outcome of a message: done, failed or a value; and the error of an attempt that must be repeated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of a message: its state (`done`, `failed` or `value`), its files, the reason, the value."""

    state: str
    paths: tuple[str, ...] = ()
    reason: str = ""
    value: Any = None


class TryLater(OSError):
    """Error for storage that is unavailable for now; the text names what is waited for."""
