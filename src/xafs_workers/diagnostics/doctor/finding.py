"""Input and result of a check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from xafs_workers.logs import mask_passwords
from xafs_workers.settings import Settings

Level = Literal["ok", "warning", "fault"]
RoleName = Literal["file-manager", "headless", "screen", "web"]

WRITING_ROLES: frozenset[str] = frozenset({"file-manager", "headless"})
"""Roles that write into proposal folders; the others must not be able to."""


VIEWER_REMEDY = (
    "nothing has to be done: plots work without it; do not make the workers' secret readable for this account"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report.

    Attributes
    ----------
    remedy
        What to do about it; '' where nothing is to be done.
    text
        What was found, without the passwords inside URLs.
    """

    check: str
    level: Level
    text: str
    remedy: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", mask_passwords(self.text))


@dataclass(frozen=True, slots=True)
class Case:
    """Worker and account that are examined.

    Attributes
    ----------
    role
        The worker that is to run in this account; None: any.
    session
        Data session whose folder and channel are looked at; None: the newest there is.
    timeout
        Longest wait for a broker, seconds.
    listen_seconds
        Time to listen for other programs, to compare clocks, seconds.
    """

    settings: Settings
    role: RoleName | None = None
    session: str | None = None
    timeout: float = 8.0
    listen_seconds: float = 12.0

    @property
    def is_writer(self) -> bool:
        """Whether the role writes into proposal folders."""
        return self.role in WRITING_ROLES

    @property
    def is_viewer(self) -> bool:
        """Whether the role only shows figures; it runs without secrets."""
        return self.role in ("screen", "web")


Check = Callable[[Case], Iterator[Finding]]


def report_ok(check: str, text: str) -> Finding:
    """Return that all is well."""
    return Finding(check, "ok", text)


def report_warning(check: str, text: str, remedy: str) -> Finding:
    """Build the finding of something that works, but not as well as it could."""
    return Finding(check, "warning", text, remedy)


def report_problem(case: Case, check: str, text: str, remedy: str, *, viewer_effect: str) -> Finding:
    """Build a fault, for a viewer a warning: it runs without that service, and should not be given its secret.

    Parameters
    ----------
    viewer_effect
        What does not work in a viewer.
    """
    if case.is_viewer:
        return report_warning(check, f"{text}; without it {viewer_effect}", VIEWER_REMEDY)
    return report_fault(check, text, remedy)


def report_fault(check: str, text: str, remedy: str) -> Finding:
    """Build the finding of something that does not work."""
    return Finding(check, "fault", text, remedy)
