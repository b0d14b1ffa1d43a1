"""From a mapping to a control message: the kind is the key that is present, its value the action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from xafs_workers.messages.base import ControlMessage, InvalidMessage, Owner, UnknownKind, kinds

CLIPPED = 80
"""Characters of a value that an error shows."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """The classes of one kind: by action, or the single one of a kind without actions."""

    actions: Mapping[str, type[ControlMessage]]
    single: type[ControlMessage] | None


@cache
def _table() -> dict[str, _Kind]:
    table: dict[str, _Kind] = {}
    for key, message in kinds.discover().items():
        kind, _, action = key.partition(".")
        known = table.get(kind, _Kind({}, None))
        actions = {**known.actions, action: message} if action else known.actions
        if action == "stop":
            actions["end"] = message
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
        raise UnknownKind("", "", f"no known kind among the keys {_listed(body)}: expected one of {_listed(table, 40)}")
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
    if single is None:
        message = known.actions.get(value) if isinstance(value, str) else None
        if message is not None:
            return message, fields
        expected = f"one of {', '.join(sorted(known.actions))}"
    elif value is True or (type(value) is int and value == 1) or (single.value == "any" and value not in (False, None)):
        return single, fields
    else:
        expected = f"{single.action or 'true'}"
    raise InvalidMessage(kind, kind, f"{kind}: came {shown(value)}: expected {expected}")


def _invalid(message: type[ControlMessage], error: ValidationError) -> InvalidMessage:
    """Return the error that names kind, field, what came and what is expected, for the first field that is wrong."""
    details = error.errors(include_url=False)
    field, blame = _blamed(message, details[0])
    name = f"{message.kind} {message.action}".strip()
    others = sorted({_blamed(message, detail)[0] for detail in details[1:]} - {field})
    also = f"; also wrong: {', '.join(others)}" if others else ""
    return InvalidMessage(message.kind, field, f"{name}: {blame}{also}")


def _blamed(message: type[ControlMessage], detail: ErrorDetails) -> tuple[str, str]:
    from xafs_workers.messages.schema import expectation

    context = detail.get("ctx", {})
    if detail["type"] == "of_field":
        field, came, expected = str(context["field"]), str(context["came"]), str(context["expected"])
    else:
        field = _clip(str(detail["loc"][0])) if detail["loc"] else ""
        missing = detail["type"] == "missing"
        came = "nothing" if missing else shown(detail["input"])
        expected = str(context["expected"]) if detail["type"] == "expected" else expectation(message, field)
    return field, f"field {field}: came {came}: expected {expected}"


def shown(value: Any) -> str:
    """Return a value of any size as a few words."""
    if isinstance(value, str | bytes):
        text = repr(value[:CLIPPED])
        return f"{text}... ({len(value)} characters)" if len(value) > CLIPPED else text
    if value is None or isinstance(value, bool | float):
        return {None: "null", True: "true", False: "false"}.get(value, repr(value))
    if isinstance(value, int):
        return repr(value) if value.bit_length() < 256 else f"a whole number of {value.bit_length()} bits"
    if isinstance(value, Mapping):
        return f"a mapping of {len(cast('Mapping[Any, Any]', value))}"
    if isinstance(value, list | tuple):
        return f"a list of {len(cast('list[Any]', value))}"
    return f"a {type(value).__name__}"


def _clip(text: str) -> str:
    return text if len(text) <= CLIPPED else f"{text[:CLIPPED]}..."


def _listed(names: Mapping[Any, Any], most: int = 8) -> str:
    some = ", ".join(shown(name) if not isinstance(name, str) else _clip(name) for name in list(names)[:most])
    return f"{some}, ... ({len(names)})" if len(names) > most else some or "(none)"
