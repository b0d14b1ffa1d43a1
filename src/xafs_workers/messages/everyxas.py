"""Control message that asks for all data files of a proposal's XAFS scans again."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import Digits, Name, build_error, replace_empty_by_none

FIRST_YEAR, LAST_YEAR = 1970, 9998
"""Years in which every day has a time in POSIX seconds, and a next day."""


def _check_date(value: str | None) -> str | None:
    """Check that a text is a date, with or without a time of day."""
    if value is None:
        return None
    try:
        year = datetime.fromisoformat(value).year
    except ValueError:
        raise build_error("a date as 2026-01-31, or with a time as 2026-01-31T10:00") from None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise build_error(f"a date in the years {FIRST_YEAR} to {LAST_YEAR}")
    return value


def _check_digits(value: str) -> str:
    if not (value.isascii() and value.isdigit()):
        raise build_error("the number of a proposal")
    return value


Date = Annotated[Name | None, BeforeValidator(replace_empty_by_none), AfterValidator(_check_date)]


@kinds.register("everyxas")
class EveryXas(ControlMessage):
    """Write the XDI files of a proposal's complete XAFS scans again, older ones renamed, and a dossier a sequence."""

    kind = "everyxas"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {"everyxas": True, "gup": "312345", "since": "2026-01-15", "until": "2026-01-31"}

    gup: Annotated[Digits, AfterValidator(_check_digits)] = Field(description="number of the proposal")
    since: Date = Field(default=None, description="first day, or time; null: without limit")
    until: Date = Field(default=None, description="last day, which is included, or time; null: without limit")

    @property
    def archives_older(self) -> bool:
        """Whether older files are renamed first: True."""
        return True


def is_whole_day(text: str) -> bool:
    """Check whether a date has no time of day."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
