"""Materials of the reference foils, as the session stores them in the key store."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import Any, cast

from xafs_workers.logs import get_logger

log = get_logger("workers")

KEY = "BMM:reference:mapping"
"""Key of the mapping from an element to ring, slot, element and material of its foil."""

MAX_LENGTH = 100_000
"""Longest text that is read, characters."""


def parse_reference_materials(text: str | None) -> Mapping[str, str]:
    """Return the material of each element's foil; empty where the text is not understood, which is logged.

    Today the text is JSON; before it was a Python literal.
    """
    if not text:
        return {}
    try:
        content = _parse_mapping(text[:MAX_LENGTH])
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        log.warning("references_not_read", key=KEY, reason=f"{type(error).__name__}: {error!s:.200}")
        return {}
    found: dict[str, str] = {}
    for element, about in content.items():
        members = cast("list[Any]", list(about)) if isinstance(about, list | tuple) else []
        if len(members) > 3 and isinstance(members[3], str):
            found[str(element)] = members[3]
    return found


def _parse_mapping(text: str) -> Mapping[Any, Any]:
    try:
        content = json.loads(text)
    except ValueError:
        content = ast.literal_eval(text)  # a literal alone: it runs no code
    if not isinstance(content, Mapping):
        raise ValueError(f"a {type(content).__name__} (expected a mapping)")
    return content
