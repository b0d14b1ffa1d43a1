"""What is read comes in the order of record times, and catching up ends when all of it has been released."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from xafs_workers.consumer import ordered_reader as intake_module
from xafs_workers.consumer.ordered_reader import OrderedReader
from xafs_workers.consumer.source import EndOfPartition, Partition, RawRecord
from xafs_workers.scans.items import RecordPosition

A: Partition = ("control", 0)
B: Partition = ("documents", 0)
EMPTY: Partition = ("documents", 1)


class ScriptedSource:
    """A source that gives one list of entries a turn."""

    def __init__(self, *turns: list[RawRecord | EndOfPartition]):
        self.turns = list(turns)
        self.paused: set[Partition] = set()
        self.added: tuple[Partition, ...] = ()

    def poll(self, timeout: float, limit: int = 500) -> list[RawRecord | EndOfPartition]:
        return self.turns.pop(0) if self.turns else []

    def store(self, positions: dict[Partition, int]) -> bool:
        return True

    def pause(self, partitions: Iterable[Partition]) -> None:
        self.paused |= set(partitions)

    def resume(self, partitions: Iterable[Partition]) -> None:
        self.paused -= set(partitions)

    def refresh_partitions(self) -> tuple[Partition, ...]:
        added, self.added = self.added, ()
        return added

    def is_at_end(self) -> bool:
        return True


def record(partition: Partition, offset: int, time: float) -> RawRecord:
    return RawRecord(RecordPosition(*partition, offset), time, None, b"")


def test_an_empty_partition_delays_being_caught_up() -> None:
    source = ScriptedSource(
        [record(A, 0, 1.0), EndOfPartition(A, 1)],
        [record(B, 0, 2.0), EndOfPartition(B, 1)],
        [EndOfPartition(EMPTY, 0)],
    )
    intake = OrderedReader(source)
    intake.begin({A: 0, B: 0, EMPTY: 0}, {A: 1, B: 1, EMPTY: 0})
    assert (intake.take(0.0), intake.caught_up) == ([], False)
    assert (intake.take(0.0), intake.caught_up) == ([], False)
    assert ([r.partition for r in intake.take(0.0)], intake.caught_up) == ([A, B], True)


def test_a_last_offset_without_a_record_counts_as_caught_up() -> None:
    source = ScriptedSource([record(A, 0, 1.0), EndOfPartition(A, 2)], [EndOfPartition(B, 0)])
    intake = OrderedReader(source)
    intake.begin({A: 0, B: 0}, {A: 2, B: 0})
    assert (intake.take(0.0), intake.caught_up) == ([], False)
    assert (len(intake.take(0.0)), intake.caught_up) == (1, True)


def test_empty_topics_are_caught_up_at_once() -> None:
    intake = OrderedReader(ScriptedSource())
    intake.begin({A: 5}, {A: 5})
    assert intake.caught_up
    assert intake.take(0.0) == []
    assert intake.idle


def test_a_partition_ahead_of_the_other_is_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "MAX_AHEAD_RECORDS", 3)
    source = ScriptedSource([record(A, i, float(i)) for i in range(4)], [EndOfPartition(B, 0)])
    intake = OrderedReader(source)
    intake.begin({A: 0, B: 0}, {A: 4, B: 0})
    assert intake.take(0.0) == []
    assert source.paused == {A}
    assert len(intake.take(0.0)) == 4
    assert source.paused == set()


def test_added_partitions_are_read() -> None:
    now = 0.0
    source = ScriptedSource([EndOfPartition(A, 0)], [record(B, 0, 1.0), EndOfPartition(B, 1)])
    intake = OrderedReader(source, lambda: now)
    intake.begin({A: 0}, {})
    source.added = (B,)
    assert intake.take(0.0) == []
    now = intake_module.PARTITION_REFRESH_SECONDS
    assert [r.partition for r in intake.take(0.0)] == [B]
