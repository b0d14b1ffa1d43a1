from threading import Event

import pytest
from confluent_kafka import KafkaError, KafkaException

from xafs_workers.recording.record import Record
from xafs_workers.recording.replayer import MAX_REASONS, Replayer, ReplayTarget
from xafs_workers.wire import encode

TARGET = ReplayTarget({"control": "c", "documents": "d"}, b"key", "bmm")


class CountingPace:
    """Pacer that counts records, and stops after the given number of them."""

    def __init__(self, stop_after=None):
        self.stamps, self.stop_after = 0, stop_after

    def wait_until_due(self, recorded):
        if self.stamps == self.stop_after:
            return None
        self.stamps += 1
        return self.stamps


class FakeProducer:
    """Producer that holds `room` records until it is polled, and reports an error for each value in `errors`."""

    def __init__(self, room=10, errors=(), refused=(), silent=False):
        self.room, self.errors, self.refused, self.silent = room, dict(errors), dict(refused), silent
        self.taken, self.queue, self.polls = [], [], 0

    def produce(self, topic, value=None, key=None, *, timestamp, headers, on_delivery):
        if value in self.refused:
            raise self.refused[value]
        if len(self.queue) >= self.room:
            raise BufferError("Local: Queue full")
        self.queue.append((value, on_delivery))
        self.taken.append((topic, key, value, timestamp))

    def poll(self, timeout):
        self.polls += 1
        if not timeout or self.silent:
            return 0
        return self._deliver()

    def flush(self, timeout):
        if not self.silent:
            self._deliver()
        return len(self.queue)

    def _deliver(self):
        done, self.queue = self.queue, []
        for value, on_delivery in done:
            on_delivery(self.errors.get(value), None)
        return len(done)


def replay(producer, records, pace=None, *, tag="bmm", stop=None):
    seen = []
    replayer = Replayer(producer, TARGET, recorded_tag=tag, stop=stop or Event())
    return replayer.replay(records, pace or CountingPace(), seen.append), seen


def control(body, name="bmm", **more):
    return Record(1.0, "control", name, body, **more)


def test_each_record_is_sent_to_its_topic_with_key_and_time():
    producer = FakeProducer()
    start, event = {"uid": "run", "time": 1.0}, {"uid": "e", "descriptor": "d"}
    records = [
        control({"close": "all"}, key=b"another"),
        Record(1.0, "documents", "start", start, key=b"process"),
        Record(1.0, "documents", "descriptor", {"uid": "d", "run_start": "run"}),
        Record(1.0, "documents", "event", event),
        Record(1.0, "documents", "event", {"uid": "e", "descriptor": "lost"}, key=b"recorded"),
        Record(1.0, "documents", raw=b"\xc1", key=b"garbage"),
        Record(1.0, "documents", raw=None),
    ]
    summary, seen = replay(producer, records)
    assert producer.taken[0] == ("c", b"key", encode("bmm", {"close": "all"}), 1)
    assert producer.taken[1] == ("d", b"run", encode("start", start), 2)
    assert [key for _, key, _, _ in producer.taken] == [b"key", b"run", b"run", b"run", b"recorded", b"garbage", None]
    assert [value for _, _, value, _ in producer.taken[5:]] == [b"\xc1", None]
    assert summary.is_complete
    assert dict(summary.delivered) == dict(summary.sent) == {"control": 1, "documents": 6}
    assert seen == records


def test_only_the_recorded_tag_is_replaced_by_the_target_tag():
    producer = FakeProducer()
    replay(producer, [control({"close": "all"}, name) for name in ("old", "event", "")], tag="old")
    assert [value for _, _, value, _ in producer.taken] == [
        encode("bmm", {"close": "all"}),
        encode("event", {"close": "all"}),
        encode("bmm", {"close": "all"})[5:],
    ]


def test_a_full_queue_is_waited_for():
    producer = FakeProducer(room=2)
    summary, _ = replay(producer, [control({"n": n}) for n in range(9)])
    assert summary.is_complete
    assert [value for _, _, value, _ in producer.taken] == [encode("bmm", {"n": n}) for n in range(9)]


def test_a_stop_ends_waiting_for_a_full_queue():
    stop = Event()
    producer = FakeProducer(room=1, silent=True)
    poll = producer.poll
    producer.poll = lambda timeout: (stop.set() if timeout else None, poll(timeout))[1]
    summary, seen = replay(producer, [control({"n": n}) for n in range(9)], stop=stop)
    assert summary.is_stopped
    assert len(seen) == 1
    assert summary.failed == 1
    assert "no delivery report from the broker" in summary.reasons[0]
    assert not summary.is_complete


def test_undelivered_records_are_counted_and_named():
    values = [encode("bmm", {"n": n}) for n in range(30)]
    producer = FakeProducer(errors={value: KafkaError(KafkaError._MSG_TIMED_OUT) for value in values[5:]})
    summary, _ = replay(producer, [control({"n": n}, line=n + 2) for n in range(30)])
    assert (summary.failed, summary.delivered["control"]) == (25, 5)
    assert len(summary.reasons) == MAX_REASONS
    assert summary.reasons[0].startswith("7: not delivered: Local: Message timed out")
    assert not summary.is_complete


def test_a_refused_record_does_not_stop_the_others():
    bad = encode("bmm", {"n": 1})
    producer = FakeProducer(refused={bad: KafkaException(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE))})
    records = [control({"n": 0}), control({"n": 1}, line=3), control({"n": object()}, line=4), control({"n": 3})]
    summary, _ = replay(producer, records)
    assert summary.delivered["control"] == 2
    assert summary.failed == 2
    assert summary.reasons[0].startswith("3: ")
    assert summary.reasons[1] == "4: object cannot be sent"


@pytest.mark.parametrize("after", [0, 3])
def test_a_stop_ends_the_replay_after_delivering_sent_records(after):
    producer = FakeProducer()
    summary, seen = replay(producer, [control({"n": n}) for n in range(9)], CountingPace(after))
    assert len(seen) == summary.delivered.total() == after
    assert summary.is_stopped
    assert not summary.is_complete
    assert summary.failed == 0
