"""Readers of loosely typed metadata: a value of an unexpected type counts as absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return a mapping unchanged, and an empty one for any other value."""
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}


def as_text(value: object) -> str:
    """Return text unchanged, and '' for any other value."""
    return value if isinstance(value, str) else ""


def as_texts(value: object) -> tuple[str, ...]:
    """Convert the members of a list to text; () for any other value."""
    return tuple(str(member) for member in cast(list[object], value)) if isinstance(value, list | tuple) else ()
