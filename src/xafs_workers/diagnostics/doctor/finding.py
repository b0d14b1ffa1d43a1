"""What a check found, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from xafs_workers.settings import Settings

Level = Literal["ok", "warning", "fault"]
RoleName = Literal["file-manager", "headless", "screen", "web"]

WRITES: frozenset[str] = frozenset({"file-manager", "headless"})
"""Roles that write into proposal folders; the others must not be able to."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor.

    Attributes
    ----------
    remedy
        What to do about it; '' where nothing is to be done.
    """

    check: str
    level: Level
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """What is examined.

    Attributes
    ----------
    role
        The worker that is to run in this account; None: whichever.
    session
        Data session whose folder and channel are looked at; None: the newest there is.
    patience
        How long a broker may take, seconds.
    listens
        How long to listen for others, to compare clocks, seconds.
    """

    settings: Settings
    role: RoleName | None = None
    session: str | None = None
    patience: float = 8.0
    listens: float = 12.0

    @property
    def writes(self) -> bool:
        """Whether the role writes into proposal folders."""
        return self.role in WRITES


Check = Callable[[Case], Iterator[Finding]]


def ok(check: str, text: str) -> Finding:
    """Return that all is well."""
    return Finding(check, "ok", text)


def warning(check: str, text: str, remedy: str) -> Finding:
    """Return what works, but not as well as it could."""
    return Finding(check, "warning", text, remedy)


def fault(check: str, text: str, remedy: str) -> Finding:
    """Return what does not work."""
    return Finding(check, "fault", text, remedy)
