"""Mappings become messages, or errors that name the kind, the field, the value and what is expected."""

from __future__ import annotations

import re
import timeit
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.examples import AREASCAN, EVERY, MANUAL, TODAY, TODAYS_KINDS, UID
from helpers.refused_messages import XAFS_START, expect_refusal
from xafs_workers.messages.areascan import AreascanStart, AreascanStop
from xafs_workers.messages.base import InvalidMessage, UnknownKind, kinds
from xafs_workers.messages.linescan import LinescanStart
from xafs_workers.messages.parsing import find_owner, parse
from xafs_workers.messages.verbose import Verbose
from xafs_workers.wire import decode, encode


@pytest.mark.parametrize(("name", "body"), EVERY)
def test_an_example_is_parsed_as_its_class(name: str, body: dict[str, Any]) -> None:
    message = parse(body)
    assert type(message).__name__ == name
    assert message.extras == {}


@pytest.mark.parametrize(("name", "body"), EVERY)
def test_an_example_is_unchanged_by_encoding(name: str, body: dict[str, Any]) -> None:
    tag, decoded = decode(encode("bmm", body))
    assert tag == "bmm"
    assert parse(decoded) == parse(body)


def test_the_examples_cover_every_action_of_today() -> None:
    given = {name for name, _ in EVERY}
    assert {one.__name__ for one in kinds.discover().values() if one.kind in TODAYS_KINDS} <= given
    older = {name for name, _ in (*MANUAL, *TODAY)}
    assert {kinds[key].kind for key in kinds if kinds[key].__name__ in older} == TODAYS_KINDS


@pytest.mark.parametrize("key", [key for key in kinds if key.endswith(".stop")])
def test_end_is_read_as_stop(key: str) -> None:
    kind = key.partition(".")[0]
    ended = parse({kind: "end"})
    assert ended == parse({kind: "stop"})
    assert ended.action == "stop"


@pytest.mark.parametrize("key", [key for key in kinds if not kinds[key].value == "action"])
def test_a_kind_without_actions_requires_true(key: str) -> None:
    message = kinds[key]
    if message.value == "field":
        return
    others = {name: value for name, value in message.example.items() if name != key}
    for value in (False, None):
        error = expect_refusal({key: value, **others})
        assert (error.kind, error.field) == (key, key)
    assert type(parse({key: 1, **others})) is message
    if message.value == "any":
        assert type(parse({key: np.ones(2), **others})) is message
    else:
        assert re.search(r"got 'no'.*expected true", str(expect_refusal({key: "no", **others})))


REQUIRED = [
    (key, name)
    for key in kinds
    for name in [field.alias or name for name, field in kinds[key].model_fields.items() if field.is_required()]
    if name != kinds[key].kind
]


def test_every_kind_with_required_fields_is_tested() -> None:
    without = {"close", "verbose", "refresh_slack", "describe_slack", "echoslack", "mkdir", "touch", "resting_state"}
    assert TODAYS_KINDS - {kinds[key].kind for key, _ in REQUIRED} == without


@pytest.mark.parametrize(("key", "field"), REQUIRED)
def test_a_missing_field_is_named(key: str, field: str) -> None:
    body = {name: value for name, value in kinds[key].example.items() if name != field}
    if key == "copy":
        body["uuid"] = UID
    error = expect_refusal(body)
    assert (error.kind, error.field) == (kinds[key].kind, field)
    assert f"missing field {field!r} (expected " in str(error)
    assert str(error).startswith(kinds[key].kind)


FIELDS = [(key, field.alias or name) for key in kinds for name, field in kinds[key].model_fields.items()]


@pytest.mark.parametrize(("key", "field"), FIELDS)
def test_a_wrong_field_is_named(key: str, field: str) -> None:
    error = expect_refusal({**kinds[key].example, field: {"not": "this"}})
    assert (error.kind, error.field) == (kinds[key].kind, field)
    assert f"field {field!r}: got a mapping of 1 (expected " in str(error)


@pytest.mark.parametrize("key", [key for key in kinds if kinds[key].value == "action"])
def test_an_unknown_action_names_the_known_ones(key: str) -> None:
    kind = kinds[key].kind
    error = expect_refusal({kind: "sing"})
    assert (error.kind, error.field) == (kind, kind)
    assert "got 'sing'" in str(error)
    assert kinds[key].action in str(error).partition("expected")[2]
    assert not isinstance(error, UnknownKind)


def test_an_action_that_is_not_text_is_refused() -> None:
    for value in (None, True, 3, ["start"], {"a": 1}):
        assert expect_refusal({"linescan": value, "detector": "it"}).field == "linescan"


def test_two_kinds_in_one_message_are_both_named() -> None:
    error = expect_refusal({"linescan": "start", "detector": "it", "close": "all"})
    assert "linescan and close in one message" in str(error)
    assert (error.kind, error.field) == ("linescan", "close")


@pytest.mark.parametrize("body", [{}, {"detector": "it"}, {"sing": "start"}, {3: "start"}])
def test_an_unknown_kind_lists_its_keys_and_the_known_kinds(body: dict[Any, Any]) -> None:
    error = expect_refusal(body)
    assert isinstance(error, UnknownKind)
    for key in body:
        assert str(key) in str(error)
    assert "linescan" in str(error)


