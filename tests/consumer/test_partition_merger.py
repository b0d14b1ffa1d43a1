"""The timeline: catching up in record-time order, live at once, nothing lost, each partition in its own order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xafs_workers.consumer.partition_merger import PartitionMerger
from xafs_workers.consumer.records import EndOfPartition, Partition, RawRecord, compute_record_time
from xafs_workers.scans.items import RecordPosition

A, B, C = ("control", 0), ("documents", 0), ("documents", 1)


def record(partition: Partition, offset: int, time: float, value: bytes = b"v") -> RawRecord:
    return RawRecord(RecordPosition(*partition, offset), time, None, value)


def test_records_are_caught_up_in_order_of_record_time():
    timeline = PartitionMerger([A, B])
    for entry in [record(A, 0, 5.0), record(A, 1, 6.0), EndOfPartition(A, 2), record(B, 0, 1.0), record(B, 1, 5.5)]:
        timeline.add_entry(entry)
    assert [r.time for r in timeline.release_ready()] == [1.0, 5.0, 5.5], (
        "6.0 waits: B may hold something earlier still"
    )
    timeline.add_entry(EndOfPartition(B, 2))
    assert [r.time for r in timeline.release_ready()] == [6.0]


def test_an_unread_partition_holds_back_the_others():
    timeline = PartitionMerger([A, B])
    timeline.add_entry(record(A, 0, 1.0))
    timeline.add_entry(EndOfPartition(A, 1))
    assert timeline.release_ready() == []
    timeline.add_entry(EndOfPartition(B, 0))
    assert [r.time for r in timeline.release_ready()] == [1.0]


def test_live_records_are_released_at_once():
    timeline = PartitionMerger([A, B])
    timeline.add_entry(EndOfPartition(A, 0))
    timeline.add_entry(EndOfPartition(B, 0))
    for offset in range(3):
        timeline.add_entry(record(A, offset, float(offset)))
        assert len(timeline.release_ready()) == 1, "B stands at its end"
        timeline.add_entry(EndOfPartition(A, offset + 1))


def test_a_partition_behind_the_others_holds_them_back():
    timeline = PartitionMerger([A, B])
    timeline.add_entry(EndOfPartition(A, 0))
    timeline.add_entry(EndOfPartition(B, 0))
    timeline.add_entry(record(A, 0, 1.0))
    timeline.add_entry(record(B, 0, 2.0))
    assert [r.time for r in timeline.release_ready()] == [1.0], "after A's record there may be another before 2.0"
    timeline.add_entry(record(A, 1, 1.5))
    assert [r.time for r in timeline.release_ready()] == [1.5]
    timeline.add_entry(EndOfPartition(A, 2))
    assert [r.time for r in timeline.release_ready()] == [2.0]


def test_equal_times_are_ordered_by_position():
    timeline = PartitionMerger([B, A])
    timeline.add_entry(record(B, 0, 1.0))
    timeline.add_entry(record(A, 0, 1.0))
    timeline.add_entry(EndOfPartition(A, 1))
    timeline.add_entry(EndOfPartition(B, 1))
    assert [r.partition for r in timeline.release_ready()] == [A, B]


def test_a_partition_keeps_its_order_despite_decreasing_times():
    timeline = PartitionMerger([A])
    for offset, time in enumerate([3.0, 1.0, 2.0]):
        timeline.add_entry(record(A, offset, time))
    assert [r.position.offset for r in timeline.release_ready()] == [0, 1, 2]


def test_the_backlog_shows_which_partition_is_ahead():
    timeline = PartitionMerger([A, B])
    for offset in range(3):
        timeline.add_entry(record(A, offset, 1.0, b"12345"))
    assert timeline.backlog == {A: 3, B: 0}
    assert timeline.backlog_bytes == {A: 15, B: 0}
    timeline.add_entry(EndOfPartition(B, 0))
    timeline.release_ready()
    assert timeline.backlog == {A: 0, B: 0}
    assert timeline.backlog_bytes == {A: 0, B: 0}


def test_a_new_partition_is_awaited_and_an_unknown_one_refused():
    timeline = PartitionMerger([A])
    timeline.add_entry(EndOfPartition(A, 0))
    timeline.add_partitions([B])
    timeline.add_partitions([A])  # known: nothing changes
    timeline.add_entry(record(A, 0, 1.0))
    assert timeline.release_ready() == []
    timeline.add_entry(EndOfPartition(B, 0))
    assert len(timeline.release_ready()) == 1
    with pytest.raises(KeyError):
        timeline.add_entry(EndOfPartition(C, 0))


def test_drain_returns_all_records_in_order_without_waiting():
    timeline = PartitionMerger([A, B, C])
    timeline.add_entry(record(A, 0, 2.0))
    timeline.add_entry(record(B, 0, 1.0))
    assert timeline.release_ready() == []
    assert [r.time for r in timeline.drain()] == [1.0, 2.0]
    assert timeline.drain() == []


# Properties --------------------------------------------------------------------------------------------------------

times = st.lists(st.integers(0, 20).map(float), max_size=12)


@st.composite
def draw_feeds(draw: st.DrawFn, *, sort: bool) -> list[tuple[Partition, list[RawRecord | EndOfPartition]]]:
    """Draw partitions, each with its entries in order: records, and reports of the end between them and at last."""
    partitions = [("topic", n) for n in range(draw(st.integers(1, 4)))]
    lanes = []
    for partition in partitions:
        given_times = draw(times)
        entries: list[RawRecord | EndOfPartition] = []
        for offset, time in enumerate(sorted(given_times) if sort else given_times):
            if not sort and draw(st.booleans()):
                entries.append(EndOfPartition(partition, offset))
            entries.append(record(partition, offset, time))
        lanes.append((partition, [*entries, EndOfPartition(partition, len(given_times))]))
    return lanes


def interleave(draw: st.DrawFn, lanes: list[tuple[Partition, list[RawRecord | EndOfPartition]]]):
    rest = [list(entries) for _, entries in lanes]
    while any(rest):
        chosen = draw(st.sampled_from([lane for lane in rest if lane]))
        yield chosen.pop(0)


def find_next_record(queued: dict[Partition, list[RawRecord]], at_end: dict[Partition, bool]) -> RawRecord | None:
    """Say by the definition alone, and slowly, which record's turn it is."""
    if any(not queued[p] and not at_end[p] for p in queued):
        return None
    heads = [queue[0] for queue in queued.values() if queue]
    return min(heads, key=lambda r: (r.time, r.position), default=None)


