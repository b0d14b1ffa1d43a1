"""Records nobody can use, and records that look bad but are data."""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np

from helpers.streams import CONTROL, DOCUMENTS, EPOCH
from xafs_workers.wire import encode


@dataclass(frozen=True)
class Hostile:
    name: str
    topic: str
    value: bytes | None
    outcome: str
    reason: str


class Executed:
    """Unpickling this makes a directory: the proof that something was executed."""

    def __init__(self, path: str):
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


def raw(value: Any, **kwargs: Any) -> bytes:
    return msgpack.Packer(**kwargs).pack(value)


def numpy_map(**parts: Any) -> dict[bytes, Any]:
    return {key.encode(): value for key, value in parts.items()}


def event(**changes: Any) -> dict[str, Any]:
    return {"uid": "e", "descriptor": "nobody's", "seq_num": 1, "time": EPOCH, "data": {}, "timestamps": {}, **changes}


def corpus(trap: str) -> list[Hostile]:
    """Return hostile records; `trap` is a path that must not exist afterwards."""
    start = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
    bomb = numpy_map(nd=True, type="|O", kind=b"O", shape=[1], data=pickle.dumps(Executed(trap)))
    fields = numpy_map(nd=True, type=[["f", "<f8"]], kind=b"V", shape=[1], data=b"\0" * 8)
    short = numpy_map(nd=True, type="<f8", kind=b"", shape=[10**6], data=b"\0" * 8)
    stop = {"uid": "s", "run_start": "nobody's", "time": EPOCH, "exit_status": "success"}
    big = {**start, "junk": np.zeros(10 * 2**20 // 8)}
    return [
        Hostile("garbage", CONTROL, b"\xc1\xff\x00garbage", "undecodable", "msgpack"),
        Hostile("garbage document", DOCUMENTS, b"\x93\xff", "undecodable", "msgpack"),
        Hostile("empty", CONTROL, b"", "undecodable", "msgpack"),
        Hostile("no value", CONTROL, None, "undecodable", "without a value"),
        Hostile("truncated", CONTROL, encode("bmm", start)[:-5], "undecodable", "msgpack"),
        Hostile("trailing", CONTROL, encode("bmm", start) + b"\x00", "undecodable", "msgpack"),
        Hostile("binary keys", CONTROL, raw(["bmm", {b"linescan": "start"}]), "undecodable", "key"),
        Hostile("a number", CONTROL, raw(5), "undecodable", "expected"),
        Hostile("three members", CONTROL, raw(["bmm", {}, 1]), "undecodable", "expected"),
        Hostile("a list for a mapping", CONTROL, raw(["bmm", [1]]), "undecodable", "expected a mapping"),
        Hostile("a number for a name", DOCUMENTS, raw([1, {}]), "undecodable", "expected text"),
        Hostile(
            "not UTF-8",
            CONTROL,
            raw(["bmm", {"mkdir": "\udcff"}], unicode_errors="surrogateescape"),
            "undecodable",
            "utf",
        ),
        Hostile("pickle", CONTROL, raw(["bmm", {**start, "extra": bomb}]), "undecodable", "refused"),
        Hostile("pickle in a document", DOCUMENTS, raw(["event", event(data={"x": bomb})]), "undecodable", "refused"),
        Hostile("structured array", CONTROL, raw(["bmm", {**start, "extra": fields}]), "undecodable", "refused"),
        Hostile("short buffer", CONTROL, raw(["bmm", {**start, "extra": short}]), "undecodable", "length"),
        Hostile("10 MB array", CONTROL, encode("bmm", big), "undecodable", "limit"),
        Hostile("10 MB document", DOCUMENTS, encode("event", event(data=big)), "undecodable", "limit"),
        Hostile("deeply nested", CONTROL, b"\x91" * 100_000, "undecodable", ""),
        Hostile("unknown kind", CONTROL, encode("bmm", {"make_coffee": True}), "unknown", "make_coffee"),
        Hostile("nothing", CONTROL, encode("bmm", {}), "unknown", ""),
        Hostile("document on the control topic", CONTROL, encode("event", event()), "unknown", "'event'"),
        Hostile("message on the document topic", DOCUMENTS, encode("bmm", start), "invalid", "bmm"),
        Hostile("two kinds", CONTROL, encode("bmm", {**start, "mkdir": "/tmp/x"}), "invalid", "mkdir"),
        Hostile("unknown action", CONTROL, encode("bmm", {"linescan": "dance"}), "invalid", "dance"),
        Hostile("missing field", CONTROL, encode("bmm", {"linescan": "start"}), "invalid", "detector"),
        Hostile("wrong type", CONTROL, encode("bmm", {**start, "motor": [1]}), "invalid", "motor"),
        Hostile("NaN", CONTROL, encode("bmm", {"xafsscan": "next", "count": float("nan")}), "invalid", "count"),
        Hostile("file manager's field", CONTROL, encode("bmm", {"xasxdi": True}), "invalid", "uid"),
        Hostile("event for an unknown descriptor", DOCUMENTS, encode("event", event()), "invalid", "nobody's"),
        Hostile("stop without start", DOCUMENTS, encode("stop", stop), "invalid", "nobody's"),
        Hostile("stop of nothing", CONTROL, encode("bmm", {"xafsscan": "stop"}), "failed", "no xafsscan is open"),
        Hostile("year 2200", DOCUMENTS, encode("start", {"uid": "u", "time": 7.3e9}), "invalid", "time"),
        Hostile("NaN time", DOCUMENTS, encode("start", {"uid": "u", "time": float("nan")}), "invalid", "time"),
        Hostile("no uid", DOCUMENTS, encode("start", {"time": EPOCH}), "invalid", "uid"),
        Hostile("text for seq_num", DOCUMENTS, encode("event", event(seq_num="1")), "invalid", "seq_num"),
    ]
