"""Text of records for terminals: nothing in a record may act on the terminal, or end the tool that shows it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

MAX_DEPTH = 50
"""Deeper members of a value are shown as `...`."""


def escape_unprintable(text: str, keep: str = "") -> str:
    r"""Escape what is not printable (`\x1b`, `\u202e`): controls of terminals, C1, bidirectional marks, line breaks.

    Parameters
    ----------
    keep
        Characters that are left, such as the line breaks of indented JSON.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter in keep else ascii(letter)[1:-1] for letter in text)


def dump_json(value: Any, indent: int | None = None) -> str:
    """Format any value of a record as JSON without unprintable characters; what JSON does not have becomes text."""
    text = json.dumps(_to_json(value, 0), ensure_ascii=False, indent=indent)
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1] for letter in text)


def format_time(seconds: Any, pattern: str = "") -> str:
    """Format POSIX seconds as local time (ISO 8601, or by a pattern of `strftime`); '?' where they are no time."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return "?"
    try:
        moment = datetime.fromtimestamp(seconds).astimezone()
    except (OverflowError, ValueError, OSError):
        return "?"
    return moment.strftime(pattern) if pattern else moment.isoformat(timespec="seconds")


def _to_json(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        return "..."
    if isinstance(value, Mapping):
        return {_to_key(key): _to_json(member, depth + 1) for key, member in value.items()}
    if hasattr(value, "tolist"):  # an array
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_to_json(member, depth + 1) for member in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def _to_key(key: Any) -> str:
    return key if isinstance(key, str) else str(key)
