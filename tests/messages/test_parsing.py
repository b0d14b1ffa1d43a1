"""Mappings become messages, or errors that name the kind, the field, the value and what is expected."""

from __future__ import annotations

import math
import re
import timeit
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.examples import AREASCAN, CURVE, EVERY, MANUAL, PROPOSAL, TODAY, UID
from xafs_workers.messages.align_wheel import AlignWheelFindSlot
from xafs_workers.messages.areascan import AreascanStart, AreascanStop
from xafs_workers.messages.base import InvalidMessage, UnknownKind, kinds
from xafs_workers.messages.dossier import DossierSet
from xafs_workers.messages.linescan import LinescanStart
from xafs_workers.messages.mkdir import Mkdir
from xafs_workers.messages.mono_calibration import MonoCalibration
from xafs_workers.messages.parsing import find_owner, parse
from xafs_workers.messages.verbose import Verbose
from xafs_workers.messages.xafsscan import XafsscanNext, XafsscanStart, XafsscanStop
from xafs_workers.messages.xasxdi import Xasxdi
from xafs_workers.messages.xrfat import XrfatStart
from xafs_workers.wire import decode, encode

WAFER = {"wafer": "edge", "motor": "xafs_x", **CURVE, "center": 3.4, "amplitude": 0.2}
CALIBRATION = dict(kinds["mono_calibration"].example)
XAFS = dict(kinds["xafsscan.start"].example)


def refused(body: Any) -> InvalidMessage:
    with pytest.raises(InvalidMessage) as caught:
        parse(body)
    return caught.value


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


def test_the_examples_cover_every_action() -> None:
    assert {name for name, _ in TODAY} | {name for name, _ in MANUAL} == {
        message.__name__ for message in kinds.discover().values()
    }


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
        error = refused({key: value, **others})
        assert (error.kind, error.field) == (key, key)
    assert type(parse({key: 1, **others})) is message
    if message.value == "any":
        assert type(parse({key: np.ones(2), **others})) is message
    else:
        assert re.search(r"got 'no'.*expected true", str(refused({key: "no", **others})))


REQUIRED = [
    (key, name)
    for key in kinds
    for name in [field.alias or name for name, field in kinds[key].model_fields.items() if field.is_required()]
    if name != kinds[key].kind
]


def test_every_kind_with_required_fields_is_tested() -> None:
    without = {"close", "verbose", "refresh_slack", "describe_slack", "echoslack", "mkdir", "touch", "resting_state"}
    assert {kinds[key].kind for key in kinds} - {kinds[key].kind for key, _ in REQUIRED} == without


@pytest.mark.parametrize(("key", "field"), REQUIRED)
def test_a_missing_field_is_named(key: str, field: str) -> None:
    body = {name: value for name, value in kinds[key].example.items() if name != field}
    if key == "copy":
        body["uuid"] = UID
    error = refused(body)
    assert (error.kind, error.field) == (kinds[key].kind, field)
    assert f"missing field {field!r} (expected " in str(error)
    assert str(error).startswith(kinds[key].kind)


FIELDS = [(key, field.alias or name) for key in kinds for name, field in kinds[key].model_fields.items()]


@pytest.mark.parametrize(("key", "field"), FIELDS)
def test_a_wrong_field_is_named(key: str, field: str) -> None:
    error = refused({**kinds[key].example, field: {"not": "this"}})
    assert (error.kind, error.field) == (kinds[key].kind, field)
    assert f"field {field!r}: got a mapping of 1 (expected " in str(error)


@pytest.mark.parametrize("key", [key for key in kinds if kinds[key].value == "action"])
def test_an_unknown_action_names_the_known_ones(key: str) -> None:
    kind = kinds[key].kind
    error = refused({kind: "sing"})
    assert (error.kind, error.field) == (kind, kind)
    assert "got 'sing'" in str(error)
    assert kinds[key].action in str(error).partition("expected")[2]
    assert not isinstance(error, UnknownKind)


def test_an_action_that_is_not_text_is_refused() -> None:
    for value in (None, True, 3, ["start"], {"a": 1}):
        assert refused({"linescan": value, "detector": "it"}).field == "linescan"


