"""Bluesky documents: cheap checks of what is relied upon later. No pydantic: an event costs microseconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from xafs_workers.messages.base import shown

LATEST = 4_102_444_800.0
"""2100-01-01 UTC, POSIX seconds: a later time is none."""

Doc = Mapping[str, Any]


class InvalidDocument(ValueError):
    """A document that cannot be used.

    Attributes
    ----------
    name
        Which document it claims to be.
    field
        The field that is missing or wrong, '' where it is the document as a whole.
    """

    def __init__(self, name: str, field: str, reason: str):
        super().__init__(reason)
        self.name = name
        self.field = field


def check_document(name: str, doc: Mapping[str, Any]) -> None:
    """Check a Bluesky document.

    Raises
    ------
    InvalidDocument
        The name is unknown, or a field that later code relies upon is missing or wrong; nothing else is ever raised.
    """
    check = _CHECKS.get(name)
    if check is None:
        raise InvalidDocument(name, "", f"document {shown(name)}: expected one of {', '.join(_CHECKS)}")
    if not isinstance(cast(object, doc), Mapping):
        raise InvalidDocument(name, "", f"{name}: came {shown(doc)}: expected a mapping")
    check(name, doc)


def _refuse(name: str, field: str, doc: Doc, expected: str) -> InvalidDocument:
    came = shown(doc[field]) if field in doc else "nothing"
    return InvalidDocument(name, field, f"{name}: field {field}: came {came}: expected {expected}")


def _text(name: str, doc: Doc, *fields: str) -> None:
    for field in fields:
        value = doc.get(field)
        if not isinstance(value, str) or not value:
            raise _refuse(name, field, doc, "text")


def _text_if_any(name: str, doc: Doc, *fields: str) -> None:
    for field in fields:
        value = doc.get(field)
        if value is not None and not isinstance(value, str):
            raise _refuse(name, field, doc, "text")


def _is_time(value: Any) -> bool:
    """Tell whether it is a number of seconds that may be a time; NaN fails every comparison."""
    if isinstance(value, bool) or not isinstance(value, float | int | np.floating | np.integer):
        return False
    return bool(-LATEST < value < LATEST)


def _is_count(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        return False
    return bool(value >= 1)


def _time(name: str, doc: Doc) -> None:
    if not _is_time(doc.get("time")):
        raise _refuse(name, "time", doc, "seconds since 1970, finite, before the year 2100")


def _mapping(name: str, doc: Doc, field: str) -> None:
    if not isinstance(doc.get(field), Mapping):
        raise _refuse(name, field, doc, "a mapping")


def _members(name: str, doc: Doc, field: str) -> list[Any]:
    value = doc.get(field)
    if isinstance(value, np.ndarray) and value.ndim:
        return cast("list[Any]", value.tolist())
    if not isinstance(value, list | tuple):
        raise _refuse(name, field, doc, "a list")
    return cast("list[Any]", value)


def _length(values: Any) -> int | None:
    """Return how many members a list, tuple or array has; None for what is none of them."""
    if isinstance(values, np.ndarray):
        return cast("np.ndarray[Any, Any]", values).shape[0] if values.ndim else None
    return len(cast("list[Any]", values)) if isinstance(values, list | tuple) else None


def _columns(name: str, doc: Doc, field: str, rows: int) -> None:
    """Check that a mapping holds lists, each of as many members as there are rows."""
    _mapping(name, doc, field)
    for key, values in doc[field].items():
        if _length(values) != rows:
            came = f"{shown(key)} with {shown(values)}"
            reason = f"{name}: field {field}: came {came}: expected a list of {rows} for each key"
            raise InvalidDocument(name, field, reason)


def _event(name: str, doc: Doc) -> None:
    _text(name, doc, "uid", "descriptor")
    _time(name, doc)
    if not _is_count(doc.get("seq_num")):
        raise _refuse(name, "seq_num", doc, "a whole number from 1")
    _mapping(name, doc, "data")


def _event_page(name: str, doc: Doc) -> None:
    _text(name, doc, "descriptor")
    sequence = _members(name, doc, "seq_num")
    if not all(map(_is_count, sequence)):
        raise _refuse(name, "seq_num", doc, "a list of whole numbers from 1")
    for field in ("uid", "time"):
        if len(_members(name, doc, field)) != len(sequence):
            raise _refuse(name, field, doc, f"a list of {len(sequence)}, as seq_num")
    if not all(map(_is_time, _members(name, doc, "time"))):
        raise _refuse(name, "time", doc, "a list of seconds since 1970, finite, before the year 2100")
    if not all(isinstance(uid, str) and uid for uid in _members(name, doc, "uid")):
        raise _refuse(name, "uid", doc, "a list of text")
    _columns(name, doc, "data", len(sequence))


def _start(name: str, doc: Doc) -> None:
    _text(name, doc, "uid")
    _time(name, doc)


def _descriptor(name: str, doc: Doc) -> None:
    _text(name, doc, "uid", "run_start")
    _text_if_any(name, doc, "name")
    _time(name, doc)
    _mapping(name, doc, "data_keys")


def _stop(name: str, doc: Doc) -> None:
    _text(name, doc, "uid", "run_start")
    _text_if_any(name, doc, "exit_status", "reason")
    _time(name, doc)


def _resource(name: str, doc: Doc) -> None:
    _text(name, doc, "uid", "resource_path")
    _text_if_any(name, doc, "run_start", "spec", "root")


def _datum(name: str, doc: Doc) -> None:
    _text(name, doc, "datum_id", "resource")


def _datum_page(name: str, doc: Doc) -> None:
    _text(name, doc, "resource")
    ids = _members(name, doc, "datum_id")
    if not all(isinstance(datum, str) and datum for datum in ids):
        raise _refuse(name, "datum_id", doc, "a list of text")
    if "datum_kwargs" in doc:
        _columns(name, doc, "datum_kwargs", len(ids))


def _stream_resource(name: str, doc: Doc) -> None:
    _text(name, doc, "uid", "uri")
    _text_if_any(name, doc, "run_start", "data_key", "mimetype")


def _stream_datum(name: str, doc: Doc) -> None:
    _text(name, doc, "uid", "stream_resource", "descriptor")
    _mapping(name, doc, "indices")
    _mapping(name, doc, "seq_nums")


_CHECKS: dict[str, Callable[[str, Doc], None]] = {
    "start": _start,
    "descriptor": _descriptor,
    "event": _event,
    "event_page": _event_page,
    "stop": _stop,
    "resource": _resource,
    "datum": _datum,
    "datum_page": _datum_page,
    "stream_resource": _stream_resource,
    "stream_datum": _stream_datum,
}
