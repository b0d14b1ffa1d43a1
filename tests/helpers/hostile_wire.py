"""A corpus of records that are no usable message: each must be one bad record, whatever sent it."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path
from typing import Any

import msgpack


class PickleProbe:
    """Its pickle touches a file when it is loaded."""

    def __init__(self, path: Path):
        self._path = path

    def __reduce__(self) -> tuple:
        return (Path.touch, (self._path,))


def pack_record(body: Any, name: Any = "bmm") -> bytes:
    """Pack with plain msgpack, as a stranger would."""
    return msgpack.Packer(use_bin_type=True).pack([name, body])


def make_array_map(**parts: Any) -> dict[bytes, Any]:
    """Return a numpy map; `parts` replace what a good one holds, None leaves a part out."""
    good = {"nd": True, "type": "<f8", "kind": b"", "shape": [2], "data": bytes(16)}
    return {key.encode(): value for key, value in {**good, **parts}.items() if value is not None}


def make_number_map(**parts: Any) -> dict[bytes, Any]:
    """Return a numpy number's map."""
    return {key.encode(): value for key, value in {"nd": False, "type": "<i8", "data": bytes(8), **parts}.items()}


def build_pickle_records(canary: Path) -> dict[str, bytes]:
    """Return records whose pickle would touch `canary`."""
    load = pickle.dumps(PickleProbe(canary))
    shapes = {
        "object array": make_array_map(kind=b"O", type="|O", data=load),
        "object array, kind as text": make_array_map(kind="O", type="|O", data=load),
        "object array without kind": make_array_map(
            kind=None, type="|O", shape=[len(load) // 8], data=load[: len(load) // 8 * 8]
        ),
        "object array of no kind": make_array_map(kind=b"", type="O", shape=[1], data=load[:8]),
        "object array that says f8": make_array_map(kind=b"O", type="<f8", shape=[1], data=load),
        "structured array of objects": make_array_map(kind=b"V", type=[["a", "|O"]], shape=[1], data=load),
        "structured array, nested": make_array_map(kind=b"V", type=[["a", [["b", "|O"]]]], shape=[1], data=load),
        "void array": make_array_map(kind=b"V", type="|V8", shape=[1], data=load[:8]),
        "object number": make_number_map(type="|O", data=load[:8]),
    }
    records = {name: pack_record({"dossier": shape}) for name, shape in shapes.items()}
    records["object array as the body"] = pack_record(shapes["object array"])
    records["object array as the whole"] = msgpack.packb(shapes["object array"], use_bin_type=True)
    records["object array deep inside"] = pack_record({"a": [{"b": [{"c": shapes["object array"]}]}]})
    records["a bare pickle"] = load
    return records


def build_hostile_records() -> dict[str, bytes | None]:
    """Return records that cannot be decoded, by what is wrong."""
    good = pack_record({"close": "all"})
    return {**_build_byte_records(good), **_build_shape_records(), **_build_numpy_records()}


def _build_byte_records(good: bytes) -> dict[str, bytes | None]:
    return {
        "no value": None,
        "empty": b"",
        "truncated": good[:-1],
        "truncated map": pack_record({"a": 1, "b": 2})[:-3],
        "followed by more": good + b"\x00",
        "never used byte": b"\xc1",
        "text": b"close: all",
        "json": b'["bmm", {"close": "all"}]',
        "not UTF-8 key": b"\x92\xa3bmm\x81\xa2\xff\xfe\x01",
        "not UTF-8 value": b"\x92\xa3bmm\x81\xa1a\xa2\xff\xfe",
        "not UTF-8 name": b"\x92\xa3\xff\xfe\xfd\x80",
        "lone surrogate": b"\x92\xa3bmm\x81\xa1a\xa3\xed\xa0\x80",
        "array of four billion": b"\xdd\xff\xff\xff\xff",
        "map of four billion": b"\xdf\xff\xff\xff\xff",
        "text of four billion": b"\x92\xdb\xff\xff\xff\xffa",
        "deep lists": b"\x91" * 100_000 + b"\xc0",
        "deep maps": b"\x81\xa1a" * 100_000 + b"\xc0",
        "deep and truncated": b"\x92\xa3bmm" + b"\x91" * 5000,
        "bad timestamp": b"\x92\xa3bmm\x81\xa1a\xd7\xff" + b"\xff" * 8,
        "map as key": b"\x92\xa3bmm\x81\x80\x01",
        "list as key": b"\x92\xa3bmm\x81\x91\x01\x01",
        "numpy map as key": b"\x92\xa3bmm\x81" + msgpack.packb(make_array_map(), use_bin_type=True) + b"\x01",
    }


def _build_shape_records() -> dict[str, bytes | None]:
    return {
        "a number": msgpack.packb(3),
        "nil": b"\xc0",
        "text inside msgpack": msgpack.packb("bmm"),
        "list of one": msgpack.packb([{"close": "all"}]),
        "list of three": msgpack.packb(["bmm", {"close": "all"}, 1]),
        "list of none": b"\x90",
        "turned around": msgpack.packb([{"close": "all"}, "bmm"]),
        "name is a number": pack_record({"close": "all"}, name=1),
        "name is bytes": pack_record({"close": "all"}, name=b"bmm"),
        "name is nil": pack_record({"close": "all"}, name=None),
        "name is a map": pack_record({"close": "all"}, name={}),
        "body is a list": pack_record([1]),
        "body is text": pack_record("close"),
        "body is nil": pack_record(None),
        "body is an array": pack_record(make_array_map()),
        "bare array": msgpack.packb(make_array_map(), use_bin_type=True),
        "binary key": pack_record({b"close": "all"}),
        "binary key in a bare mapping": msgpack.packb({b"close": "all"}, use_bin_type=True),
        "number as key": pack_record({1: "all"}),
        "nil as key": pack_record({None: "all"}),
    }


def _build_numpy_records() -> dict[str, bytes | None]:
    wrong = {
        "data too short": make_array_map(data=bytes(15)),
        "data too long": make_array_map(data=bytes(17)),
        "no data": make_array_map(data=None),
        "data is text": make_array_map(data="x" * 16),
        "data is a list": make_array_map(data=[0] * 16),
        "no type": make_array_map(type=None),
        "type is a list": make_array_map(type=[["a", "<f8"]]),
        "type is a number": make_array_map(type=8),
        "type is a map": make_array_map(type={"f": 1}),
        "type unknown": make_array_map(type="<q9"),
        "type with fields": make_array_map(type="f4,f4"),
        "type with a shape": make_array_map(type="(2,)f8", shape=[1]),
        "type with a repeat": make_array_map(type="2f8", shape=[1]),
        "type without size": make_array_map(type="<U0", shape=[10**12], data=b""),
        "type enormous": make_array_map(type="<U999999999", shape=[0], data=b"x"),
        "type of a million fields": make_array_map(type="f8," * 1_000_000),
        "type not ASCII": make_array_map(type=b"\xff\xfe"),
        "kind unknown": make_array_map(kind=b"?"),
        "kind is a list": make_array_map(kind=[b""]),
        "no shape": make_array_map(shape=None),
        "shape huge": make_array_map(shape=[2**40, 2**40]),
        "shape beyond 64 bits": make_array_map(shape=[2**63, 2**63, 2**63]),
        "shape huge but empty": make_array_map(shape=[2**62, 2**62, 0], data=b""),
        "shape of a million counts": make_array_map(shape=[2**63] * 100_000),
        "shape of a thousand ones": make_array_map(shape=[1] * 1000, data=bytes(8)),
        "shape negative": make_array_map(shape=[-1, -2]),
        "shape of floats": make_array_map(shape=[2.0]),
        "shape of truths": make_array_map(shape=[True, True], data=bytes(8)),
        "shape is a number": make_array_map(shape=2),
        "shape is text": make_array_map(shape="2"),
        "text beyond Unicode": make_array_map(type="<U1", shape=[1], data=b"\xff" * 4),
        "text beyond Unicode, big-endian": make_array_map(type=">U1", shape=[1], data=struct.pack(">I", 0x110000)),
        "text number beyond Unicode": make_number_map(type="<U1", data=b"\xff" * 4),
        "text with a surrogate": make_array_map(type="<U1", shape=[1], data=struct.pack("<I", 0xD800)),
        "text number with a surrogate": make_number_map(type="<U1", data=struct.pack("<I", 0xDFFF)),
        "number too long": make_number_map(data=bytes(16)),
        "number without bytes": make_number_map(data=b""),
        "number without size": make_number_map(type="S0", data=b""),
        "nd is an array": {**make_array_map(), b"nd": make_array_map()},
        "complex without text": {b"complex": True},
        "complex nonsense": {b"complex": True, b"data": "1+2i"},
        "complex of a map": {b"complex": True, b"data": {"a": 1}},
        "complex not ASCII": {b"complex": True, b"data": b"\xff"},
    }
    return {f"numpy: {name}": pack_record({"a": [value]}) for name, value in wrong.items()}