def test_two_kinds_in_one_message_are_both_named() -> None:
    error = refused({"linescan": "start", "detector": "it", "close": "all"})
    assert "linescan and close in one message" in str(error)
    assert (error.kind, error.field) == ("linescan", "close")


@pytest.mark.parametrize("body", [{}, {"detector": "it"}, {"sing": "start"}, {3: "start"}])
def test_an_unknown_kind_lists_its_keys_and_the_known_kinds(body: dict[Any, Any]) -> None:
    error = refused(body)
    assert isinstance(error, UnknownKind)
    for key in body:
        assert str(key) in str(error)
    assert "linescan" in str(error)


def test_a_misspelt_kind_gives_a_hint() -> None:
    assert str(refused({"Linescan": "start"})).endswith("was linescan meant?")


@pytest.mark.parametrize("body", [None, 3, "linescan", ["linescan"], b"linescan"])
def test_a_value_that_is_not_a_mapping_is_refused(body: Any) -> None:
    assert isinstance(refused(body), UnknownKind)


@pytest.mark.parametrize(("name", "body"), EVERY)
def test_unknown_fields_are_kept(name: str, body: dict[str, Any]) -> None:
    more = {"colour": "green", "kind": "x", "model_config": [1]}
    message = parse({**body, **more})
    assert message.extras == more
    assert message.kind in body


def test_an_extra_field_cannot_change_the_path_of_mkdir() -> None:
    message = parse({"mkdir": "/a", "path": "/b"})
    assert isinstance(message, Mkdir)
    assert message.path == "/a"
    assert message.extras == {"path": "/b"}


def test_a_message_id_is_taken_from_the_message() -> None:
    assert parse({"close": "all", "message_id": "m-1"}).message_id == "m-1"
    assert parse({"close": "all"}).message_id is None
    assert refused({"close": "all", "message_id": 7}).field == "message_id"


class TestNames:
    @pytest.mark.parametrize(
        ("given", "canonical"), [("Xs", "fluorescence"), ("xs", "fluorescence"), ("IT", "transmission")]
    )
    def test_detectors_are_read_in_any_capitals(self, given: str, canonical: str) -> None:
        for body in ({"linescan": "start", "detector": given}, {**AREASCAN, "detector": given}):
            message = parse(body)
            assert isinstance(message, LinescanStart | AreascanStart)
            assert message.detector == canonical

    def test_a_data_key_keeps_its_name(self) -> None:
        message = parse({**AREASCAN, "detector": "noisy_det"})
        assert isinstance(message, AreascanStart)
        assert message.detector == "noisy_det"

    def test_fluorescence_detectors_are_named_as_in_the_table(self) -> None:
        start = {"linescan": "start", "detector": "if"}
        for name, known in (("Dante", "dante"), ("7-ELEMENT sdd", "7-element SDD"), ("odd", "odd"), ("", None)):
            message = parse({**start, "fluo_detector": name})
            assert isinstance(message, LinescanStart)
            assert message.fluo_detector == known

    def test_an_unknown_mode_is_refused_with_the_known_ones(self) -> None:
        error = refused({**XAFS, "mode": "dancing"})
        assert error.field == "mode"
        assert "got 'dancing' (expected one of transmission, fluorescence, xs1, yield" in str(error)

    def test_modes_of_old_files_are_normalized(self) -> None:
        message = parse({**XAFS, "mode": "fluo+yield"})
        assert isinstance(message, XafsscanStart)
        assert message.mode == "yield"


