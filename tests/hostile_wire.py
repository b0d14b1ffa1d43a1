"""A corpus of records that are no usable message: each must be one bad record, whatever sent it."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path
from typing import Any

import msgpack


class Canary:
    """Its pickle touches a file when it is loaded."""

    def __init__(self, path: Path):
        self._path = path

    def __reduce__(self) -> tuple:
        return (Path.touch, (self._path,))


def packed(body: Any, name: Any = "bmm") -> bytes:
    """Pack with plain msgpack, as a stranger would."""
    return msgpack.Packer(use_bin_type=True).pack([name, body])


def array(**parts: Any) -> dict[bytes, Any]:
    """Return a numpy map; `parts` replace what a good one holds, None leaves a part out."""
    good = {"nd": True, "type": "<f8", "kind": b"", "shape": [2], "data": bytes(16)}
    return {key.encode(): value for key, value in {**good, **parts}.items() if value is not None}


def number(**parts: Any) -> dict[bytes, Any]:
    """Return a numpy number's map."""
    return {key.encode(): value for key, value in {"nd": False, "type": "<i8", "data": bytes(8), **parts}.items()}


def pickles(canary: Path) -> dict[str, bytes]:
    """Return records whose pickle would touch `canary`."""
    load = pickle.dumps(Canary(canary))
    shapes = {
        "object array": array(kind=b"O", type="|O", data=load),
        "object array, kind as text": array(kind="O", type="|O", data=load),
        "object array without kind": array(
            kind=None, type="|O", shape=[len(load) // 8], data=load[: len(load) // 8 * 8]
        ),
        "object array of no kind": array(kind=b"", type="O", shape=[1], data=load[:8]),
        "object array that says f8": array(kind=b"O", type="<f8", shape=[1], data=load),
        "structured array of objects": array(kind=b"V", type=[["a", "|O"]], shape=[1], data=load),
        "structured array, nested": array(kind=b"V", type=[["a", [["b", "|O"]]]], shape=[1], data=load),
        "void array": array(kind=b"V", type="|V8", shape=[1], data=load[:8]),
        "object number": number(type="|O", data=load[:8]),
    }
    records = {name: packed({"dossier": shape}) for name, shape in shapes.items()}
    records["object array as the body"] = packed(shapes["object array"])
    records["object array as the whole"] = msgpack.packb(shapes["object array"], use_bin_type=True)
    records["object array deep inside"] = packed({"a": [{"b": [{"c": shapes["object array"]}]}]})
    records["a bare pickle"] = load
    return records


def corpus() -> dict[str, bytes | None]:
    """Return records that cannot be decoded, by what is wrong."""
    good = packed({"close": "all"})
    return {**_bytes(good), **_shapes(), **_numpy()}


def _bytes(good: bytes) -> dict[str, bytes | None]:
    return {
        "no value": None,
        "empty": b"",
        "truncated": good[:-1],
        "truncated map": packed({"a": 1, "b": 2})[:-3],
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
        "numpy map as key": b"\x92\xa3bmm\x81" + msgpack.packb(array(), use_bin_type=True) + b"\x01",
    }


def _shapes() -> dict[str, bytes | None]:
    return {
        "a number": msgpack.packb(3),
        "nil": b"\xc0",
        "text inside msgpack": msgpack.packb("bmm"),
        "list of one": msgpack.packb([{"close": "all"}]),
        "list of three": msgpack.packb(["bmm", {"close": "all"}, 1]),
        "list of none": b"\x90",
        "turned around": msgpack.packb([{"close": "all"}, "bmm"]),
        "name is a number": packed({"close": "all"}, name=1),
        "name is bytes": packed({"close": "all"}, name=b"bmm"),
        "name is nil": packed({"close": "all"}, name=None),
        "name is a map": packed({"close": "all"}, name={}),
        "body is a list": packed([1]),
        "body is text": packed("close"),
        "body is nil": packed(None),
        "body is an array": packed(array()),
        "bare array": msgpack.packb(array(), use_bin_type=True),
        "binary key": packed({b"close": "all"}),
        "binary key in a bare mapping": msgpack.packb({b"close": "all"}, use_bin_type=True),
        "number as key": packed({1: "all"}),
        "nil as key": packed({None: "all"}),
    }


def _numpy() -> dict[str, bytes | None]:
    wrong = {
        "data too short": array(data=bytes(15)),
        "data too long": array(data=bytes(17)),
        "no data": array(data=None),
        "data is text": array(data="x" * 16),
        "data is a list": array(data=[0] * 16),
        "no type": array(type=None),
        "type is a list": array(type=[["a", "<f8"]]),
        "type is a number": array(type=8),
        "type is a map": array(type={"f": 1}),
        "type unknown": array(type="<q9"),
        "type with fields": array(type="f4,f4"),
        "type with a shape": array(type="(2,)f8", shape=[1]),
        "type with a repeat": array(type="2f8", shape=[1]),
        "type void": array(type="|V8"),
        "type datetime": array(type="<M8[s]"),
        "type datetime without a unit": array(type="<M8"),
        "type timedelta": array(type="<m8"),
        "type without size": array(type="<U0", shape=[10**12], data=b""),
        "type enormous": array(type="<U999999999", shape=[0], data=b"x"),
        "type of a million fields": array(type="f8," * 1_000_000),
        "type not ASCII": array(type=b"\xff\xfe"),
        "kind structured": array(kind=b"V", type=[["a", "<f8"]]),
        "kind unknown": array(kind=b"?"),
        "kind is a list": array(kind=[b""]),
        "no shape": array(shape=None),
        "shape huge": array(shape=[2**40, 2**40]),
        "shape beyond 64 bits": array(shape=[2**63, 2**63, 2**63]),
        "shape huge but empty": array(shape=[2**62, 2**62, 0], data=b""),
        "shape of a million counts": array(shape=[2**63] * 100_000),
        "shape of a thousand ones": array(shape=[1] * 1000, data=bytes(8)),
        "shape negative": array(shape=[-1, -2]),
        "shape of floats": array(shape=[2.0]),
        "shape of truths": array(shape=[True, True], data=bytes(8)),
        "shape is a number": array(shape=2),
        "shape is text": array(shape="2"),
        "text beyond Unicode": array(type="<U1", shape=[1], data=b"\xff" * 4),
        "text beyond Unicode, big-endian": array(type=">U1", shape=[1], data=struct.pack(">I", 0x110000)),
        "text number beyond Unicode": number(type="<U1", data=b"\xff" * 4),
        "number too long": number(data=bytes(16)),
        "number without bytes": number(data=b""),
        "number without size": number(type="S0", data=b""),
        "nd is an array": {**array(), b"nd": array()},
        "complex without text": {b"complex": True},
        "complex nonsense": {b"complex": True, b"data": "1+2i"},
        "complex of a map": {b"complex": True, b"data": {"a": 1}},
        "complex not ASCII": {b"complex": True, b"data": b"\xff"},
    }
    return {f"numpy: {name}": packed({"a": [value]}) for name, value in wrong.items()}
