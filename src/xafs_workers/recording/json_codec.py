"""Convert values of a record to JSON and back, exactly: arrays, bytes, NaN, infinities, maps whose keys are not text.

A value that JSON cannot hold becomes a tagged object: ``{"$array": "<f8", "shape": [2], "data": base64}``,
``{"$bytes": base64}``, ``{"$float": "nan"}``, ``{"$map": [[key, value], ...]}``.
"""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np

from xafs_workers.wire import SAFE_DTYPE_KINDS

ARRAY = "$array"
BYTES = "$bytes"
FLOAT = "$float"
MAP = "$map"
TAGS = frozenset((ARRAY, BYTES, FLOAT, MAP))


class InexactValueError(TypeError):
    """Error for a value that has no exact form in JSON; the text names its type."""


def to_json(value: Any) -> Any:
    """Convert a value to types that JSON knows.

    Raises
    ------
    InexactValueError
        The value contains something (a complex number, a msgpack extension) that has no form in a recording.
    """
    kind = type(value)
    if value is None or kind is str or kind is int or kind is bool:
        return value
    if kind is float:
        return value if math.isfinite(value) else {FLOAT: repr(value)}
    if kind is dict:
        return _encode_map(value)
    if kind is list or kind is tuple:
        return [to_json(part) for part in value]
    if kind is bytes:
        return {BYTES: _encode_bytes(value)}
    return _encode_numpy(value)


def _encode_map(value: dict[Any, Any]) -> dict[str, Any]:
    # A map that uses one of our tags as a key is written as pairs too, so that it cannot be mistaken for one.
    if all(type(key) is str and key not in TAGS for key in value):
        return {key: to_json(part) for key, part in value.items()}
    return {MAP: [[to_json(key), to_json(part)] for key, part in value.items()]}


def _encode_numpy(value: Any) -> Any:
    if isinstance(value, np.generic):
        return to_json(value.item())
    if isinstance(value, np.ndarray) and value.dtype.kind in SAFE_DTYPE_KINDS:
        data = np.ascontiguousarray(value).tobytes()
        return {ARRAY: value.dtype.str, "shape": list(value.shape), "data": _encode_bytes(data)}
    raise InexactValueError(f"value of type {type(value).__name__} has no exact form in a recording")


def _encode_bytes(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def from_json(obj: dict[str, Any]) -> Any:
    """Convert a tagged object back to its value (an ``object_hook`` of `json.loads`; the parts are restored already).

    Raises
    ------
    ValueError
        The content does not fit the tag.
    """
    if TAGS.isdisjoint(obj):
        return obj
    tag = next(key for key in obj if key in TAGS)
    try:
        return _DECODERS[tag](obj)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{tag} object cannot be restored: {type(error).__name__}: {error!s:.200}") from error


def _decode_array(obj: dict[str, Any]) -> np.ndarray:
    dtype = np.dtype(obj[ARRAY])
    if dtype.kind not in SAFE_DTYPE_KINDS:
        raise ValueError(f"unknown dtype kind {dtype.kind!r} (expected one of {''.join(sorted(SAFE_DTYPE_KINDS))})")
    return np.frombuffer(base64.b64decode(obj["data"], validate=True), dtype=dtype).reshape(obj["shape"])


def _decode_float(obj: dict[str, Any]) -> float:
    if obj[FLOAT] not in ("nan", "inf", "-inf"):
        raise ValueError(f"unknown value {obj[FLOAT]!r:.40} (expected 'nan', 'inf' or '-inf')")
    return float(obj[FLOAT])


_DECODERS = {
    ARRAY: _decode_array,
    BYTES: lambda obj: base64.b64decode(obj[BYTES], validate=True),
    FLOAT: _decode_float,
    MAP: lambda obj: {key: part for key, part in obj[MAP]},  # noqa: C416 - dict() would take any iterable's pairs
}