class TestNumbers:
    @pytest.mark.parametrize("count", [2, 2.0, np.int64(2), np.float32(2)])
    def test_a_whole_number_is_read_in_any_form(self, count: Any) -> None:
        message = parse({"xafsscan": "next", "count": count})
        assert isinstance(message, XafsscanNext)
        assert message.count == 2
        assert type(message.count) is int

    @pytest.mark.parametrize("count", ["2", 2.5, True, None, 0, -1, 10**7, 10**400, math.inf, math.nan, [2]])
    def test_a_value_that_is_not_a_count_is_refused(self, count: Any) -> None:
        error = refused({"xafsscan": "next", "count": count})
        assert error.field == "count"
        assert "expected whole number from 1 to 1000000" in str(error)

    @pytest.mark.parametrize("number", [math.nan, math.inf, "7200", True, None, 10**400, 1j])
    def test_a_value_that_is_not_a_finite_number_is_refused(self, number: Any) -> None:
        error = refused({**AREASCAN, "energy": number})
        assert error.field == "energy"
        assert "expected finite number, eV" in str(error)

    def test_a_flag_may_be_0_or_1_but_no_text(self) -> None:
        message = parse({"linescan": "start", "detector": "it", "stack": 1})
        assert isinstance(message, LinescanStart)
        assert message.stack is True
        assert refused({"linescan": "start", "detector": "it", "stack": "yes"}).field == "stack"
        assert refused({"verbose": "yes"}).field == "verbose"
        spoken = parse({"verbose": True})
        assert isinstance(spoken, Verbose)
        assert spoken.on

    def test_a_map_larger_than_memory_is_refused(self) -> None:
        error = refused({**AREASCAN, "fast_steps": 100_000, "slow_steps": 100_000})
        assert error.field == "fast_steps"
        assert "100000 x 100000" in str(error)

    def test_yield_columns_follow_the_value_of_the_field(self) -> None:
        for value in (True, False):
            message = parse({"xasxdi": True, "uid": UID, "filename": "a.001", "include_yield": value})
            assert isinstance(message, Xasxdi)
            assert message.include_yield is value


class TestLists:
    def found(self, **fields: Any) -> AlignWheelFindSlot:
        body = {"align_wheel": "find_slot", "motor": "xafs_y", **CURVE, "center": 1.0, "amplitude": 1.0, **fields}
        message = parse(body)
        assert isinstance(message, AlignWheelFindSlot)
        return message

    @pytest.mark.parametrize(
        "given",
        [
            [1, 2.5, 3, 4],
            (1, 2.5, 3, 4),
            np.array([1, 2.5, 3, 4]),
            np.array([1, 2.5, 3, 4], "f4"),
            [np.float64(1), 2.5, np.int64(3), 4],
        ],
    )
    def test_any_sequence_of_numbers_is_accepted(self, given: Any) -> None:
        data = self.found(data=given).data
        assert data == (1.0, 2.5, 3.0, 4.0)
        assert set(map(type, data)) == {float}

    def test_a_value_that_is_not_finite_is_a_gap(self) -> None:
        data = self.found(data=[1.0, math.nan, None, -math.inf]).data
        assert data[0] == 1.0
        assert all(map(math.isnan, data[1:]))

    @pytest.mark.parametrize(
        "given",
        [
            "1234",
            3.0,
            ["a", 1.0, 2.0, 3.0],
            [True] * 4,
            [[1.0]] * 4,
            np.zeros((2, 2)),
            np.array(["a"] * 4),
            [10**400] * 4,
        ],
    )
    def test_a_value_that_is_not_a_list_of_numbers_is_refused(self, given: Any) -> None:
        with pytest.raises(InvalidMessage) as caught:
            self.found(data=given)
        assert caught.value.field == "data"

    def test_the_wrong_member_is_shown(self) -> None:
        assert "got 'b' at index 2" in str(refused({**WAFER, "data": [1.0, 2.0, "b", 3.0]}))

    def test_a_list_that_is_too_long_is_refused(self) -> None:
        assert "at most 1000000" in str(refused({**WAFER, "data": np.zeros(1_000_001)}))

    @pytest.mark.parametrize("key", ["wafer", "align_wheel.find_slot", "glancing_angle.linear", "glancing_angle.pitch"])
    def test_lists_of_different_lengths_are_refused(self, key: str) -> None:
        error = refused({**kinds[key].example, "data": [1.0]})
        assert error.field == "data"
        assert "got 1 values (expected as many as xaxis has (4))" in str(error)

    def test_a_fit_without_standard_error_is_accepted(self) -> None:
        for error in (None, math.nan):
            message = parse({**CALIBRATION, "dspacing": [3.1359, error], "mono": 311})
            assert isinstance(message, MonoCalibration)
            assert message.dspacing == (3.1359, None)
            assert message.mono == "311"
        for wrong in ([3.1], [math.nan, 1.0], [3.1, "a"], [3.1, 1.0, 2.0], 3.1):
            assert refused({**CALIBRATION, "dspacing": wrong}).field == "dspacing"

    def test_energies_are_read_alone_or_in_a_list(self) -> None:
        body = {"xrfat": "start", "uid": UID}
        for energy, energies in ((7200, (7200.0,)), ([-1, 7112.5], (-1.0, 7112.5)), (np.float64(1), (1.0,))):
            message = parse({**body, "energy": energy})
            assert isinstance(message, XrfatStart)
            assert message.energy == energies
        for wrong in ("7200", True, [math.nan], [None], None):
            assert refused({**body, "energy": wrong}).field == "energy"


