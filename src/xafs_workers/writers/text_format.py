"""Text from documents made fit for one line of a file; numbers and times as text."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import datetime, tzinfo
from typing import Any, cast

import numpy as np

MAX_NAME_LENGTH = 64
"""Characters of labels and keys."""

_NOT_IN_A_LABEL = re.compile(r"[^A-Za-z0-9_.+\-]+")
_NOT_IN_A_WORD = re.compile(r"[^a-z0-9_]+")
_UNIT_PARTS = {"%": "percent", "°": "deg", "Å": "Angstrom", "Ω": "Ohm", "/": "_per_"}
_NOT_IN_A_KEY = re.compile(r"[^A-Za-z0-9_]+")


def to_one_line(text: str) -> str:
    """Return a text without line breaks and control characters, runs of blanks as one.

    Everything that any reader may take for the end of a line or of a text (NUL, vertical tab, U+0085, U+2028), and
    what cannot be encoded or seen (lone surrogates, marks of direction), becomes a blank.
    """
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def format_value(value: Any) -> str:
    """Return a value of loosely typed metadata on one line, '' for what has no such text (mappings, nothing)."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str | int | float):
        return to_one_line(str(value))
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, map(_format_member, cast("list[Any]", value))))
    return ""


def _format_member(value: Any) -> str:
    return "" if isinstance(value, list | tuple) else format_value(value)


def to_label(name: str) -> str:
    """Return a name as the label of a column: one word."""
    return _NOT_IN_A_LABEL.sub("_", name).strip("_")[:MAX_NAME_LENGTH] or "column"


def to_word(name: str) -> str:
    """Return a name as one word of small letters, digits and underscores."""
    return _NOT_IN_A_WORD.sub("_", name.lower()).strip("_")[:MAX_NAME_LENGTH] or "column"


def to_unit(text: str) -> str:
    """Return a unit as one word of letters, digits and underscores: `counts_per_s`, `um`; '' for none."""
    ascii_only = unicodedata.normalize("NFKC", text).replace("\N{GREEK SMALL LETTER MU}", "u")
    for sign, word in _UNIT_PARTS.items():
        ascii_only = ascii_only.replace(sign, word)
    return re.sub("_+", "_", to_key(ascii_only))


def to_comment_line(text: str) -> str:
    """Return a text without line breaks and control characters; its blanks and tabs stay, but not at the end."""
    return "".join(char if char.isprintable() or char == "\t" else " " for char in text).rstrip()


def to_key(name: str) -> str:
    """Return a name as the key of a header line, '' where nothing is left of it."""
    return _NOT_IN_A_KEY.sub("_", name).strip("_")[:MAX_NAME_LENGTH]


def format_number(value: float) -> str:
    """Return a number with ten significant digits."""
    return f"{value:.10g}"


def format_iso_time(seconds: float, zone: tzinfo | None) -> str:
    """Return a time as `2025-03-03T09:00:00`."""
    return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%dT%H:%M:%S")


def format_duration(seconds: float) -> str:
    """Return a length of time as `1 h 02 min`, `3 min 20 s` or `12 s`; '' for one that is not finite."""
    if not math.isfinite(seconds):
        return ""
    whole = round(seconds)
    hours, minutes, left = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {left:02d} s" if minutes else f"{left} s"
