"""Questions about topics, on both brokers: waiting for topics, watermarks, offsets by time, times of offsets."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from confluent_kafka import Message, TopicPartition
from structlog.testing import capture_logs

from helpers.kafka_records import open_source, produce
from helpers.kafka_server import KafkaServer
from helpers.patience import SECONDS as PATIENCE
from plugins.brokers import ApacheAdmin, Broker, Topic
from xafs_workers.consumer import lookup
from xafs_workers.consumer.client import SourceError
from xafs_workers.consumer.lookup import LookupOptions, find_first_offsets
from xafs_workers.consumer.source import KafkaSource
from xafs_workers.producer.kafka_config import KafkaConfig

START = float(int(time.time()) - 1000)


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def list_logged_events(logs: list) -> list:
    return [(line["event"], line["what"]) for line in logs if line["log_level"] != "debug"]


class TopicWaiter:
    """`wait_for_topics` in a thread."""

    def __init__(self, source: KafkaSource):
        self.stop = threading.Event()
        self.found: bool | None = None
        self._source = source
        self._thread = threading.Thread(target=self._wait)
        self._thread.start()

    def _wait(self) -> None:
        self.found = self._source.metadata.wait_for_topics(self.stop)

    def end(self, patience: float = PATIENCE) -> bool | None:
        self._thread.join(patience)
        assert not self._thread.is_alive()
        return self.found


# Waiting -----------------------------------------------------------------------------------------------------------


def test_existing_topics_are_not_waited_for(broker: Broker):
    with (
        open_source(broker.config, broker.create_unique_topic(), broker.create_unique_topic()) as source,
        capture_logs() as logs,
    ):
        assert source.metadata.wait_for_topics(threading.Event())
    assert logs == []


@pytest.mark.slow
def test_a_missing_topic_is_logged_once_and_not_created(broker: Broker):
    here, name = broker.create_unique_topic(), f"late.{time.time_ns()}"
    with open_source(broker.config, here, name) as source, capture_logs() as logs:
        waiting = TopicWaiter(source)
        waiting.stop.wait(3.5)  # several rounds
        assert waiting.found is None
        assert name not in source._client.list_topics(timeout=5).topics, "asking created it"
        broker.create_topic(name, 4)
        assert waiting.end() is True
        assert source.metadata.list_partitions() == tuple(
            (topic, n) for topic in sorted([here, name]) for n in range(4)
        )
    assert list_logged_events(logs) == [("waiting_for", name), ("waited_for", name)]


@pytest.mark.slow
def test_a_missing_broker_is_logged_once_until_stopped():
    servers = f"127.0.0.1:{closed_port()}"
    with open_source(KafkaConfig(servers), "a", "b") as source, capture_logs() as logs:
        waiting = TopicWaiter(source)
        waiting.stop.wait(3.5)
        waiting.stop.set()
        asked = time.monotonic()
        assert waiting.end() is False
        assert time.monotonic() - asked < 15.0
    assert list_logged_events(logs) == [("waiting_for", "a broker")]
    line = next(line for line in logs if line["event"] == "waiting_for")
    assert line["servers"] == servers
    assert "refused" in line["reason"]


@pytest.mark.kafka
@pytest.mark.slow
def test_a_broker_that_comes_back_is_found(apache_kafka: KafkaServer, apache_admin: ApacheAdmin):
    apache_admin.create_topic("patient", 1)
    apache_kafka.stop()
    with open_source(KafkaConfig(apache_kafka.bootstrap_servers), "patient") as source, capture_logs() as logs:
        waiting = TopicWaiter(source)
        waiting.stop.wait(1.5)
        apache_kafka.start()
        assert waiting.end(40) is True
    assert list_logged_events(logs)[0] == ("waiting_for", "a broker")
    assert list_logged_events(logs).count(("waited_for", "a broker")) == 1


@pytest.mark.slow
def test_a_request_without_an_answer_raises_an_error():
    servers = f"127.0.0.1:{closed_port()}"
    with (
        open_source(KafkaConfig(servers), "a", timeout=0.5) as source,
        pytest.raises(SourceError, match=f"a: no answer from {servers}"),
    ):
        source.metadata.list_partitions()


# Watermarks and times ----------------------------------------------------------------------------------------------


def test_partitions_watermarks_and_cluster_are_read(topic: Topic):
    produce(topic.broker.config, topic.name, [b"0", b"1"])
    with open_source(topic.broker.config, topic.name) as source:
        assert source.metadata.list_partitions() == tuple((topic.name, n) for n in range(topic.partitions))
        expected = {(topic.name, n): (0, 2 if n == 0 else 0) for n in range(topic.partitions)}
        assert source.metadata.fetch_watermarks() == expected
        assert source.metadata.fetch_cluster_id()


@pytest.mark.parametrize(
    ("after", "expected"),
    [(-100, 0), (0, 0), (0.5, 1), (1, 1), (1.0004, 1), (1.5, 2), (8, 8), (9, 9), (9.5, 10), (500, 10)],
)
def test_offsets_are_found_by_time(topic: Topic, after: float, expected: int):
    times = [START + i for i in range(10)]
    for number in range(topic.partitions):
        stamps = [t + number * 0.25 for t in times]
        produce(topic.broker.config, topic.name, [b"x"] * 10, partition=number, times=stamps)
    with open_source(topic.broker.config, topic.name) as source:
        found = source.metadata.find_offsets(topic.name, START + after)
    first = expected
    assert found[topic.name, 0] == first
    for number in range(1, topic.partitions):
        stamps = [round((t + number * 0.25) * 1000) for t in times]
        asked = round((START + after) * 1000)
        assert found[topic.name, number] == sum(stamp < asked for stamp in stamps)


def test_offsets_by_time_are_found_in_empty_and_other_topics(topic: Topic):
    other = topic.broker.create_unique_topic(topic.partitions)
    produce(topic.broker.config, other, [b"x"], times=[START])
    with open_source(topic.broker.config, topic.name, other) as source:
        assert source.metadata.find_offsets(topic.name, START) == {(topic.name, n): 0 for n in range(topic.partitions)}


def test_decreasing_times_give_the_first_late_enough_offset(broker: Broker):
    topic = broker.create_unique_topic()
    produce(broker.config, topic, [b"x"] * 4, times=[START + s for s in (0, 50, 10, 60)])
    with open_source(broker.config, topic) as source:
        assert source.metadata.find_offsets(topic, START + 20)[topic, 0] == 1


def test_looking_up_offsets_does_not_disturb_reading(broker: Broker):
    from helpers.kafka_records import list_values, read_records

    topic = broker.create_unique_topic()
    produce(broker.config, topic, [b"%d" % i for i in range(4)], times=[START + i for i in range(4)])
    with open_source(broker.config, topic) as source:
        source.assign({(topic, 0): 1})
        assert source.metadata.find_offsets(topic, START + 2)[topic, 0] == 2
        record = source.metadata.read_record((topic, 0), 3)
        assert record is not None
        assert record.value == b"3"
        assert list_values(read_records(source, 3)) == [b"1", b"2", b"3"]


def test_only_a_broker_without_a_time_index_is_searched(broker: Broker, monkeypatch: pytest.MonkeyPatch):
    topic = broker.create_unique_topic()
    produce(broker.config, topic, [b"x"] * 3, times=[START + i for i in range(3)])
    scanned = []

    def spy(look: LookupOptions, spans: dict, instant: float) -> dict:
        scanned.extend(spans)
        return find_first_offsets(look, spans, instant)

    monkeypatch.setattr("xafs_workers.consumer.topic_metadata.find_first_offsets", spy)
    with open_source(broker.config, topic) as source:
        assert source.metadata.find_offsets(topic, START + 1)[topic, 0] == 1
        assert source.metadata.find_offsets(topic, START + 99)[topic, 0] == 3, "nothing that late"
    assert scanned == ([(topic, 0)] * 2 if broker.name == "embedded" else [])


def test_an_interrupted_lookup_returns_a_safe_offset(broker: Broker, monkeypatch: pytest.MonkeyPatch):
    topic = broker.create_unique_topic()
    produce(broker.config, topic, [b"x"] * 10, times=[START + i for i in range(10)])
    monkeypatch.setattr(lookup, "BATCH_SIZE", 4)
    ticks = iter([0.0, 0.0, 100.0])

    class Clock:
        monotonic = staticmethod(lambda: next(ticks, 100.0))

    with open_source(broker.config, topic) as source, capture_logs() as logs:
        monkeypatch.setattr(lookup, "time", Clock)
        monkeypatch.setattr(lookup, "POLL_SECONDS", 5.0)
        look = LookupOptions(source.metadata._options.properties, time.time, timeout=10.0)
        found = find_first_offsets(look, {(topic, 0): (0, 10)}, START + 99)
    assert 0 < found[topic, 0] <= 4
    assert [line["event"] for line in logs] == ["time_lookup_cut_short"]


def test_a_lookup_ignores_records_past_the_high_watermark(broker: Broker):
    """What arrived after the watermarks were taken is read anyway; a hot topic's scan must end."""
    topic = broker.create_unique_topic()
    produce(broker.config, topic, [b"x"] * 10, times=[START + i for i in range(10)])
    with open_source(broker.config, topic) as source:
        assert find_first_offsets(source.metadata._options, {(topic, 0): (0, 3)}, START + 5) == {(topic, 0): 3}


