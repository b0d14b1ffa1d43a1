"""Bluesky documents: what later code relies upon is there, and checking costs microseconds."""

from __future__ import annotations

import json
import math
import timeit
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from event_model import DocumentNames, compose_run
from hypothesis import given
from hypothesis import strategies as st

from xafs_workers.messages.documents import InvalidDocument, check_document

UID, OTHER = "0b9f6b1e-1d2c-4e3f-8a5b-6c7d8e9f0a1b", "1c0a7c2f-2e3d-4f40-9b6c-7d8e9f0a1b2c"
TIME = 1_790_000_000.0

VALID: dict[str, dict[str, Any]] = {
    "start": {"uid": UID, "time": TIME},
    "descriptor": {"uid": UID, "run_start": OTHER, "time": TIME, "name": "primary", "data_keys": {"I0": {}}},
    "event": {"uid": UID, "descriptor": OTHER, "time": TIME, "seq_num": 1, "data": {"I0": 1.0}, "timestamps": {}},
    "event_page": {
        "uid": [UID, OTHER],
        "descriptor": OTHER,
        "time": [TIME, TIME],
        "seq_num": [1, 2],
        "data": {"I0": [1.0, 2.0]},
    },
    "stop": {"uid": UID, "run_start": OTHER, "time": TIME, "exit_status": "success"},
    "resource": {"uid": UID, "run_start": OTHER, "spec": "X", "root": "/", "resource_path": "a/b.h5"},
    "datum": {"datum_id": f"{UID}/0", "resource": UID, "datum_kwargs": {}},
    "datum_page": {"datum_id": ["a", "b"], "resource": UID, "datum_kwargs": {"frame": [0, 1]}},
    "stream_resource": {"uid": UID, "data_key": "image", "uri": "file://localhost/a.h5", "mimetype": "x"},
    "stream_datum": {
        "uid": f"{UID}/0",
        "stream_resource": UID,
        "descriptor": OTHER,
        "indices": {"start": 0, "stop": 1},
        "seq_nums": {"start": 1, "stop": 2},
    },
}


def refused(name: str, doc: Any) -> InvalidDocument:
    with pytest.raises(InvalidDocument) as caught:
        check_document(name, doc)
    return caught.value


@pytest.mark.parametrize("name", list(VALID))
def test_a_valid_document_passes(name: str) -> None:
    check_document(name, VALID[name])
    check_document(name, {**VALID[name], "more": object()})


def test_every_document_of_bluesky_is_known() -> None:
    bulk = {"bulk_events", "bulk_datum"}  # deprecated long ago, and never on Kafka
    assert {name.name for name in DocumentNames} - bulk == set(VALID)


NEEDED = [
    (name, field)
    for name, doc in VALID.items()
    for field in doc
    if (name, field)
    not in {
        ("descriptor", "name"),
        ("event", "timestamps"),
        ("stop", "exit_status"),
        ("resource", "run_start"),
        ("resource", "spec"),
        ("resource", "root"),
        ("datum", "datum_kwargs"),
        ("datum_page", "datum_kwargs"),
        ("stream_resource", "data_key"),
        ("stream_resource", "mimetype"),
    }
]


@pytest.mark.parametrize(("name", "field"), NEEDED)
def test_a_missing_field_is_named(name: str, field: str) -> None:
    error = refused(name, {key: value for key, value in VALID[name].items() if key != field})
    assert (error.name, error.field) == (name, field)
    assert f"{name}: missing field {field!r} (expected " in str(error)


@pytest.mark.parametrize(("name", "field"), NEEDED)
@pytest.mark.parametrize("wrong", [None, True, 1j, "", [None], np.zeros(3), b"text"])
def test_a_wrong_field_is_named(name: str, field: str, wrong: Any) -> None:
    error = refused(name, {**VALID[name], field: wrong})
    assert (error.name, error.field) == (name, field) or name == "event_page"


@pytest.mark.parametrize("name", ["start", "descriptor", "event", "stop"])
@pytest.mark.parametrize("time", [math.nan, math.inf, -math.inf, 4_102_444_801, 10**400, "now", True, None, 1j])
def test_a_time_is_finite_and_before_2100(name: str, time: Any) -> None:
    assert refused(name, {**VALID[name], "time": time}).field == "time"


