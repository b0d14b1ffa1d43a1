import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xafs_workers.recording.json_codec import TAGS, InexactValueError, from_json, to_json


def roundtrip(value):
    text = json.dumps(to_json(value), allow_nan=False)
    return json.loads(text, object_hook=from_json)


def same(one, other):
    if isinstance(one, np.ndarray):
        return (
            isinstance(other, np.ndarray)
            and one.dtype == other.dtype
            and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
        )
    if isinstance(one, float):
        return type(other) is float and (one == other or (math.isnan(one) and math.isnan(other)))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


keys = st.one_of(st.text(), st.sampled_from(sorted(TAGS)), st.binary(), st.integers(-(2**63), 2**64 - 1))
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), st.text(), st.binary(max_size=20)
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=20,
)


@given(values)
def test_msgpack_values_are_restored(value):
    assert same(value, roundtrip(value))


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1.5, np.nan], [np.inf, -0.0]]),
        np.arange(6, dtype=">i2").reshape(2, 3).T,
        np.array([True, False]),
        np.array([1 + 2j], dtype=np.complex64),
        np.array([b"ab", b"c"]),
        np.array(["Å⁻¹", ""]),
        np.zeros((0, 3), dtype=np.uint8),
        np.array(2.5),
    ],
)
def test_arrays_are_restored_with_type_and_shape(array):
    assert same([array], roundtrip([array]))


def test_negative_zero_and_infinities_keep_their_sign():
    back = roundtrip([-0.0, -math.inf, math.inf])
    assert math.copysign(1, back[0]) == -1
    assert back[1:] == [-math.inf, math.inf]


@pytest.mark.parametrize("value", [1j, object(), np.array([None])])
def test_a_value_without_a_json_form_is_refused(value):
    with pytest.raises(InexactValueError, match=type(value).__name__):
        to_json({"x": [value]})


@pytest.mark.parametrize(
    "text",
    [
        '{"$array": "|O", "shape": [1], "data": ""}',
        '{"$array": "<f8", "shape": [2], "data": "AAAA"}',
        '{"$array": "<f8", "data": ""}',
        '{"$bytes": "***"}',
        '{"$float": "1e5"}',
        '{"$map": [[1]]}',
        '{"$map": [[[1], 2]]}',
    ],
)
def test_a_tag_with_wrong_content_is_reported(text):
    with pytest.raises(ValueError, match="cannot be restored"):
        json.loads(text, object_hook=from_json)
