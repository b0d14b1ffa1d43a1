"""Readers of loosely typed metadata: a value of an unexpected type counts as absent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any, cast

import numpy as np


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return a mapping unchanged, and an empty one for any other value."""
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}


def as_text(value: object) -> str:
    """Return text unchanged, and '' for any other value."""
    return value if isinstance(value, str) else ""


def as_texts(value: object) -> tuple[str, ...]:
    """Convert the members of a list to text; () for any other value."""
    if isinstance(value, np.ndarray) and value.ndim == 1:
        value = cast("np.ndarray[Any, Any]", value).tolist()
    return tuple(str(member) for member in cast(list[object], value)) if isinstance(value, list | tuple) else ()


def find_by_path(document: Mapping[str, Any], path: str) -> Any:
    """Find a value in nested mappings by its path, inner keys after dots; None where there is none."""
    value: Any = document
    for key in path.split("."):
        value = as_mapping(value).get(key)
    return value


def as_shape(about: object) -> tuple[int, ...]:
    """Return the shape in the description of a data key; () where it has none, -1 for a length that is not known."""
    shape = as_mapping(about).get("shape")
    if isinstance(shape, np.ndarray):
        shape = cast("np.ndarray[Any, Any]", shape).reshape(-1).tolist()
    if not isinstance(shape, list | tuple):
        return ()
    return tuple(length if isinstance(length, int) else -1 for length in cast("list[Any]", shape))


def unwrap_single(value: Any) -> Any:
    """Return the member of an array or a list of one member, however deep; any other value unchanged."""
    while isinstance(value, list | tuple | np.ndarray):
        if isinstance(value, np.ndarray):
            array = cast("np.ndarray[Any, Any]", value)
            return array.item() if array.size == 1 else array
        if len(cast("list[Any]", value)) != 1:
            return cast(Any, value)
        value = cast("list[Any]", value)[0]
    return value


def is_same_content(one: Any, other: Any) -> bool:
    """Check whether two values of documents are equal; arrays by member, and NaN equals NaN."""
    if one is other:
        return True
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        both = isinstance(one, np.ndarray) and isinstance(other, np.ndarray)
        return both and _is_same_array(cast("np.ndarray[Any, Any]", one), cast("np.ndarray[Any, Any]", other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        left, right = cast("Mapping[Any, Any]", one), cast("Mapping[Any, Any]", other)
        return left.keys() == right.keys() and all(is_same_content(value, right[key]) for key, value in left.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        members, others = cast("list[Any]", one), cast("list[Any]", other)
        return len(members) == len(others) and all(map(is_same_content, members, others))
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, complex) and isinstance(other, complex):
        return is_same_content([one.real, one.imag], [other.real, other.imag])
    return bool(one == other)


def _is_same_array(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    same_form = one.shape == other.shape and one.dtype == other.dtype
    return same_form and is_same_content(one.tolist(), other.tolist())


def format_document_time(seconds: object, zone: tzinfo | None) -> str:
    """Return a document's time as `2025-03-03 09:00:00`, '' for what is none."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return ""
    try:
        return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return ""
