"""Loosely typed metadata read safely: what is not of the expected shape counts as absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return a mapping as it is, anything else as an empty one."""
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}


def as_text(value: object) -> str:
    """Return text as it is, anything else as ''."""
    return value if isinstance(value, str) else ""


def as_texts(value: object) -> tuple[str, ...]:
    """Return the members of a list as text; () for anything that is no list."""
    return tuple(str(member) for member in cast(list[object], value)) if isinstance(value, list | tuple) else ()
