"""Parser of control messages: the kind is the key that is present, its value the action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from itertools import islice
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from xafs_workers.messages.base import (
    MAX_SHOWN_CHARACTERS,
    ControlMessage,
    InvalidMessage,
    Owner,
    UnknownKind,
    format_value,
    kinds,
)
from xafs_workers.messages.schema import describe_expected_value


@dataclass(frozen=True, slots=True)
class _KindClasses:
    """Message classes of one kind: by action, or the single one of a kind without actions."""

    actions: Mapping[str, type[ControlMessage]]
    single: type[ControlMessage] | None

    @property
    def expected_values(self) -> str:
        """Description of the values allowed for the kind's key."""
        if self.single is not None:
            return self.single.action or "true"
        names = [name for name in self.actions if name != "end"]
        return f"one of {', '.join(names)}{' (or end)' if 'end' in self.actions else ''}"


@cache
def _build_kind_table() -> dict[str, _KindClasses]:
    table: dict[str, _KindClasses] = {}
    for key, message in kinds.discover().items():
        kind, _, action = key.partition(".")
        known = table.get(kind, _KindClasses({}, None))
        names = {"": (), "stop": ("stop", "end")}.get(action, (action,))
        actions = {**known.actions, **dict.fromkeys(names, message)}
        table[kind] = _KindClasses(actions, known.single if action else message)
    return table


def parse(body: Mapping[str, Any]) -> ControlMessage:
    """Parse a mapping into a control message.

    No field has the name of a kind, so two such keys are always two messages in one.

    Raises
    ------
    UnknownKind
        No key is a known kind.
    InvalidMessage
        Two keys are kinds, the action is unknown, or a field is missing or invalid. No other exception is raised.
    """
    kind, known = _find_kind(body)
    message, fields = _find_class(kind, known, body)
    try:
        return message.model_validate(fields)
    except ValidationError as error:
        raise _build_error(message, error) from error


def find_owner(body: Mapping[str, Any]) -> Owner:
    """Find the worker that acts on a message, or that reports it if it is invalid."""
    for key in body:
        known = _build_kind_table().get(key)
        if known:
            action = body[key]
            message = known.actions.get(action) if isinstance(action, str) else None
            return (message or known.single or next(iter(known.actions.values()))).owner
    return "file-manager"


def _find_kind(body: Mapping[str, Any]) -> tuple[str, _KindClasses]:
    if not isinstance(cast(object, body), Mapping):
        raise UnknownKind(
            "", "", f"got {format_value(body)} (expected a mapping with the name of a kind among its keys)"
        )
    table = _build_kind_table()
    found = [key for key in body if key in table]
    if not found:
        problem = f"no known kind among the keys {_format_keys(body)}"
        raise UnknownKind("", "", f"{problem} (expected one of {', '.join(sorted(table))}){_format_suggestion(body)}")
    if len(found) > 1:
        raise InvalidMessage(
            found[0], found[1], f"{' and '.join(found)} in one message (expected the name of one kind among the keys)"
        )
    return found[0], table[found[0]]


def _find_class(kind: str, known: _KindClasses, body: Mapping[str, Any]) -> tuple[type[ControlMessage], dict[str, Any]]:
    """Find the class of a message; return it with the fields."""
    fields = dict(body)
    single = known.single
    if single is not None and single.value == "field":
        return single, fields
    value = fields.pop(kind)
    message = single if single is not None and _is_requested(single, value) else None
    if single is None and isinstance(value, str):
        message = known.actions.get(value)
    if message is None:
        raise InvalidMessage(kind, kind, f"{kind}: got {format_value(value)} (expected {known.expected_values})")
    return message, fields


def _is_requested(message: type[ControlMessage], value: object) -> bool:
    """Check whether the value of a kind without actions requests the action."""
    if message.value == "any":
        return value is not False and value is not None
    return value is True or (type(value) is int and value == 1)


def _build_error(message: type[ControlMessage], error: ValidationError) -> InvalidMessage:
    """Build the error of the first invalid field: kind, field, value and what is expected."""
    details = error.errors(include_url=False)[:20]
    field, blame = _describe_problem(message, details[0])
    name = f"{message.kind} {message.action}".strip()
    others = sorted({_describe_problem(message, detail)[0] for detail in details[1:]} - {field})
    also = f"; also invalid: {', '.join(others)}" if others else ""
    return InvalidMessage(message.kind, field, f"{name}: {blame}{also}")


def _describe_problem(message: type[ControlMessage], detail: ErrorDetails) -> tuple[str, str]:
    context = {"got": None, "expected": "", "field": "", **detail.get("ctx", {})}
    field = context["field"] or (_format_key(detail["loc"][0]) if detail["loc"] else "")
    got = context["got"]
    missing = detail["type"] == "missing" or (bool(context["field"]) and got == "")
    got = got or format_value(detail["input"])
    expected = context["expected"] or _LENGTH_TEXTS.get(detail["type"], "{}").format(
        context.get("max_length") or describe_expected_value(message, field)
    )
    if missing:
        return field, f"missing field {field!r} (expected {expected})"
    return field, f"{f'field {field!r}: ' if field else ''}got {got} (expected {expected})"


_LENGTH_TEXTS = {"string_too_long": "at most {} characters", "string_too_short": "text that is not empty"}


def _format_key(key: object) -> str:
    """Format a key as a short, printable text for errors."""
    return key if isinstance(key, str) and len(key) <= MAX_SHOWN_CHARACTERS and key.isprintable() else format_value(key)


def _format_keys(names: Mapping[Any, Any], most: int = 8) -> str:
    some = ", ".join(_format_key(name) for name in islice(names, most))
    return f"{some}, ... ({len(names)})" if len(names) > most else some or "(none)"


def _format_suggestion(names: Mapping[Any, Any]) -> str:
    """Suggest the kind that may have been meant, '' if no key resembles one."""
    for name in islice(names, 8):
        near = (
            get_close_matches(name[:MAX_SHOWN_CHARACTERS].lower(), _build_kind_table(), 1, 0.8)
            if isinstance(name, str)
            else []
        )
        if near:
            return f"; was {near[0]} meant?"
    return ""
