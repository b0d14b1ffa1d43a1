from threading import Event

import pytest

from xafs_workers.consumer.records import EndOfPartition, RawRecord
from xafs_workers.recording.recorder import AHEAD_RECORDS, BEGINNING, Recorder
from xafs_workers.recording.reorder_buffer import ReorderBuffer
from xafs_workers.scans.items import RecordPosition
from xafs_workers.wire import encode

TOPICS = {"control": "c", "documents": "d"}


def raw(topic, partition, offset, time, value=None):
    return RawRecord(
        RecordPosition(topic, partition, offset), time, b"k", encode("bmm", {"n": time}) if value is None else value
    )


class FakeSource:
    """Source that returns batches of records, and sets `stop` after the last one."""

    def __init__(self, marks, batches, stop, times=None):
        self.marks, self.batches, self.stop, self.times = marks, list(batches), stop, times or {}
        self.assigned, self.paused, self.resumed = {}, [], []
        self.metadata = self

    def fetch_watermarks(self):
        return self.marks

    def find_offsets(self, topic, time):
        return {place: offset for place, offset in self.times.items() if place[0] == topic}

    def assign(self, positions):
        self.assigned = dict(positions)

    def poll(self, timeout):
        if not self.batches:
            self.stop.set()
            return []
        return self.batches.pop(0)

    def pause(self, partitions):
        self.paused += partitions

    def resume(self, partitions):
        self.resumed += partitions

    def refresh_partitions(self):
        return ()


def record(batches, since=BEGINNING, marks=None, **options):
    stop, written = Event(), []
    source = FakeSource(marks or {("c", 0): (2, 5), ("d", 0): (0, 9)}, batches, stop, options.pop("times", None))
    recorder = Recorder(source, TOPICS, **{"clock": lambda: 2000.0, **options})
    recorder.start(since)
    recorder.run(written.append, stop)
    return written, source, recorder


def list_places(written):
    return [(one.topic, one.partition, one.offset) for one in written]


@pytest.mark.parametrize(
    ("since", "positions"),
    [
        (None, {("c", 0): 5, ("d", 0): 9}),
        (BEGINNING, {("c", 0): 2, ("d", 0): 0}),
        (500.0, {("c", 0): 4, ("d", 0): 7}),
    ],
)
def test_a_recording_begins_at_the_requested_position(since, positions):
    _, source, _ = record([], since, times={("c", 0): 4, ("d", 0): 7})
    assert source.assigned == positions


def test_records_before_the_chosen_time_are_left_out():
    batch = [raw("c", 0, 4, 499.0), raw("c", 0, 5, 500.0), EndOfPartition(("c", 0), 6), EndOfPartition(("d", 0), 0)]
    written, _, _ = record([batch], 500.0, times={("c", 0): 4, ("d", 0): 7})
    assert list_places(written) == [("control", 0, 5)]


def test_topics_are_merged_by_record_time_during_catch_up():
    batches = [
        [raw("d", 0, n, 100.0 + n) for n in range(3)],
        [raw("d", 0, 3, 103.0), EndOfPartition(("d", 0), 4)],
        [raw("c", 0, 2, 100.5), raw("c", 0, 3, 102.5), EndOfPartition(("c", 0), 4)],
    ]
    written, _, recorder = record(batches)
    assert [one.time for one in written] == [100.0, 100.5, 101.0, 102.0, 102.5, 103.0]
    assert recorder.summary.record_counts == {"documents": 4, "control": 2}
    assert recorder.partitions_behind == set()


def test_a_late_live_record_is_sorted_into_place():
    ends = [EndOfPartition(("c", 0), 0), EndOfPartition(("d", 0), 0)]
    batches = [ends, [raw("d", 0, 0, 2000.004), ends[1]], [raw("c", 0, 0, 2000.001), ends[0]]]
    written, _, _ = record(batches)
    assert list_places(written) == [("control", 0, 0), ("documents", 0, 0)]


def test_an_undecodable_record_is_recorded_as_bytes():
    batch = [
        raw("d", 0, 0, 1.0, b"\xc1"),
        raw("c", 0, 1, 2.0),
        EndOfPartition(("c", 0), 2),
        EndOfPartition(("d", 0), 1),
    ]
    written, _, recorder = record([batch])
    assert (written[0].raw, written[0].body, written[0].key) == (b"\xc1", None, b"k")
    assert (written[1].name, written[1].body) == ("bmm", {"n": 2.0})
    assert recorder.summary.undecodable_count == 1


def test_a_partition_ahead_of_the_others_is_paused():
    many = [raw("d", 0, n, 100.0 + n * 1e-3) for n in range(AHEAD_RECORDS)]
    written, source, _ = record([many, [], [EndOfPartition(("c", 0), 2)]])
    assert source.paused == source.resumed == [("d", 0)]
    assert len(written) == AHEAD_RECORDS


def test_a_recording_ends_on_request():
    stop = Event()
    ends = [EndOfPartition(("c", 0), 0), EndOfPartition(("d", 0), 0)]
    source = FakeSource({("c", 0): (0, 0), ("d", 0): (0, 0)}, [ends, [raw("c", 0, 0, 1.0)]], stop)
    recorder = Recorder(source, TOPICS)
    recorder.start(BEGINNING)
    recorder.run(lambda record: None, stop, until_end=True)
    assert not stop.is_set()
    assert len(source.batches) == 1


def test_buffered_records_are_written_when_the_source_fails():
    written = []
    source = FakeSource({("c", 0): (0, 0)}, [[raw("c", 0, 0, 2000.0)]], Event())
    poll = source.poll

    def failing(timeout):
        if not source.batches:
            raise OSError("the broker is gone")
        return poll(timeout)

    source.poll = failing
    recorder = Recorder(source, TOPICS, clock=lambda: 2000.0)
    recorder.start(BEGINNING)
    with pytest.raises(OSError, match="gone"):
        recorder.run(written.append, Event())
    assert list_places(written) == [("control", 0, 0)]


def test_records_are_sorted_by_time_within_partition_order():
    settling = ReorderBuffer(1.0)
    for now, one in enumerate(
        (raw("d", 0, 0, 10.5), raw("c", 0, 0, 10.4), raw("d", 0, 1, 10.2), raw("d", 1, 0, 10.45))
    ):
        settling.add(one, now=100.0 + now * 0.1)
    assert list(settling.pop_ready(101.05)) == []
    assert [str(one.position) for one in settling.pop_ready(101.15)] == ["c/0/0"]
    assert [str(one.position) for one in settling.drain()] == ["d/1/0", "d/0/0", "d/0/1"]


def test_live_records_of_a_fast_replay_are_sorted_too():
    ends = [EndOfPartition(("c", 0), 0), EndOfPartition(("d", 0), 0)]
    late = [[raw("d", 0, 0, 1000.3), ends[1]], [raw("c", 0, 0, 1000.1), ends[0]], [raw("d", 0, 1, 1000.4), ends[1]]]
    written, _, _ = record([ends, *late])
    assert list_places(written) == [("control", 0, 0), ("documents", 0, 0), ("documents", 0, 1)]
