"""Questions about topics, on both brokers: waiting for topics, watermarks, offsets by time, times of offsets."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from confluent_kafka import Message, TopicPartition
from structlog.testing import capture_logs

from kafka_server import KafkaServer
from plugins.brokers import ApacheAdmin, Broker, Topic
from reading import produce, source_of
from xafs_workers.consumer import lookup
from xafs_workers.consumer.client import SourceError
from xafs_workers.consumer.lookup import Look, first_not_before
from xafs_workers.consumer.source import KafkaSource
from xafs_workers.producer.kafka_config import KafkaConfig

START = float(int(time.time()) - 1000)


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def told(logs: list) -> list:
    return [(line["event"], line["what"]) for line in logs if line["log_level"] != "debug"]


class Waiting:
    """`wait_for_topics` in a thread."""

    def __init__(self, source: KafkaSource):
        self.stop = threading.Event()
        self.found: bool | None = None
        self._source = source
        self._thread = threading.Thread(target=self._wait)
        self._thread.start()

    def _wait(self) -> None:
        self.found = self._source.wait_for_topics(self.stop)

    def end(self, patience: float = 15.0) -> bool | None:
        self._thread.join(patience)
        assert not self._thread.is_alive()
        return self.found


# Waiting -----------------------------------------------------------------------------------------------------------


def test_topics_that_are_there_are_not_waited_for(broker: Broker):
    with source_of(broker.config, broker.new_topic(), broker.new_topic()) as source, capture_logs() as logs:
        assert source.wait_for_topics(threading.Event())
    assert logs == []


def test_a_missing_topic_is_waited_for_told_once_and_not_created(broker: Broker):
    here, name = broker.new_topic(), f"late.{time.time_ns()}"
    with source_of(broker.config, here, name) as source, capture_logs() as logs:
        waiting = Waiting(source)
        waiting.stop.wait(3.5)  # several rounds
        assert waiting.found is None
        assert name not in source._client.list_topics(timeout=5).topics, "asking created it"
        broker.create_topic(name, 4)
        assert waiting.end() is True
        assert source.partitions() == tuple((topic, n) for topic in sorted([here, name]) for n in range(4))
    assert told(logs) == [("waiting_for", name), ("waited_for", name)]


def test_a_missing_broker_is_told_once_and_waiting_stops_when_asked():
    servers = f"127.0.0.1:{closed_port()}"
    with source_of(KafkaConfig(servers), "a", "b") as source, capture_logs() as logs:
        waiting = Waiting(source)
        waiting.stop.wait(3.5)
        waiting.stop.set()
        asked = time.monotonic()
        assert waiting.end() is False
        assert time.monotonic() - asked < 15.0
    assert told(logs) == [("waiting_for", "a broker")]
    line = next(line for line in logs if line["event"] == "waiting_for")
    assert line["servers"] == servers
    assert "refused" in line["reason"]


@pytest.mark.kafka
@pytest.mark.slow
def test_a_broker_that_comes_back_is_found(apache_kafka: KafkaServer, apache_admin: ApacheAdmin):
    apache_admin.create_topic("patient", 1)
    apache_kafka.stop()
    with source_of(KafkaConfig(apache_kafka.bootstrap_servers), "patient") as source, capture_logs() as logs:
        waiting = Waiting(source)
        waiting.stop.wait(1.5)
        apache_kafka.start()
        assert waiting.end(40) is True
    assert told(logs)[0] == ("waiting_for", "a broker")
    assert told(logs).count(("waited_for", "a broker")) == 1


def test_a_question_nobody_answers_ends_with_an_error():
    servers = f"127.0.0.1:{closed_port()}"
    with (
        source_of(KafkaConfig(servers), "a", patience=0.5) as source,
        pytest.raises(SourceError, match=f"a: no answer from {servers}"),
    ):
        source.partitions()


# Watermarks and times ----------------------------------------------------------------------------------------------


def test_partitions_watermarks_and_cluster(topic: Topic):
    produce(topic.broker.config, topic.name, [b"0", b"1"])
    with source_of(topic.broker.config, topic.name) as source:
        assert source.partitions() == tuple((topic.name, n) for n in range(topic.partitions))
        expected = {(topic.name, n): (0, 2 if n == 0 else 0) for n in range(topic.partitions)}
        assert source.watermarks() == expected
        assert source.cluster_id()


@pytest.mark.parametrize(
    ("after", "expected"),
    [(-100, 0), (0, 0), (0.5, 1), (1, 1), (1.0004, 1), (1.5, 2), (8, 8), (9, 9), (9.5, 10), (500, 10)],
)
def test_offsets_at_a_time(topic: Topic, after: float, expected: int):
    times = [START + i for i in range(10)]
    for number in range(topic.partitions):
        stamps = [t + number * 0.25 for t in times]
        produce(topic.broker.config, topic.name, [b"x"] * 10, partition=number, times=stamps)
    with source_of(topic.broker.config, topic.name) as source:
        found = source.offsets_at(topic.name, START + after)
    first = expected
    assert found[topic.name, 0] == first
    for number in range(1, topic.partitions):
        stamps = [round((t + number * 0.25) * 1000) for t in times]
        asked = round((START + after) * 1000)
        assert found[topic.name, number] == sum(stamp < asked for stamp in stamps)


def test_offsets_at_a_time_of_empty_and_of_other_topics(topic: Topic):
    other = topic.broker.new_topic(topic.partitions)
    produce(topic.broker.config, other, [b"x"], times=[START])
    with source_of(topic.broker.config, topic.name, other) as source:
        assert source.offsets_at(topic.name, START) == {(topic.name, n): 0 for n in range(topic.partitions)}


def test_times_that_run_backwards_give_the_first_that_is_late_enough(broker: Broker):
    topic = broker.new_topic()
    produce(broker.config, topic, [b"x"] * 4, times=[START + s for s in (0, 50, 10, 60)])
    with source_of(broker.config, topic) as source:
        assert source.offsets_at(topic, START + 20)[topic, 0] == 1


def test_looking_up_does_not_disturb_reading(broker: Broker):
    from reading import read, values

    topic = broker.new_topic()
    produce(broker.config, topic, [b"%d" % i for i in range(4)], times=[START + i for i in range(4)])
    with source_of(broker.config, topic) as source:
        source.assign({(topic, 0): 1})
        assert source.offsets_at(topic, START + 2)[topic, 0] == 2
        record = source.record_at((topic, 0), 3)
        assert record is not None
        assert record.value == b"3"
        assert values(read(source, 3)) == [b"1", b"2", b"3"]


def test_only_a_broker_without_a_time_index_is_scanned(broker: Broker, monkeypatch: pytest.MonkeyPatch):
    topic = broker.new_topic()
    produce(broker.config, topic, [b"x"] * 3, times=[START + i for i in range(3)])
    scanned = []

    def spy(look: Look, spans: dict, instant: float) -> dict:
        scanned.extend(spans)
        return first_not_before(look, spans, instant)

    monkeypatch.setattr("xafs_workers.consumer.topic_metadata.first_not_before", spy)
    with source_of(broker.config, topic) as source:
        assert source.offsets_at(topic, START + 1)[topic, 0] == 1
        assert source.offsets_at(topic, START + 99)[topic, 0] == 3, "nothing that late"
    assert scanned == ([(topic, 0)] * 2 if broker.name == "embedded" else [])


def test_a_scan_that_must_end_early_gives_how_far_all_is_earlier(broker: Broker, monkeypatch: pytest.MonkeyPatch):
    topic = broker.new_topic()
    produce(broker.config, topic, [b"x"] * 10, times=[START + i for i in range(10)])
    monkeypatch.setattr(lookup, "BATCH", 4)
    ticks = iter([0.0, 0.0, 100.0])

    class Clock:
        monotonic = staticmethod(lambda: next(ticks, 100.0))

    with source_of(broker.config, topic) as source, capture_logs() as logs:
        monkeypatch.setattr(lookup, "time", Clock)
        monkeypatch.setattr(lookup, "POLL_SECONDS", 5.0)
        look = Look(source._look.properties, time.time, patience=10.0)
        found = first_not_before(look, {(topic, 0): (0, 10)}, START + 99)
    assert 0 < found[topic, 0] <= 4
    assert [line["event"] for line in logs] == ["time_lookup_cut_short"]


def test_nothing_past_the_high_watermark_is_looked_at(broker: Broker):
    """What arrived after the watermarks were taken is read anyway; a hot topic's scan must end."""
    topic = broker.new_topic()
    produce(broker.config, topic, [b"x"] * 10, times=[START + i for i in range(10)])
    with source_of(broker.config, topic) as source:
        assert first_not_before(source._look, {(topic, 0): (0, 3)}, START + 5) == {(topic, 0): 3}


