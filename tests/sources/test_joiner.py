"""Runs that come from several sources."""

from __future__ import annotations

from typing import Any

import pytest

from xafs_workers.consumer.records import RawRecord
from xafs_workers.scans.items import Document, RecordPosition
from xafs_workers.sources import joiner
from xafs_workers.sources.joiner import WAIT_SECONDS, RunJoiner

UID = "11111111-aaaa"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Station:
    """Documents of one run of four points, from two sources with descriptors of their own."""

    def __init__(self, *sources: str, losing: tuple[str, ...] = ("zmq",)):
        self.clock = Clock()
        self.joiner = RunJoiner(sources, losing, lambda topic: topic, self.clock)
        self.offset = 0
        self.applied: list[tuple[str, Any]] = []

    def put(self, source: str, name: str, doc: dict[str, Any]) -> None:
        self.offset += 1
        position = RecordPosition(source, 0, self.offset)
        self.note(self.joiner.add(RawRecord(position, 1.0, None, None), Document(name, doc, 1.0, position)))

    def note(self, entries: list[tuple[RawRecord, Document]]) -> None:
        for _, item in entries:
            self.applied.append((item.name, item.doc.get("seq_num", item.position.topic)))

    def wait(self) -> None:
        self.clock.now += WAIT_SECONDS
        self.note(self.joiner.take_due())

    def start(self, source: str) -> None:
        self.put(source, "start", {"uid": UID, "time": 1.0})
        self.put(source, "descriptor", {"uid": f"d-{source}", "run_start": UID, "name": "primary", "data_keys": {}})

    def points(self, source: str, *numbers: int, value: float = 1.0) -> None:
        for number in numbers:
            doc = {
                "uid": f"{number}",
                "descriptor": f"d-{source}",
                "seq_num": number,
                "time": 2.0,
                "data": {"a": value},
            }
            self.put(source, "event", doc)

    def stop(self, source: str, points: int = 4) -> None:
        self.put(source, "stop", {"uid": "s", "run_start": UID, "num_events": {"primary": points}})

    @property
    def events(self) -> list[int]:
        return [number for name, number in self.applied if name == "event"]

    @property
    def stops(self) -> int:
        return sum(name == "stop" for name, _ in self.applied)


def test_second_source_doubles_nothing() -> None:
    one = Station("kafka", "zmq")
    one.start("kafka")
    one.start("zmq")
    for number in range(1, 5):
        one.points("zmq", number)
        one.points("kafka", number)
    one.stop("zmq")
    one.stop("kafka")
    assert one.events == [1, 2, 3, 4]
    assert one.stops == 1
    assert [name for name, _ in one.applied[:2]] == ["start", "descriptor"]


def test_stop_waits_for_points_of_others() -> None:
    one = Station("zmq", "tiled")
    one.start("zmq")
    one.start("tiled")
    one.points("zmq", 1, 4)
    one.stop("zmq")
    assert (one.events, one.stops) == ([1, 4], 0)
    one.points("tiled", 1, 2, 3)
    assert (sorted(one.events), one.stops) == ([1, 2, 3, 4], 1)
    assert one.joiner.take_losses() == []
    one.points("tiled", 4)
    one.stop("tiled")
    assert (len(one.events), one.stops) == (4, 1)


def test_points_that_never_arrive_are_told() -> None:
    one = Station("zmq", "tiled")
    one.start("zmq")
    one.points("zmq", 1)
    one.stop("zmq")
    one.wait()
    assert one.stops == 1
    assert one.joiner.take_losses() == [(UID, "3 of 4 points never arrived")]
    assert one.joiner.take_losses() == []


def test_single_losing_source_does_not_wait() -> None:
    one = Station("zmq")
    one.start("zmq")
    one.points("zmq", 1, 2, 3)
    one.stop("zmq")
    assert one.stops == 1
    assert one.joiner.take_losses() == [(UID, "1 of 4 points never arrived")]


def test_run_whose_start_was_missed_is_told() -> None:
    one = Station("zmq")
    one.points("zmq", 3, 4)
    assert one.joiner.waits_for == "zmq: the next run, as the start document of the present one never arrived"
    one.stop("zmq")
    assert one.joiner.waits_for == ""
    one.stop("zmq")
    assert one.applied == []
    assert one.joiner.take_losses() == [(UID, "its start document never arrived")]


def test_other_source_ends_the_run_of_a_dead_leader() -> None:
    one = Station("kafka", "tiled", losing=())
    one.start("kafka")
    one.points("kafka", 1)
    one.start("tiled")
    one.points("tiled", 1, 2, 3, 4)
    one.stop("tiled")
    assert (one.events, one.stops) == ([1], 0)
    one.wait()
    assert (one.events, one.stops) == ([1, 2, 3, 4], 1)
    one.points("kafka", 2, 3, 4)  # the leader is back: its points replace those with the same numbers
    one.stop("kafka")
    assert one.events == [1, 2, 3, 4, 2, 3, 4]


def test_repeated_point_of_the_leader_replaces() -> None:
    one = Station("kafka", "zmq")
    one.start("kafka")
    one.points("kafka", 1, 2, 2, 3)
    assert one.events == [1, 2, 2, 3]


@pytest.mark.parametrize("first", ["kafka", "zmq"])
def test_other_values_are_logged_once(first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[dict[str, Any]] = []
    monkeypatch.setattr(joiner.log, "warning", lambda event, **fields: logged.append(fields))
    one = Station("kafka", "zmq")
    one.start("kafka")
    one.start("zmq")
    second = "zmq" if first == "kafka" else "kafka"
    for number in (1, 2, 3):
        one.points(first, number, value=1.0 if first == "kafka" else 2.0)
        one.points(second, number, value=1.0 if second == "kafka" else 2.0)
    assert one.events == [1, 2, 3]
    assert [(entry["point"], entry["used"], entry["other"]) for entry in logged] == [(1, "kafka", "zmq")]


def test_pages_of_others_fill_single_points() -> None:
    one = Station("zmq", "tiled")
    one.start("zmq")
    one.start("tiled")
    one.points("zmq", 1, 3)
    page = {
        "descriptor": "d-tiled",
        "uid": [],
        "seq_num": [1, 2, 3],
        "time": [1.0, 2.0, 3.0],
        "data": {"a": [1.0, 2.0, 3.0]},
    }
    one.put("tiled", "event_page", page)
    one.stop("zmq", points=3)
    assert sorted(one.events) == [1, 2, 3]


def test_open_runs_hold_back_the_records_of_each_source() -> None:
    one = Station("kafka", "zmq")
    one.start("kafka")
    one.start("zmq")
    held = {str(item.position) for item in one.joiner.pending()}
    assert held == {"kafka/0/1", "zmq/0/3"}
    one.points("kafka", 1)
    one.stop("kafka", points=1)
    assert list(one.joiner.pending()) == []
    assert {str(position) for position in one.joiner.list_starts(UID)} == {"kafka/0/1", "zmq/0/3"}