class TestText:
    def test_a_long_text_is_refused_and_shown_clipped(self) -> None:
        error = refused({"echoslack": True, "text": "x" * 10_001})
        assert error.field == "text"
        assert "(10001 characters) (expected at most 10000 characters" in str(error)
        assert len(str(error)) < 300

    def test_the_fragments_of_a_dossier_may_be_long(self) -> None:
        message = parse({"dossier": "set", "instrument": "x" * 5_000_000})
        assert isinstance(message, DossierSet)
        assert refused({"dossier": "set", "ini": "x" * 5_000_001}).field == "ini"

    def test_a_path_with_a_nul_character_is_refused(self) -> None:
        assert refused({"mkdir": "/a\0b"}).field == "mkdir"
        assert parse({"echoslack": True, "text": "a\0b"})

    def test_an_empty_path_is_refused_except_for_a_picture(self) -> None:
        assert "expected text that is not empty" in str(refused({"mkdir": ""}))
        message = parse({"areascan": "stop", "filename": "", "uid": UID})
        assert isinstance(message, AreascanStop)
        assert message.filename is None

    def test_a_null_picture_differs_from_a_missing_field(self) -> None:
        null, left_out = parse({"xafsscan": "stop", "filename": None}), parse({"xafsscan": "end"})
        assert isinstance(null, XafsscanStop)
        assert isinstance(left_out, XafsscanStop)
        assert "filename" in null.model_fields_set
        assert "filename" not in left_out.model_fields_set


class TestWholeMessages:
    def test_a_single_uid_becomes_a_list_of_one(self) -> None:
        message = parse({"dossier": "set", "uidlist": UID})
        assert isinstance(message, DossierSet)
        assert message.uidlist == (UID,)

    def test_a_copy_has_one_source(self) -> None:
        both = {"copy": True, "target": PROPOSAL, "file": "/a", "uuid": UID}
        assert "both file and uuid" in str(refused(both))
        assert "neither file nor uuid" in str(refused({"copy": True, "target": PROPOSAL, "file": None}))

    def test_a_post_has_text_or_a_picture(self) -> None:
        assert refused({"echoslack": True, "img": None}).field == "text"

    def test_numbered_files_need_their_range(self) -> None:
        body = {"file_exists": True, "folder": PROPOSAL, "filename": ".introduction_made"}
        assert parse(body)
        assert refused({**body, "number": True, "start": 1}).field == "stop"


class TestOwners:
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
    def test_an_invalid_message_has_an_owner_too(self, body: dict[str, Any], owner: str) -> None:
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
    assert refused({"xafsscan": "next", "count": deep}).field == "count"
    assert parse({"close": "all", "more": deep})
    while deep:  # taken apart here, so that the collector does not recurse
        deep = deep[0]


def test_parsing_is_fast() -> None:
    def seconds(body: dict[str, Any]) -> float:
        parse(body)
        return min(timeit.repeat(lambda: parse(body), number=200, repeat=5)) / 200

    assert seconds(AREASCAN) < 100e-6
    assert seconds(XAFS) < 100e-6
