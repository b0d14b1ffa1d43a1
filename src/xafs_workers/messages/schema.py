"""JSON Schema and descriptions of control messages, for manuals and sending programs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from xafs_workers.messages.base import ControlMessage, Owner, format_value, kinds

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Audience = Literal["owner", "displays", "all"]
"""Workers that act on a message besides drawing it: the one that answers, those that draw, or all."""


@dataclass(frozen=True, slots=True)
class FieldDescription:
    """One field of an action as it is sent."""

    name: str
    type: str
    unit: str
    required: bool
    default: Any
    description: str


@dataclass(frozen=True, slots=True)
class ActionDescription:
    """One action of a kind; `value` describes the value of the kind's key, `not_acted_on` is as in the message."""

    value: str
    owner: Owner
    summary: str
    fields: tuple[FieldDescription, ...]
    example: Mapping[str, Any]
    not_acted_on: str = ""
    audience: Audience = "owner"


@dataclass(frozen=True, slots=True)
class KindDescription:
    """One kind of control message."""

    kind: str
    summary: str
    actions: tuple[ActionDescription, ...]

    @property
    def owners(self) -> tuple[Owner, ...]:
        """The workers that act on the kind."""
        return tuple(sorted({action.owner for action in self.actions}))


def list_kind_names() -> tuple[str, ...]:
    """Return the names of all kinds, sorted."""
    return tuple(sorted({message.kind for message in kinds.discover().values()}))


def describe_kind(kind: str) -> KindDescription:
    """Describe one kind of control message.

    Raises
    ------
    KeyError
        The kind does not exist.
    """
    messages = [message for message in kinds.discover().values() if message.kind == kind]
    if not messages:
        raise KeyError(kind)
    several = len(messages) > 1
    summary = _extract_first_line(sys.modules[messages[0].__module__].__doc__ if several else messages[0].__doc__)
    return KindDescription(kind, summary, tuple(map(_describe_action, messages)))


def build_json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a control message: one definition for each action."""
    definitions = {key: build_wire_schema(kinds[key]) for key in kinds}
    return {
        "$schema": DIALECT,
        "title": "Control message",
        "description": "One action of one kind. The kind is the key that is present.",
        "type": "object",
        "oneOf": [{"$ref": f"#/$defs/{key}"} for key in definitions],
        "allOf": [{"oneOf": [{"required": [kind]} for kind in list_kind_names()]}],
        "$defs": definitions,
    }


@cache
def _build_fields_schema(message: type[ControlMessage]) -> dict[str, Any]:
    schema = message.model_json_schema(by_alias=True)
    for about in schema.get("properties", {}).values():
        about.pop("title", None)
    return schema


def build_wire_schema(message: type[ControlMessage]) -> dict[str, Any]:
    """Build the schema of one action with the key of its kind."""
    fields = _build_fields_schema(message)
    properties, required = dict(fields["properties"]), list(fields.get("required", []))
    if message.value != "field":
        properties = {message.kind: _build_key_schema(message), **properties}
        required = [message.kind, *required]
    return {
        **fields,
        "properties": properties,
        "required": required,
        "x-owner": message.owner,
        "examples": [dict(message.example)],
    }


def _build_key_schema(message: type[ControlMessage]) -> dict[str, Any]:
    if message.value == "true":
        return {"const": True}
    if message.value == "any":
        return {"not": {"enum": [False, None]}}
    return {"enum": ["stop", "end"]} if message.action == "stop" else {"const": message.action}


def _describe_action(message: type[ControlMessage]) -> ActionDescription:
    schema = _build_fields_schema(message)
    required = schema.get("required", [])
    own = [(name, about) for name, about in schema["properties"].items() if name != "message_id"]
    fields = tuple(_describe_field(name, about, name in required) for name, about in own)
    return ActionDescription(
        _describe_value(message),
        message.owner,
        _extract_first_line(message.__doc__),
        fields,
        message.example,
        message.not_acted_on,
        _find_audience(message),
    )


def _find_audience(message: type[ControlMessage]) -> Audience:
    if message.model_validate(message.example).detailed_logging is not None:
        return "all"
    return "displays" if message.closes or message.ends_open_scans or message.reloads_regions else "owner"


def _describe_field(name: str, about: Mapping[str, Any], required: bool) -> FieldDescription:
    return FieldDescription(
        name, format_type(about), about.get("unit", ""), required, about.get("default"), about.get("description", "")
    )


def _describe_value(message: type[ControlMessage]) -> str:
    if message.value == "field":
        return format_type(_build_fields_schema(message)["properties"][message.kind])
    if message.value == "true":
        return "true"
    if message.value == "any":
        return f"{message.action or 'true'} (or anything else)"
    return "stop (or end)" if message.action == "stop" else message.action


def _extract_first_line(docstring: str | None) -> str:
    return (docstring or "").strip().partition("\n")[0]


def describe_expected_value(message: type[ControlMessage], field: str) -> str:
    """Describe the expected value of a field in words."""
    about = _build_fields_schema(message)["properties"].get(field)
    if about is None:
        return "text as key"
    unit, meaning = about.get("unit"), about.get("description")
    return format_type(about) + (f", {unit}" if unit else "") + (f" ({meaning})" if meaning else "")


def format_type(about: Mapping[str, Any]) -> str:
    """Describe the type that a JSON Schema requires in words."""
    if "anyOf" in about:
        return " or ".join(dict.fromkeys(format_type(choice) for choice in about["anyOf"]))
    if "const" in about:
        return format_value(about["const"])
    if "prefixItems" in about:
        return f"[{', '.join(format_type(member) for member in about['prefixItems'])}]"
    named = _TYPE_NAMES.get(about.get("type", ""), "anything")
    if "minimum" in about and "maximum" in about:
        return f"{named} from {about['minimum']} to {about['maximum']}"
    limits = [f"{words} {about[name]}" for name, words in _LIMITS.items() if name in about]
    if limits:
        return f"{named} {' and '.join(limits)}"
    return "list of text" if named == _TYPE_NAMES["array"] and about["items"].get("type") == "string" else named


_LIMITS = {
    "exclusiveMinimum": "above",
    "minimum": "not below",
    "exclusiveMaximum": "below",
    "maximum": "not above",
}

_TYPE_NAMES = {
    "string": "text",
    "integer": "whole number",
    "number": "finite number",
    "boolean": "true or false",
    "array": "list of numbers",
    "null": "null",
}
