"""Operators' tools on strange records: none crashes, and nothing in a record acts on the terminal."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from helpers import message_values
from helpers.example_counts import scale_examples
from xafs_workers.cli.dead_letters import _format_line, _to_dict
from xafs_workers.cli.status import build_table
from xafs_workers.consumer.records import RawRecord
from xafs_workers.diagnostics.printable import dump_json, escape_unprintable, format_time
from xafs_workers.diagnostics.watch import format_record
from xafs_workers.diagnostics.worker_status import WorkerTable
from xafs_workers.scans.items import RecordPosition
from xafs_workers.settings import Settings
from xafs_workers.wire import DeadLetter, DecodeError, decode, encode

BAD_TIME = bytes.fromhex(
    "92a673746174757385a6776f726b6572a178a4686f7374a168a370696406a57374617465a772756e6e696e67ac6c6173745f6d657373616765"
    "83a46b696e64a161a6616374696f6ea162a474696d65cb7fe1ccf385ebc8a0"
)
"""Heartbeat whose last message has the time 1e308."""

FIELDS = (
    "worker",
    "version",
    "host",
    "pid",
    "state",
    "time",
    "uptime",
    "every",
    "behind",
    "behind_seconds",
    "waits_for",
    "last_message",
    "last_files",
    "last_error",
)
times = st.sampled_from([1e300, -1e300, 1e18, float("nan"), float("inf"), -1, 2**63, 0])
beats = st.dictionaries(
    st.sampled_from(FIELDS),
    message_values.values | times | st.fixed_dictionaries({"time": times, "kind": message_values.values}),
).map(lambda beat: {**beat, "worker": "x"})
SPOILED = "a\x1b[2Jb\x9b31mc\u202ed\u2066e\x07\r\n\x85"


def make_record(value: bytes, topic: str = "status") -> RawRecord:
    return RawRecord(RecordPosition(topic, 0, 1), 100.0, None, value)


def show_status(*values: bytes) -> str:
    """Return what `status` prints, having tried its JSON too."""
    workers = WorkerTable()
    for value in values:
        workers.add_record(make_record(value))
    shown = workers.list_workers(101.0)
    json.loads(dump_json([worker.as_dict(101.0) for worker in shown], indent=2))
    console = Console(width=300)
    with console.capture() as capture:
        console.print(build_table(shown, 101.0))
    return capture.get()


def test_a_heartbeat_with_an_impossible_time_is_shown() -> None:
    good = encode("status", {"worker": "good", "state": "running", "last_message": {"time": 1e9, "kind": "close"}})
    text = show_status(BAD_TIME, good)
    assert "? a b" in text
    assert "good" in text


@pytest.mark.slow
@given(beat=beats)
@settings(max_examples=scale_examples(200))
def test_any_heartbeat_is_shown(beat: dict[str, Any]) -> None:
    show_status(encode("status", beat))


@pytest.mark.parametrize("time", [1e300, -1e300, float("inf"), float("nan")])
def test_a_dead_letter_with_an_impossible_time_is_listed(time: float) -> None:
    letter = DeadLetter("headless", "t", 0, 1, time, "failed", "so")
    assert _format_line(letter).startswith("?  t/0/1  headless")
    assert _to_dict(letter)["time"] == "?"


@pytest.mark.slow
@given(message=message_values.messages, topic=st.sampled_from(["control", "documents", "answers", "status"]))
@settings(max_examples=scale_examples(200))
def test_any_record_is_a_line(message: dict[str, Any], topic: str) -> None:
    for tag in ("bmm", "start", "descriptor", "event", "stop", "answer", "dead-letter", "status"):
        line = format_record(make_record(encode(tag, message), topic), topic, Settings())
        assert line.isprintable()
        assert not line.startswith("UNREADABLE")


@given(value=message_values.values)
@settings(max_examples=scale_examples(100))
def test_any_value_is_json_without_unprintable_characters(value: Any) -> None:
    try:
        _, body = decode(encode("event", {"value": value}))
    except DecodeError:
        return
    text = dump_json(body)
    assert text.isprintable()
    json.loads(text)


def test_controls_and_bidirectional_marks_are_escaped() -> None:
    assert escape_unprintable(SPOILED) == r"a\x1b[2Jb\x9b31mc\u202ed\u2066e\x07\r\n\x85"
    assert json.loads(dump_json({SPOILED: SPOILED})) == {SPOILED: SPOILED}
    assert dump_json(SPOILED).isprintable()
    letter = DeadLetter(SPOILED, "t", 0, 1, 1.0, "failed", SPOILED, SPOILED)
    assert escape_unprintable(_format_line(letter)).isprintable()


def test_times_are_formatted() -> None:
    assert format_time(0.0, "%Y") in ("1969", "1970")
    assert format_time(1e300) == format_time("x") == format_time(True) == "?"
