"""From a mapping to a control message: the kind is the key that is present, its value the action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from itertools import islice
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from xafs_workers.messages.base import CLIPPED, ControlMessage, InvalidMessage, Owner, UnknownKind, kinds, shown
from xafs_workers.messages.schema import expectation


@dataclass(frozen=True, slots=True)
class _Kind:
    """The classes of one kind: by action, or the single one of a kind without actions."""

    actions: Mapping[str, type[ControlMessage]]
    single: type[ControlMessage] | None

    @property
    def expected(self) -> str:
        """What may stand behind the kind's key."""
        if self.single is not None:
            return self.single.action or "true"
        names = [name for name in self.actions if name != "end"]
        return f"one of {', '.join(names)}{' (or end)' if 'end' in self.actions else ''}"


@cache
def _table() -> dict[str, _Kind]:
    table: dict[str, _Kind] = {}
    for key, message in kinds.discover().items():
        kind, _, action = key.partition(".")
        known = table.get(kind, _Kind({}, None))
        names = {"": (), "stop": ("stop", "end")}.get(action, (action,))
        actions = {**known.actions, **dict.fromkeys(names, message)}
        table[kind] = _Kind(actions, known.single if action else message)
    return table


def parse(body: Mapping[str, Any]) -> ControlMessage:
    """Return the control message that a mapping is.

    No field of any kind bears the name of a kind, so two such keys are always two messages in one.

    Raises
    ------
    UnknownKind
        No known kind is among the keys.
    InvalidMessage
        Two kinds are, or the action is unknown, or a field is missing or wrong; nothing else is ever raised.
    """
    kind, known = _kind_of(body)
    message, fields = _class_of(kind, known, body)
    try:
        return message.model_validate(fields)
    except ValidationError as error:
        raise _invalid(message, error) from error


def owner_of(body: Mapping[str, Any]) -> Owner:
    """Return which worker acts on a message, or reports it where it cannot be used."""
    for key in body:
        known = _table().get(key)
        if known:
            action = body[key]
            message = known.actions.get(action) if isinstance(action, str) else None
            return (message or known.single or next(iter(known.actions.values()))).owner
    return "file-manager"


def _kind_of(body: Mapping[str, Any]) -> tuple[str, _Kind]:
    if not isinstance(cast(object, body), Mapping):
        raise UnknownKind("", "", f"came {shown(body)}: expected a mapping with the name of a kind among its keys")
    table = _table()
    found = [key for key in body if key in table]
    if not found:
        came = f"no known kind among the keys {_listed(body)}"
        raise UnknownKind("", "", f"{came}: expected one of {', '.join(sorted(table))}{_similar(body)}")
    if len(found) > 1:
        raise InvalidMessage(
            found[0], found[1], f"{' and '.join(found)} in one message: expected the name of one kind among the keys"
        )
    return found[0], table[found[0]]


def _class_of(kind: str, known: _Kind, body: Mapping[str, Any]) -> tuple[type[ControlMessage], dict[str, Any]]:
    """Return the class of a message and its fields."""
    fields = dict(body)
    single = known.single
    if single is not None and single.value == "field":
        return single, fields
    value = fields.pop(kind)
    message = single if single is not None and _asks(single, value) else None
    if single is None and isinstance(value, str):
        message = known.actions.get(value)
    if message is None:
        raise InvalidMessage(kind, kind, f"{kind}: came {shown(value)}: expected {known.expected}")
    return message, fields


def _asks(message: type[ControlMessage], value: object) -> bool:
    """Tell whether the value of a kind without actions asks for it."""
    if message.value == "any":
        return value is not False and value is not None
    return value is True or (type(value) is int and value == 1)


def _invalid(message: type[ControlMessage], error: ValidationError) -> InvalidMessage:
    """Return the error that names kind, field, what came and what is expected, for the first field that is wrong."""
    details = error.errors(include_url=False)[:20]
    field, blame = _blamed(message, details[0])
    name = f"{message.kind} {message.action}".strip()
    others = sorted({_blamed(message, detail)[0] for detail in details[1:]} - {field})
    also = f"; also wrong: {', '.join(others)}" if others else ""
    return InvalidMessage(message.kind, field, f"{name}: {blame}{also}")


def _blamed(message: type[ControlMessage], detail: ErrorDetails) -> tuple[str, str]:
    context = {"came": "", "expected": "", "field": "", **detail.get("ctx", {})}
    field = context["field"] or (_name(detail["loc"][0]) if detail["loc"] else "")
    came = context["came"] or ("nothing" if detail["type"] == "missing" else shown(detail["input"]))
    expected = context["expected"] or _LIMITS.get(detail["type"], "{}").format(
        context.get("max_length") or expectation(message, field)
    )
    return field, f"field {field}: came {came}: expected {expected}"


_LIMITS = {"string_too_long": "at most {} characters", "string_too_short": "text that is not empty"}


def _name(key: object) -> str:
    """Return a key as text for an error, short and printable."""
    return key if isinstance(key, str) and len(key) <= CLIPPED and key.isprintable() else shown(key)


def _listed(names: Mapping[Any, Any], most: int = 8) -> str:
    some = ", ".join(_name(name) for name in islice(names, most))
    return f"{some}, ... ({len(names)})" if len(names) > most else some or "(none)"


def _similar(names: Mapping[Any, Any]) -> str:
    """Return a hint at the kind that may have been meant, '' where no key resembles one."""
    for name in islice(names, 8):
        near = get_close_matches(name[:CLIPPED].lower(), _table(), 1, 0.8) if isinstance(name, str) else []
        if near:
            return f"; was {near[0]} meant?"
    return ""
