"""The JSON Schema agrees with the parser, and its descriptions are complete."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from helpers.examples import EVERY, UID
from xafs_workers.messages.base import InvalidMessage, kinds
from xafs_workers.messages.parsing import parse
from xafs_workers.messages.schema import build_json_schema, describe_kind, format_type, list_kind_names


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = build_json_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_each_action_has_its_entry() -> None:
    schema = build_json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(schema["$defs"]) == set(kinds)
    for key, entry in schema["$defs"].items():
        assert kinds[key].kind in entry["required"]
        assert all(about.get("description") for name, about in entry["properties"].items() if name != kinds[key].kind)


@pytest.mark.parametrize(("name", "body"), EVERY)
def test_examples_are_valid(name: str, body: dict[str, Any], validator: Draft202012Validator) -> None:
    validator.validate(body)


@pytest.mark.parametrize("key", list(kinds))
def test_own_examples_and_extra_fields_are_valid(key: str, validator: Draft202012Validator) -> None:
    validator.validate({**kinds[key].example, "colour": "green", "message_id": "m-1"})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sing": "start"},
        {"linescan": "sing"},
        {"linescan": "start"},
        {"linescan": "start", "detector": 3},
        {"close": "all", "xafsscan": "start"},
        {"close": "all", "verbose": True},
        {"xafsscan": "next", "count": "2"},
        {"xafsscan": "next", "count": 0},
        {"resting_state": False},
        {"raster": True},
        {"mkdir": 3},
        {"verbose": "yes"},
        {"wafer": None},
        {"mono_calibration": True, "found": ["a"], "ee": [], "tt": [], "mono": "1", "dspacing": [1], "offset": [1, 2]},
        {"glancing_angle": "start", "filename": 7},
    ],
)
def test_the_parser_refuses_what_the_schema_refuses(body: dict[str, Any], validator: Draft202012Validator) -> None:
    assert not validator.is_valid(body)
    with pytest.raises(InvalidMessage):
        parse(body)


@pytest.mark.parametrize("key", [key for key in kinds if kinds[key].model_fields.keys() != {"message_id"}])
def test_the_schema_refuses_wrong_fields_as_the_parser_does(key: str, validator: Draft202012Validator) -> None:
    for name, field in kinds[key].model_fields.items():
        assert not validator.is_valid({**kinds[key].example, field.alias or name: {"not": "this"}})


def test_a_kind_is_described_with_types_units_and_examples() -> None:
    start, _ = describe_kind("areascan").actions
    assert (start.value, start.owner) == ("start", "headless")
    energy = next(field for field in start.fields if field.name == "energy")
    assert (energy.type, energy.unit, energy.required) == ("finite number", "eV", True)
    assert start.example["areascan"] == "start"
    assert describe_kind("areascan").actions[1].value == "stop (or end)"
    assert describe_kind("xrf").owners == ("file-manager", "headless")


@pytest.mark.parametrize("kind", list_kind_names())
def test_every_kind_is_described_in_full(kind: str) -> None:
    description = describe_kind(kind)
    assert description.summary.endswith(".")
    for action in description.actions:
        assert action.summary
        assert all(field.description and field.type != "anything" for field in action.fields)


def test_numbers_with_a_unit_name_it() -> None:
    units = {field.name: field.unit for action in describe_kind("glancing_angle").actions for field in action.fields}
    assert units["xaxis"] == units["center"] == "unit of the motor (mm or degree)"
    assert {field.unit for field in describe_kind("mono_calibration").actions[0].fields} == {"eV", "degree", "Å", ""}


def test_an_unknown_kind_has_no_description() -> None:
    with pytest.raises(KeyError):
        describe_kind(UID)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"type": "number", "exclusiveMinimum": 0}, "finite number above 0"),
        ({"type": "number", "minimum": 0}, "finite number not below 0"),
        ({"type": "integer", "maximum": 9}, "whole number not above 9"),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, "finite number above 0 and below 1"),
        ({"type": "integer", "minimum": 1, "maximum": 8}, "whole number from 1 to 8"),
    ],
)
def test_the_limits_of_a_number_are_described(about: dict[str, Any], words: str) -> None:
    assert format_type(about) == words


def test_a_field_that_may_be_false_says_so() -> None:
    assert format_type({"anyOf": [{"type": "string"}, {"type": "null"}, {"const": False}]}) == "text or null or false"