def test_a_misspelt_kind_gives_a_hint() -> None:
    assert str(expect_refusal({"Linescan": "start"})).endswith("was linescan meant?")


@pytest.mark.parametrize("body", [None, 3, "linescan", ["linescan"], b"linescan"])
def test_a_value_that_is_not_a_mapping_is_refused(body: Any) -> None:
    assert isinstance(expect_refusal(body), UnknownKind)


@pytest.mark.parametrize(("name", "body"), EVERY)
def test_unknown_fields_are_kept(name: str, body: dict[str, Any]) -> None:
    more = {"colour": "green", "kind": "x", "model_config": [1]}
    message = parse({**body, **more})
    assert message.extras == more
    assert message.kind in body


def test_a_message_id_is_taken_from_the_message() -> None:
    assert parse({"close": "all", "message_id": "m-1"}).message_id == "m-1"
    assert parse({"close": "all"}).message_id is None
    assert expect_refusal({"close": "all", "message_id": 7}).field == "message_id"


@pytest.mark.parametrize(
    ("given", "canonical"), [("Xs", "fluorescence"), ("xs", "fluorescence"), ("IT", "transmission")]
)
def test_detectors_are_read_in_any_capitals(given: str, canonical: str) -> None:
    for body in ({"linescan": "start", "detector": given}, {**AREASCAN, "detector": given}):
        message = parse(body)
        assert isinstance(message, LinescanStart | AreascanStart)
        assert message.detector == canonical


def test_a_flag_may_be_0_or_1_but_no_text() -> None:
    message = parse({"linescan": "start", "detector": "it", "stack": 1})
    assert isinstance(message, LinescanStart)
    assert message.stack is True
    assert expect_refusal({"linescan": "start", "detector": "it", "stack": "yes"}).field == "stack"
    assert expect_refusal({"verbose": "yes"}).field == "verbose"
    spoken = parse({"verbose": True})
    assert isinstance(spoken, Verbose)
    assert spoken.on


@pytest.mark.parametrize("key", ["wafer", "align_wheel.find_slot", "glancing_angle.linear", "glancing_angle.pitch"])
def test_lists_of_different_lengths_are_refused(key: str) -> None:
    error = expect_refusal({**kinds[key].example, "data": [1.0]})
    assert error.field == "data"
    assert "got 1 values (expected as many as xaxis has (4))" in str(error)


def test_an_empty_path_is_refused_except_for_a_picture() -> None:
    assert "expected text that is not empty" in str(expect_refusal({"mkdir": ""}))
    message = parse({"areascan": "stop", "filename": "", "uid": UID})
    assert isinstance(message, AreascanStop)
    assert message.filename is None


@pytest.mark.parametrize(
    ("body", "owner"),
    [
        ({"xrf": "plot"}, "headless"),
        ({"xrf": "write"}, "file-manager"),
        ({"xrf": "sing"}, "headless"),
        ({"mkdir": 3}, "file-manager"),
        ({"close": ["all"]}, "headless"),
        ({"linescan": "end"}, "headless"),
        ({"sing": "start"}, "file-manager"),
        ({}, "file-manager"),
    ],
)
def test_an_invalid_message_has_an_owner_too(body: dict[str, Any], owner: str) -> None:
    assert find_owner(body) == owner


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.just(np.zeros(2)),
    lambda members: st.lists(members, max_size=4) | st.dictionaries(st.text(max_size=5), members, max_size=4),
    max_leaves=8,
)
names = sorted({field.alias or name for key in kinds for name, field in kinds[key].model_fields.items()})
actions = sorted({kinds[key].action for key in kinds} | {"end"})


def reason_against(body: dict[Any, Any]) -> str:
    """Return why a message is refused, '' where it is not."""
    try:
        parse(body)
    except InvalidMessage as error:
        return str(error)
    return ""


@given(
    kind=st.sampled_from([kinds[key].kind for key in kinds]) | st.text(),
    value=st.sampled_from([*actions, True]) | anything,
    fields=st.dictionaries(st.sampled_from(names) | st.text(max_size=5) | st.integers(), anything, max_size=8),
)
def test_random_mappings_raise_only_the_expected_error(kind: str, value: Any, fields: dict[Any, Any]) -> None:
    body = {**fields, kind: value}
    reason = reason_against(body)
    assert len(reason.encode()) < 2_000
    assert find_owner(body) in ("file-manager", "headless")


@given(st.data())
def test_damaged_messages_raise_only_the_expected_error(data: st.DataObject) -> None:
    example = dict(kinds[data.draw(st.sampled_from(list(kinds)))].example)
    example[data.draw(st.sampled_from(sorted(example)))] = data.draw(anything)
    reason = reason_against(example)
    assert not reason or "expected" in reason


def test_deep_nesting_does_not_crash() -> None:
    deep: Any = []
    for _ in range(50_000):
        deep = [deep]
    assert expect_refusal({"xafsscan": "next", "count": deep}).field == "count"
    assert parse({"close": "all", "more": deep})
    while deep:  # taken apart here, so that the collector does not recurse
        deep = deep[0]


def test_parsing_is_fast() -> None:
    def seconds(body: dict[str, Any]) -> float:
        parse(body)
        return min(timeit.repeat(lambda: parse(body), number=200, repeat=5)) / 200

    assert seconds(AREASCAN) < 100e-6
    assert seconds(XAFS_START) < 100e-6