@given(st.data())
def test_released_records_match_a_simple_reference(data: st.DataObject):
    lanes = data.draw(draw_feeds(sort=False))
    timeline = PartitionMerger([partition for partition, _ in lanes])
    queued: dict[Partition, list[RawRecord]] = {partition: [] for partition, _ in lanes}
    at_end = dict.fromkeys(queued, False)
    for entry in interleave(data.draw, lanes):
        timeline.add_entry(entry)
        at_end[entry.partition] = isinstance(entry, EndOfPartition)
        if isinstance(entry, RawRecord):
            queued[entry.partition].append(entry)
        expected = []
        while (head := find_next_record(queued, at_end)) is not None:
            expected.append(queued[head.partition].pop(0))
        assert timeline.release_ready() == expected
        assert timeline.backlog == {partition: len(queue) for partition, queue in queued.items()}


@given(st.data())
def test_catch_up_sorts_records_in_any_order_of_arrival(data: st.DataObject):
    lanes = data.draw(draw_feeds(sort=True))
    timeline = PartitionMerger([partition for partition, _ in lanes])
    released: list[RawRecord] = []
    for entry in interleave(data.draw, lanes):
        timeline.add_entry(entry)
        released += timeline.release_ready()
    records = [entry for _, entries in lanes for entry in entries if isinstance(entry, RawRecord)]
    assert released == sorted(records, key=lambda r: (r.time, r.position))


@given(st.data())
def test_no_record_is_lost_repeated_or_reordered(data: st.DataObject):
    lanes = data.draw(draw_feeds(sort=False))
    timeline = PartitionMerger([partition for partition, _ in lanes])
    released: list[RawRecord] = []
    for entry in interleave(data.draw, lanes):
        timeline.add_entry(entry)
        if data.draw(st.booleans()):
            released += timeline.release_ready()
    released += timeline.release_ready()
    for partition, entries in lanes:
        assert [r for r in released if r.partition == partition] == [e for e in entries if isinstance(e, RawRecord)]


# Times -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        (1_000_000_500, 1_000_000.5),
        (0, 0.0),
        (None, 2_000_000.0),
        (-1, 2_000_000.0),
        (2_003_600_000, 2_003_600.0),
        (2_003_600_001, 2_000_000.0),
    ],
    ids=["given", "zero", "none", "negative", "an hour ahead", "more than an hour ahead"],
)
def test_the_record_time_is_computed(milliseconds: int | None, expected: float):
    assert compute_record_time(milliseconds, now=2_000_000.0) == expected
