"""Bytes in and out: what msgpack-numpy writes is read, what is hostile is one bad record and nothing more."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import hostile_wire
from xafs_workers import wire

CORPUS = hostile_wire.build_hostile_records()
PICKLES = sorted(hostile_wire.build_pickle_records(Path("unused")))


@pytest.mark.parametrize("name", sorted(CORPUS))
def test_a_hostile_record_is_undecodable(name: str):
    began = time.monotonic()
    with pytest.raises(wire.DecodeError) as caught:
        wire.decode(CORPUS[name])
    assert 0 < len(str(caught.value)) < 500, "the reason is short whatever came"
    assert time.monotonic() - began < 2.0


@pytest.mark.parametrize("name", PICKLES)
def test_no_pickle_is_loaded(name: str, tmp_path: Path):
    canary = tmp_path / "canary"
    with suppress(wire.DecodeError):
        wire.decode(hostile_wire.build_pickle_records(canary)[name])
    assert not canary.exists()


UNPICKLING = """
import sys
from pathlib import Path
{imports}
import msgpack
from helpers import hostile_wire
ours, theirs = Path(sys.argv[1]), Path(sys.argv[2])
for name, record in hostile_wire.build_pickle_records(ours).items():
    try:
        wire.decode(record)
    except wire.DecodeError:
        pass
