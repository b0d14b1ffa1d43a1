"""Checks of Bluesky documents for the fields that later code uses. Without pydantic, so an event costs microseconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from xafs_workers.messages.base import format_value

MAX_TIME = 4_102_444_800.0
"""2100-01-01 UTC, POSIX seconds: later times are invalid."""

Doc = Mapping[str, Any]


class InvalidDocument(ValueError):
    """A document that cannot be used.

    Attributes
    ----------
    name
        Name of the document, e.g. ``event``.
    field
        Name of the missing or invalid field, '' if the document as a whole is invalid.
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
        The name is unknown, or a required field is missing or invalid. No other exception is raised.
    """
    check = _CHECKS.get(name)
    if check is None:
        raise InvalidDocument(name, "", f"unknown document {format_value(name)} (expected one of {', '.join(_CHECKS)})")
    if not isinstance(cast(object, doc), dict | Mapping):  # most are of the first type, which is found at once
        raise InvalidDocument(name, "", f"{name}: got {format_value(doc)} (expected a mapping)")
    check(name, doc)


def _build_error(name: str, field: str, doc: Doc, expected: str) -> InvalidDocument:
    problem = f"field {field!r}: got {format_value(doc[field])}" if field in doc else f"missing field {field!r}"
    return InvalidDocument(name, field, f"{name}: {problem} (expected {expected})")


def _check_text(name: str, doc: Doc, *fields: str) -> None:
    for field in fields:
        value = doc.get(field)
        if not isinstance(value, str) or not value:
            raise _build_error(name, field, doc, "text")


def _check_optional_text(name: str, doc: Doc, *fields: str) -> None:
    for field in fields:
        value = doc.get(field)
        if value is not None and not isinstance(value, str):
            raise _build_error(name, field, doc, "text")


def _is_time(value: Any) -> bool:
    """Check whether a value is a valid time in seconds; NaN fails every comparison."""
    if isinstance(value, bool) or not isinstance(value, float | int | np.floating | np.integer):
        return False
    return bool(-MAX_TIME < value < MAX_TIME)


def _is_count(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        return False
    return bool(value >= 1)


def _check_time(name: str, doc: Doc) -> None:
    if not _is_time(doc.get("time")):
        raise _build_error(name, "time", doc, "seconds since 1970, finite, before the year 2100")


def _check_mapping(name: str, doc: Doc, field: str) -> None:
    if not isinstance(doc.get(field), Mapping):
        raise _build_error(name, field, doc, "a mapping")


def _list_members(name: str, doc: Doc, field: str) -> list[Any]:
    value = doc.get(field)
    if isinstance(value, np.ndarray) and value.ndim:
        return cast("list[Any]", value.tolist())
    if not isinstance(value, list | tuple):
        raise _build_error(name, field, doc, "a list")
    return cast("list[Any]", value)


def _count_members(values: Any) -> int | None:
    """Count the members of a list, tuple or array; None for any other value."""
    if isinstance(values, np.ndarray):
        return cast("np.ndarray[Any, Any]", values).shape[0] if values.ndim else None
    return len(cast("list[Any]", values)) if isinstance(values, list | tuple) else None


def _check_columns(name: str, doc: Doc, field: str, rows: int) -> None:
    """Check that a mapping contains lists with one member for each row."""
    _check_mapping(name, doc, field)
    for key, values in doc[field].items():
        if _count_members(values) != rows:
            got = f"{format_value(key)} with {format_value(values)}"
            reason = f"{name}: field {field!r}: got {got} (expected a list of {rows} for each key)"
            raise InvalidDocument(name, field, reason)


def _is_plain_event(doc: Doc) -> bool:
    """Check an event whose fields have the types that nearly all have; several times as fast as the full check."""
    get = doc.get
    uid, descriptor, time, number = get("uid"), get("descriptor"), get("time"), get("seq_num")
    return (
        type(time) is float
        and -MAX_TIME < time < MAX_TIME
        and type(number) is int
        and number >= 1
        and type(uid) is str
        and type(descriptor) is str
        and uid != ""
        and descriptor != ""
        and type(get("data")) is dict
    )


def _check_event(name: str, doc: Doc) -> None:
    if _is_plain_event(doc):
        return
    _check_text(name, doc, "uid", "descriptor")
    _check_time(name, doc)
    if not _is_count(doc.get("seq_num")):
        raise _build_error(name, "seq_num", doc, "a whole number from 1")
    _check_mapping(name, doc, "data")


def _check_event_page(name: str, doc: Doc) -> None:
    _check_text(name, doc, "descriptor")
    sequence = _list_members(name, doc, "seq_num")
    if not all(map(_is_count, sequence)):
        raise _build_error(name, "seq_num", doc, "a list of whole numbers from 1")
    for field in ("uid", "time"):
        if len(_list_members(name, doc, field)) != len(sequence):
            raise _build_error(name, field, doc, f"a list of {len(sequence)}, as seq_num")
    if not all(map(_is_time, _list_members(name, doc, "time"))):
        raise _build_error(name, "time", doc, "a list of seconds since 1970, finite, before the year 2100")
    if not all(isinstance(uid, str) and uid for uid in _list_members(name, doc, "uid")):
        raise _build_error(name, "uid", doc, "a list of text")
    _check_columns(name, doc, "data", len(sequence))


def _check_start(name: str, doc: Doc) -> None:
    _check_text(name, doc, "uid")
    _check_time(name, doc)


def _check_descriptor(name: str, doc: Doc) -> None:
    _check_text(name, doc, "uid", "run_start")
    _check_optional_text(name, doc, "name")
    _check_time(name, doc)
    _check_mapping(name, doc, "data_keys")


def _check_stop(name: str, doc: Doc) -> None:
    _check_text(name, doc, "uid", "run_start")
    _check_optional_text(name, doc, "exit_status", "reason")
    _check_time(name, doc)


def _check_resource(name: str, doc: Doc) -> None:
    _check_text(name, doc, "uid", "resource_path")
    _check_optional_text(name, doc, "run_start", "spec", "root")


def _check_datum(name: str, doc: Doc) -> None:
    _check_text(name, doc, "datum_id", "resource")


def _check_datum_page(name: str, doc: Doc) -> None:
    _check_text(name, doc, "resource")
    ids = _list_members(name, doc, "datum_id")
    if not all(isinstance(datum, str) and datum for datum in ids):
        raise _build_error(name, "datum_id", doc, "a list of text")
    if "datum_kwargs" in doc:
        _check_columns(name, doc, "datum_kwargs", len(ids))


def _check_stream_resource(name: str, doc: Doc) -> None:
    _check_text(name, doc, "uid", "uri")
    _check_optional_text(name, doc, "run_start", "data_key", "mimetype")


def _check_stream_datum(name: str, doc: Doc) -> None:
    _check_text(name, doc, "uid", "stream_resource", "descriptor")
    _check_mapping(name, doc, "indices")
    _check_mapping(name, doc, "seq_nums")


_CHECKS: dict[str, Callable[[str, Doc], None]] = {
    "start": _check_start,
    "descriptor": _check_descriptor,
    "event": _check_event,
    "event_page": _check_event_page,
    "stop": _check_stop,
    "resource": _check_resource,
    "datum": _check_datum,
    "datum_page": _check_datum_page,
    "stream_resource": _check_stream_resource,
    "stream_datum": _check_stream_datum,
}
