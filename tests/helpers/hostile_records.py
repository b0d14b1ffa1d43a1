"""Records that cannot be used, and records that look bad but are data."""

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
class HostileRecord:
    name: str
    topic: str
    value: bytes | None
    outcome: str
    reason: str


class ExecutionProbe:
    """Unpickling this makes a directory: the proof that something was executed."""

    def __init__(self, path: str):
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


def pack_raw(value: Any, **kwargs: Any) -> bytes:
    return msgpack.Packer(**kwargs).pack(value)


def make_numpy_map(**parts: Any) -> dict[bytes, Any]:
    return {key.encode(): value for key, value in parts.items()}


def make_event(**changes: Any) -> dict[str, Any]:
    return {"uid": "e", "descriptor": "nobody's", "seq_num": 1, "time": EPOCH, "data": {}, "timestamps": {}, **changes}


def list_hostile_records(trap: str) -> list[HostileRecord]:
    """Return hostile records; `trap` is a path that must not exist afterwards."""
    start = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
    bomb = make_numpy_map(nd=True, type="|O", kind=b"O", shape=[1], data=pickle.dumps(ExecutionProbe(trap)))
    fields = make_numpy_map(nd=True, type=[["f", "<f8"]], kind=b"V", shape=[1], data=b"\0" * 8)
    short = make_numpy_map(nd=True, type="<f8", kind=b"", shape=[10**6], data=b"\0" * 8)
    stop = {"uid": "s", "run_start": "nobody's", "time": EPOCH, "exit_status": "success"}
    big = {**start, "junk": np.zeros(10 * 2**20 // 8)}
    return [
        HostileRecord("garbage", CONTROL, b"\xc1\xff\x00garbage", "undecodable", "msgpack"),
        HostileRecord("garbage document", DOCUMENTS, b"\x93\xff", "undecodable", "msgpack"),
        HostileRecord("empty", CONTROL, b"", "undecodable", "msgpack"),
        HostileRecord("no value", CONTROL, None, "undecodable", "without a value"),
        HostileRecord("truncated", CONTROL, encode("bmm", start)[:-5], "undecodable", "msgpack"),
        HostileRecord("trailing", CONTROL, encode("bmm", start) + b"\x00", "undecodable", "msgpack"),
        HostileRecord("binary keys", CONTROL, pack_raw(["bmm", {b"linescan": "start"}]), "undecodable", "key"),
        HostileRecord("a number", CONTROL, pack_raw(5), "undecodable", "expected"),
        HostileRecord("three members", CONTROL, pack_raw(["bmm", {}, 1]), "undecodable", "expected"),
        HostileRecord("a list for a mapping", CONTROL, pack_raw(["bmm", [1]]), "undecodable", "expected a mapping"),
        HostileRecord("a number for a name", DOCUMENTS, pack_raw([1, {}]), "undecodable", "expected text"),
        HostileRecord(
            "not UTF-8",
            CONTROL,
            pack_raw(["bmm", {"mkdir": "\udcff"}], unicode_errors="surrogateescape"),
            "undecodable",
            "utf",
        ),
        HostileRecord("pickle", CONTROL, pack_raw(["bmm", {**start, "motor": bomb}]), "invalid", "not decoded"),
        HostileRecord(
            "pickle in a document",
            DOCUMENTS,
            pack_raw(["event", make_event(descriptor="unpickled", data={"x": bomb})]),
            "invalid",
            "unpickled",
        ),
        HostileRecord(
            "structured array", CONTROL, pack_raw(["bmm", {**start, "motor": fields}]), "invalid", "not decoded"
        ),
        HostileRecord("short buffer", CONTROL, pack_raw(["bmm", {**start, "extra": short}]), "undecodable", "length"),
        HostileRecord("10 MB array", CONTROL, encode("bmm", big), "undecodable", "limit"),
        HostileRecord("10 MB document", DOCUMENTS, encode("event", make_event(data=big)), "undecodable", "limit"),
        HostileRecord("deeply nested", CONTROL, b"\x91" * 100_000, "undecodable", ""),
        HostileRecord("unknown kind", CONTROL, encode("bmm", {"make_coffee": True}), "unknown", "make_coffee"),
        HostileRecord("nothing", CONTROL, encode("bmm", {}), "unknown", ""),
        HostileRecord("document on the control topic", CONTROL, encode("event", make_event()), "unknown", "'event'"),
        HostileRecord("message on the document topic", DOCUMENTS, encode("bmm", start), "invalid", "bmm"),
        HostileRecord("two kinds", CONTROL, encode("bmm", {**start, "mkdir": "/tmp/x"}), "invalid", "mkdir"),
        HostileRecord("unknown action", CONTROL, encode("bmm", {"linescan": "dance"}), "invalid", "dance"),
        HostileRecord("missing field", CONTROL, encode("bmm", {"linescan": "start"}), "invalid", "detector"),
        HostileRecord("wrong type", CONTROL, encode("bmm", {**start, "motor": [1]}), "invalid", "motor"),
        HostileRecord("NaN", CONTROL, encode("bmm", {"xafsscan": "next", "count": float("nan")}), "invalid", "count"),
        HostileRecord("file manager's field", CONTROL, encode("bmm", {"xasxdi": True}), "invalid", "uid"),
        HostileRecord(
            "event for an unknown descriptor", DOCUMENTS, encode("event", make_event()), "invalid", "nobody's"
        ),
        HostileRecord("stop without start", DOCUMENTS, encode("stop", stop), "invalid", "nobody's"),
        HostileRecord("stop of nothing", CONTROL, encode("bmm", {"xafsscan": "stop"}), "failed", "no xafsscan is open"),
        HostileRecord("year 2200", DOCUMENTS, encode("start", {"uid": "u", "time": 7.3e9}), "invalid", "time"),
        HostileRecord("NaN time", DOCUMENTS, encode("start", {"uid": "u", "time": float("nan")}), "invalid", "time"),
        HostileRecord("no uid", DOCUMENTS, encode("start", {"time": EPOCH}), "invalid", "uid"),
        HostileRecord("text for seq_num", DOCUMENTS, encode("event", make_event(seq_num="1")), "invalid", "seq_num"),
    ]