@pytest.mark.parametrize(("offset", "expected"), [(0, None), (1, 1), (2, 2), (4, 3)])
def test_a_lookup_ends_at_the_right_record(offset: int, expected: int | None):
    """The last row: offsets 2 and 3 are gone (compacted), and 4 came after the watermarks were taken."""
    look = LookupOptions({}, time.time, timeout=1.0)
    message = Message(topic="t", partition=0, offset=offset, timestamp=(1, int(START + offset) * 1000))
    assert lookup._match_offset(look, message, high=3, instant=START + 1) == expected


def test_a_lookup_stops_at_the_last_record_below_the_watermark():
    message = Message(topic="t", partition=0, offset=2, timestamp=(1, int(START) * 1000))
    assert lookup._match_offset(LookupOptions({}, time.time, timeout=1.0), message, high=3, instant=START + 1) == 3


def test_many_partitions_are_searched_together(broker: Broker):
    """Several topics' worth of partitions, some empty, each with its own answer."""
    topics = [broker.create_unique_topic() for _ in range(3)]
    spans, expected = {}, {}
    for shift, topic in enumerate(topics):
        for number in range(3):
            produce(broker.config, topic, [b"x"] * 5, partition=number, times=[START + i + shift for i in range(5)])
            spans[topic, number] = (0, 5)
            expected[topic, number] = max(0, 4 - shift)
        spans[topic, 3], expected[topic, 3] = (0, 0), 0
    with open_source(broker.config, *topics) as source:
        assert find_first_offsets(source.metadata._options, spans, START + 4) == expected


def test_the_record_at_an_offset_is_read(broker: Broker):
    topic = broker.create_unique_topic()
    produce(broker.config, topic, [b"0", b"1", b"2"], times=[START, START + 1, START + 2], partition=3)
    with open_source(broker.config, topic) as source:
        record = source.metadata.read_record((topic, 3), 1)
        assert record is not None
        assert (record.value, record.position.offset) == (b"1", 1)
        assert record.time == pytest.approx(START + 1, abs=0.001)
        assert source.metadata.read_record((topic, 3), 3) is None
        assert source.metadata.read_record((topic, 3), 77) is None
        assert source.metadata.read_record((topic, 0), 0) is None


def test_one_failed_partition_raises_an_error():
    from confluent_kafka import KafkaError, KafkaException

    from xafs_workers.consumer.client import check_answers

    good, bad = TopicPartition("t", 0, 1), TopicPartition("t", 1, 1)
    assert check_answers([good]) == [good]

    class Bad:
        error = KafkaError(KafkaError.NOT_COORDINATOR)

    with pytest.raises(KafkaException, match="NOT_COORDINATOR"):
        check_answers([good, Bad(), bad])