assert not ours.exists(), "a pickle was loaded"
wire.decode(wire.encode("bmm", {{"close": "all"}}))
msgpack.unpackb(hostile_wire.build_pickle_records(theirs)["object array"])
assert theirs.exists(), "the record is harmless: this test shows nothing"
"""


@pytest.mark.parametrize(
    "imports",
    [
        "import bluesky_kafka; from xafs_workers import wire",
        "from xafs_workers import wire; import bluesky_kafka",
        "import bluesky_kafka; from xafs_workers import wire; import msgpack_numpy; msgpack_numpy.patch()",
    ],
    ids=["bluesky-kafka first", "our wire first", "patched again"],
)
def test_no_pickle_is_loaded_when_msgpack_is_patched(imports: str, tmp_path: Path):
    program = UNPICKLING.format(imports=imports)
    command = [sys.executable, "-W", "ignore", "-c", program, str(tmp_path / "ours"), str(tmp_path / "theirs")]
    environment = {"PYTHONPATH": ":".join([str(Path(__file__).parent), *sys.path]), "HOME": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_record_over_the_size_limit_is_not_decoded():
    value = wire.encode("bmm", {"text": "x" * 100})
    assert wire.decode(value, limit=len(value))
    with pytest.raises(wire.DecodeError, match=f"record of {len(value)} bytes: the limit is {len(value) - 1}"):
        wire.decode(value, limit=len(value) - 1)


# What must be read -------------------------------------------------------------------------------------------------

ARRAYS = [
    np.arange(6.0).reshape(2, 3),
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.arange(10)[::3],
    np.array(2.5),
    np.array([]),
    np.zeros((0, 3), dtype=np.int16),
    np.array([True, False]),
    np.array([1, 2], dtype=np.uint8),
    np.array([1, 2], dtype=">i4"),
    np.array([1 + 2j]),
    np.array([b"ab", b"c"]),
    np.array(["µ", "χ", ""]),
    np.array([np.nan, np.inf]),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype.str}{array.shape}")
def test_arrays_are_decoded(array: np.ndarray):
    name, body = wire.decode(wire.encode("event", {"data": {"x": [array]}}))
    (back,) = body["data"]["x"]
    assert name == "event"
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("number", [np.float32(1.5), np.int64(-7), np.uint8(200), np.bool_(True), np.float64(math.pi)])
def test_numbers_become_python_numbers(number: np.generic):
    _, body = wire.decode(wire.encode("bmm", {"x": number}))
    assert body["x"] == number.item()
    assert type(body["x"]) is type(number.item())


def test_tuples_and_sets_become_lists():
    _, body = wire.decode(wire.encode("bmm", {"a": (1, 2), "b": {3, 1}, "c": frozenset("z")}))
    assert body == {"a": [1, 2], "b": [1, 3], "c": ["z"]}


def test_a_bare_mapping_has_no_name():
    import msgpack

    assert wire.decode(msgpack.packb({"close": "all"})) == ("", {"close": "all"})


@pytest.mark.parametrize("value", [object(), np.array([object()]), np.zeros(1, "i4,i4")])
def test_a_value_without_a_wire_form_is_refused(value: object):
    with pytest.raises(TypeError):
        wire.encode("bmm", {"x": value})


PLACED = {
    "object": hostile_wire.make_array_map(kind=b"O", type="|O"),
    "structured": hostile_wire.make_array_map(kind=b"V", type=[["a", "<f8"]]),
    "void": hostile_wire.make_array_map(type="|V8"),
    "datetime": hostile_wire.make_array_map(type="<M8[s]"),
    "timedelta": hostile_wire.make_array_map(type="<m8"),
    "object number": hostile_wire.make_number_map(type="|O", data=bytes(8)),
}


@pytest.mark.parametrize("name", PLACED)
def test_an_array_of_objects_becomes_a_placeholder_alone(name: str):
    _, body = wire.decode(hostile_wire.pack_record({"a": PLACED[name], "b": [1.5]}, "event"))
    assert body["b"] == [1.5]
    assert isinstance(body["a"], wire.Placeholder)
    assert wire.decode(wire.encode("", body))[1]["a"] == str(body["a"])


NUMBERS = [1j, np.complex64(1 + 2j), np.longdouble(1.5), np.clongdouble(2j), complex(math.inf, -0.0)]


@pytest.mark.parametrize("value", NUMBERS, ids=repr)
def test_complex_and_long_numbers_are_sent(value: object):
    _, body = wire.decode(wire.encode("bmm", {"x": value}))
    assert body["x"] == value


def test_a_long_float_of_another_machine_is_a_number():
    long = np.longdouble(1.5)
    number = hostile_wire.make_number_map(type=long.dtype.str, data=long.tobytes())
    _, body = wire.decode(hostile_wire.pack_record({"x": number}))
    assert type(body["x"]) is float
    assert wire.decode(wire.encode("", body))[1] == {"x": 1.5}


def test_a_deep_record_is_undecodable():
    deep: list = []
    for _ in range(wire.MAX_DEPTH):
        deep = [deep]
    with pytest.raises(wire.DecodeError, match="nested too deeply"):
        wire.decode(hostile_wire.pack_record({"x": deep}))
    assert wire.decode(hostile_wire.pack_record({"x": deep[0][0]}))


def test_bytes_of_a_file_name_are_escaped():
    assert wire.decode(wire.encode("answer", {"path": "a\udcff"}))[1] == {"path": "a\\udcff"}


# Anything at all ---------------------------------------------------------------------------------------------------

scalars = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(max_size=40)
)
keys = (
    st.text(max_size=8) | st.sampled_from([b"nd", b"type", b"kind", b"shape", b"data", b"complex"]) | st.integers(0, 3)
)
trees = st.recursive(
    scalars | st.sampled_from(["<f8", "|O", b"O", b"V", b"", "<U1", bytes(8)]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=25,
)


def assert_decodes_or_reports(value: bytes) -> None:
    try:
        name, body = wire.decode(value)
    except wire.DecodeError:
        return
    assert isinstance(name, str)
    assert all(isinstance(key, str) for key in body)
    if name not in wire.UNNESTED_NAMES:
        again = wire.decode(wire.encode(name, body))
        assert wire.encode(*again) == wire.encode(*wire.decode(wire.encode(*again)))


@given(st.binary(max_size=300))
def test_any_bytes_are_decoded_or_undecodable(value: bytes):
    assert_decodes_or_reports(value)


@given(trees, st.text(max_size=4))
def test_any_content_is_decoded_or_undecodable(tree: object, name: str):
    assert_decodes_or_reports(hostile_wire.pack_record({"x": tree}, name=name))
    assert_decodes_or_reports(hostile_wire.pack_record(tree, name=name))


@given(st.data())
def test_any_damage_is_decoded_or_undecodable(data: st.DataObject):
    good = bytearray(wire.encode("event", {"data": {"x": np.arange(3), "t": np.array(["a"])}, "seq_num": 1}))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    assert_decodes_or_reports(bytes(good[: data.draw(st.integers(0, len(good)))]))


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=25,
)


@given(st.text(max_size=10), st.dictionaries(st.text(max_size=8), plain, max_size=5))
def test_plain_content_is_decoded(name: str, body: dict):
    assert wire.decode(wire.encode(name, body)) == (name, body)


@pytest.mark.parametrize("length", [b"\xc4\x02", b"\xc5\x00\x02", b"\xc6\x00\x00\x00\x02"])
def test_numpy_maps_with_any_form_of_key_are_rebuilt(length: bytes):
    """Only records that contain numpy's keys are searched for its maps; msgpack has three forms of a short key."""
    plain = wire.encode("event", {"data": {"a": np.float64(2.0), "b": np.array([1.0, 2.0])}})
    value = plain.replace(b"\xc4\x02nd", length + b"nd")
    _, body = wire.decode(value)
    assert body["data"]["b"].tolist() == [1.0, 2.0]