@pytest.mark.parametrize("time", [0, TIME, int(TIME), np.float64(TIME), np.int64(5)])
def test_a_time_is_any_real_number(time: Any) -> None:
    check_document("event", {**VALID["event"], "time": time})


@pytest.mark.parametrize("number", [0, -1, 1.0, "1", True, None])
def test_a_sequence_number_counts_from_1(number: Any) -> None:
    assert refused("event", {**VALID["event"], "seq_num": number}).field == "seq_num"


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("uid", [UID]),
        ("uid", [UID, 3]),
        ("time", [TIME]),
        ("time", [TIME, math.nan]),
        ("seq_num", [1, 0]),
        ("seq_num", 1),
        ("data", {"I0": [1.0]}),
        ("data", {"I0": 1.0}),
        ("data", {"I0": "ab"}),
        ("data", {"I0": np.zeros(())}),
        ("data", {"I0": np.zeros((3, 2))}),
    ],
)
def test_the_lists_of_a_page_must_have_one_length(field: str, wrong: Any) -> None:
    assert refused("event_page", {**VALID["event_page"], field: wrong}).field in {field, "uid"}


def test_a_page_may_hold_arrays() -> None:
    arrays = {"time": np.array([TIME, TIME]), "seq_num": np.array([1, 2]), "data": {"I0": np.zeros((2, 3))}}
    check_document("event_page", {**VALID["event_page"], **arrays})


@pytest.mark.parametrize("name", ["bmm", "", "Event", "x" * 10_000])
def test_an_unknown_name_is_refused(name: str) -> None:
    error = refused(name, {})
    assert "expected one of start, descriptor, event" in str(error)
    assert len(str(error)) < 400


@pytest.mark.parametrize("doc", [None, 3, [], "event"])
def test_a_value_that_is_not_a_mapping_is_refused(doc: Any) -> None:
    assert refused("event", doc).field == ""


def reason_against(name: str, doc: dict[str, Any]) -> str:
    """Return why a document is refused, '' where it is not."""
    try:
        check_document(name, doc)
    except InvalidDocument as error:
        return str(error)
    return ""


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just(np.zeros((2, 2)))
nested = anything | st.lists(anything, max_size=3) | st.dictionaries(st.text(max_size=3), anything, max_size=3)


@given(name=st.sampled_from(list(VALID)), data=st.data())
def test_damaged_documents_raise_only_the_expected_error(name: str, data: st.DataObject) -> None:
    damage = data.draw(st.dictionaries(st.sampled_from(list(VALID[name])), nested, min_size=1))
    doc = {**VALID[name], **damage}
    assert len(reason_against(name, doc)) < 600


def test_documents_composed_by_bluesky_pass() -> None:
    run = compose_run(metadata={"plan_name": "count"})
    keys: Any = {"I0": {"dtype": "number", "shape": [], "source": "test"}}
    stream = run.compose_descriptor(name="primary", data_keys=keys)
    event = stream.compose_event(data={"I0": 1.0}, timestamps={"I0": TIME})
    page = stream.compose_event_page(
        data={"I0": [1.0, 2.0]}, timestamps={"I0": [TIME, TIME]}, seq_num=[2, 3], time=[TIME, TIME]
    )
    resource = run.compose_resource(spec="X", root="/", resource_path="a", resource_kwargs={})
    composed = {
        "start": run.start_doc,
        "descriptor": stream.descriptor_doc,
        "event": event,
        "event_page": page,
        "resource": resource.resource_doc,
        "datum": resource.compose_datum(datum_kwargs={}),
        "stop": run.compose_stop(),
    }
    for name, doc in composed.items():
        check_document(name, dict(doc))


def test_measured_documents_pass(measured: Path) -> None:
    for path in sorted(measured.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            name, doc = json.loads(line)
            if name != "bmm":
                check_document(name, doc)


def test_an_event_is_checked_in_microseconds() -> None:
    event = {**VALID["event"], "data": {f"key{n}": 1.0 for n in range(30)}}
    best = min(timeit.repeat(lambda: check_document("event", event), number=2_000, repeat=20)) / 2_000
    assert best < 10e-6  # 2 us measured; the rest is for busy machines