@pytest.mark.parametrize(("offset", "expected"), [(0, None), (1, 1), (2, 2), (4, 3)])
def test_where_a_scan_ends(offset: int, expected: int | None):
    """The last row: offsets 2 and 3 are gone (compacted), and 4 came after the watermarks were taken."""
    look = Look({}, time.time, patience=1.0)
    message = Message(topic="t", partition=0, offset=offset, timestamp=(1, int(START + offset) * 1000))
    assert lookup._judge(look, message, high=3, instant=START + 1) == expected


def test_a_scan_reads_no_further_than_the_last_record_below_the_watermark():
    message = Message(topic="t", partition=0, offset=2, timestamp=(1, int(START) * 1000))
    assert lookup._judge(Look({}, time.time, patience=1.0), message, high=3, instant=START + 1) == 3


def test_many_partitions_are_scanned_in_one_go(broker: Broker):
    """Several topics' worth of partitions, some empty, each with its own answer."""
    topics = [broker.new_topic() for _ in range(3)]
    spans, expected = {}, {}
    for shift, topic in enumerate(topics):
        for number in range(3):
            produce(broker.config, topic, [b"x"] * 5, partition=number, times=[START + i + shift for i in range(5)])
            spans[topic, number] = (0, 5)
            expected[topic, number] = max(0, 4 - shift)
        spans[topic, 3], expected[topic, 3] = (0, 0), 0
    with source_of(broker.config, *topics) as source:
        assert first_not_before(source._look, spans, START + 4) == expected


def test_the_record_of_an_offset(broker: Broker):
    topic = broker.new_topic()
    produce(broker.config, topic, [b"0", b"1", b"2"], times=[START, START + 1, START + 2], partition=3)
    with source_of(broker.config, topic) as source:
        record = source.record_at((topic, 3), 1)
        assert record is not None
        assert (record.value, record.origin.offset) == (b"1", 1)
        assert record.time == pytest.approx(START + 1, abs=0.001)
        assert source.record_at((topic, 3), 3) is None
        assert source.record_at((topic, 3), 77) is None
        assert source.record_at((topic, 0), 0) is None


def test_one_answer_that_is_an_error_is_an_error():
    from confluent_kafka import KafkaError, KafkaException

    from xafs_workers.consumer.client import checked

    good, bad = TopicPartition("t", 0, 1), TopicPartition("t", 1, 1)
    assert checked([good]) == [good]

    class Bad:
        error = KafkaError(KafkaError.NOT_COORDINATOR)

    with pytest.raises(KafkaException, match="NOT_COORDINATOR"):
        checked([good, Bad(), bad])
