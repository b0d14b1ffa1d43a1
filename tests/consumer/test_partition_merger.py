"""The timeline: catching up in record-time order, live at once, nothing lost, each partition in its own order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xafs_workers.consumer.partition_merger import Timeline
from xafs_workers.consumer.records import EndOfPartition, Partition, RawRecord, record_time
from xafs_workers.scans.items import Origin

A, B, C = ("control", 0), ("documents", 0), ("documents", 1)


def record(partition: Partition, offset: int, time: float, value: bytes = b"v") -> RawRecord:
    return RawRecord(Origin(*partition, offset), time, None, value)


def test_catching_up_is_in_the_order_of_record_times():
    timeline = Timeline([A, B])
    for entry in [record(A, 0, 5.0), record(A, 1, 6.0), EndOfPartition(A, 2), record(B, 0, 1.0), record(B, 1, 5.5)]:
        timeline.feed(entry)
    assert [r.time for r in timeline.ready()] == [1.0, 5.0, 5.5], "6.0 waits: B may hold something earlier still"
    timeline.feed(EndOfPartition(B, 2))
    assert [r.time for r in timeline.ready()] == [6.0]


def test_nothing_passes_a_partition_of_which_nothing_is_known():
    timeline = Timeline([A, B])
    timeline.feed(record(A, 0, 1.0))
    timeline.feed(EndOfPartition(A, 1))
    assert timeline.ready() == []
    assert timeline.waits_for == (B,)
    timeline.feed(EndOfPartition(B, 0))
    assert [r.time for r in timeline.ready()] == [1.0]


def test_live_records_pass_at_once():
    timeline = Timeline([A, B])
    timeline.feed(EndOfPartition(A, 0))
    timeline.feed(EndOfPartition(B, 0))
    for offset in range(3):
        timeline.feed(record(A, offset, float(offset)))
        assert len(timeline.ready()) == 1, "B stands at its end"
        timeline.feed(EndOfPartition(A, offset + 1))


def test_a_partition_that_fell_behind_holds_the_others_back():
    timeline = Timeline([A, B])
    timeline.feed(EndOfPartition(A, 0))
    timeline.feed(EndOfPartition(B, 0))
    timeline.feed(record(A, 0, 1.0))
    timeline.feed(record(B, 0, 2.0))
    assert [r.time for r in timeline.ready()] == [1.0], "after A's record there may be another before 2.0"
    timeline.feed(record(A, 1, 1.5))
    assert [r.time for r in timeline.ready()] == [1.5]
    timeline.feed(EndOfPartition(A, 2))
    assert [r.time for r in timeline.ready()] == [2.0]


def test_equal_times_are_ordered_by_origin():
    timeline = Timeline([B, A])
    timeline.feed(record(B, 0, 1.0))
    timeline.feed(record(A, 0, 1.0))
    timeline.feed(EndOfPartition(A, 1))
    timeline.feed(EndOfPartition(B, 1))
    assert [r.partition for r in timeline.ready()] == [A, B]


def test_one_partition_keeps_its_order_though_its_times_run_backwards():
    timeline = Timeline([A])
    for offset, time in enumerate([3.0, 1.0, 2.0]):
        timeline.feed(record(A, offset, time))
    assert [r.origin.offset for r in timeline.ready()] == [0, 1, 2]


def test_backlog_tells_which_partition_runs_ahead():
    timeline = Timeline([A, B])
    for offset in range(3):
        timeline.feed(record(A, offset, 1.0, b"12345"))
    assert timeline.backlog == {A: 3, B: 0}
    assert timeline.backlog_bytes == {A: 15, B: 0}
    timeline.feed(EndOfPartition(B, 0))
    timeline.ready()
    assert timeline.backlog == {A: 0, B: 0}
    assert timeline.backlog_bytes == {A: 0, B: 0}


def test_a_new_partition_is_waited_for_and_an_unknown_one_refused():
    timeline = Timeline([A])
    timeline.feed(EndOfPartition(A, 0))
    timeline.add([B])
    timeline.add([A])  # known: nothing changes
    timeline.feed(record(A, 0, 1.0))
    assert timeline.ready() == []
    timeline.feed(EndOfPartition(B, 0))
    assert len(timeline.ready()) == 1
    with pytest.raises(KeyError):
        timeline.feed(EndOfPartition(C, 0))


def test_drain_gives_everything_in_order_without_waiting():
    timeline = Timeline([A, B, C])
    timeline.feed(record(A, 0, 2.0))
    timeline.feed(record(B, 0, 1.0))
    assert timeline.ready() == []
    assert [r.time for r in timeline.drain()] == [1.0, 2.0]
    assert timeline.drain() == []


# Properties --------------------------------------------------------------------------------------------------------

times = st.lists(st.integers(0, 20).map(float), max_size=12)


@st.composite
def feeds(draw: st.DrawFn, *, sort: bool) -> list[tuple[Partition, list[RawRecord | EndOfPartition]]]:
    """Partitions, each with its entries in order: records, with news of the end in between and at last."""
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


def interleaved(draw: st.DrawFn, lanes: list[tuple[Partition, list[RawRecord | EndOfPartition]]]):
    rest = [list(entries) for _, entries in lanes]
    while any(rest):
        chosen = draw(st.sampled_from([lane for lane in rest if lane]))
        yield chosen.pop(0)


def may_go(queued: dict[Partition, list[RawRecord]], at_end: dict[Partition, bool]) -> RawRecord | None:
    """Say by the definition alone, and slowly, which record's turn it is."""
    if any(not queued[p] and not at_end[p] for p in queued):
        return None
    heads = [queue[0] for queue in queued.values() if queue]
    return min(heads, key=lambda r: (r.time, r.origin), default=None)


@given(st.data())
def test_it_releases_what_the_definition_says(data: st.DataObject):
    lanes = data.draw(feeds(sort=False))
    timeline = Timeline([partition for partition, _ in lanes])
    queued: dict[Partition, list[RawRecord]] = {partition: [] for partition, _ in lanes}
    at_end = dict.fromkeys(queued, False)
    for entry in interleaved(data.draw, lanes):
        timeline.feed(entry)
        at_end[entry.partition] = isinstance(entry, EndOfPartition)
        if isinstance(entry, RawRecord):
            queued[entry.partition].append(entry)
        expected = []
        while (head := may_go(queued, at_end)) is not None:
            expected.append(queued[head.partition].pop(0))
        assert timeline.ready() == expected
        assert timeline.backlog == {partition: len(queue) for partition, queue in queued.items()}


@given(st.data())
def test_catching_up_sorts_everything_whatever_arrives_first(data: st.DataObject):
    lanes = data.draw(feeds(sort=True))
    timeline = Timeline([partition for partition, _ in lanes])
    released: list[RawRecord] = []
    for entry in interleaved(data.draw, lanes):
        timeline.feed(entry)
        released += timeline.ready()
    records = [entry for _, entries in lanes for entry in entries if isinstance(entry, RawRecord)]
    assert released == sorted(records, key=lambda r: (r.time, r.origin))


@given(st.data())
def test_nothing_is_lost_or_doubled_and_each_partition_keeps_its_order(data: st.DataObject):
    lanes = data.draw(feeds(sort=False))
    timeline = Timeline([partition for partition, _ in lanes])
    released: list[RawRecord] = []
    for entry in interleaved(data.draw, lanes):
        timeline.feed(entry)
        if data.draw(st.booleans()):
            released += timeline.ready()
    released += timeline.ready()
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
def test_record_time(milliseconds: int | None, expected: float):
    assert record_time(milliseconds, now=2_000_000.0) == expected
