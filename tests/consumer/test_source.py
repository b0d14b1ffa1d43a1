"""The source on the embedded broker and on a real Kafka: reading, ends, stored offsets, lost offsets, pauses."""

from __future__ import annotations

import time

import pytest
from confluent_kafka import KafkaError
from structlog.testing import capture_logs

from helpers.kafka_records import (
    PATIENCE,
    list_values,
    open_source,
    poll_until,
    produce,
    read_records,
    select_ends,
    select_records,
)
from helpers.kafka_server import KafkaServer
from plugins.brokers import ApacheAdmin, Broker, Topic
from xafs_workers.consumer.client import ConnectionHealth, build_consumer_properties
from xafs_workers.consumer.partition_merger import PartitionMerger
from xafs_workers.consumer.records import EndOfPartition
from xafs_workers.consumer.source import KafkaSource, SourceError
from xafs_workers.producer.kafka_config import KafkaConfig


def list_beginnings(source: KafkaSource) -> dict:
    return dict.fromkeys(source.metadata.list_partitions(), 0)


def test_every_partition_is_read_in_order_and_to_its_end(topic: Topic):
    for number in range(topic.partitions):
        produce(topic.broker.config, topic.name, [b"%d-%d" % (number, i) for i in range(3)], partition=number)
    with open_source(topic.broker.config, topic.name) as source:
        source.assign(list_beginnings(source))
        came = poll_until(source, lambda came: len(select_ends(came)) >= topic.partitions)
    for number in range(topic.partitions):
        partition = (topic.name, number)
        of_one = [entry for entry in came if entry.partition == partition]
        assert list_values(of_one) == [b"%d-%d" % (number, i) for i in range(3)]
        assert of_one[-1] == EndOfPartition(partition, 3)


def test_records_have_position_key_and_record_time(broker: Broker):
    topic = broker.create_unique_topic()
    now = time.time()
    produce(broker.config, topic, [b"one", b"two"], times=[now - 7.25, now + 3], partition=2)
    with open_source(broker.config, topic) as source:
        source.assign({(topic, 2): 0})
        one, two = read_records(source, 2)
    assert (str(one.position), one.key) == (f"{topic}/2/0", b"k")
    assert one.time == pytest.approx(now - 7.25, abs=0.001)
    assert two.time == pytest.approx(now + 3, abs=0.001)


def test_a_future_record_time_is_replaced_by_arrival_time(broker: Broker):
    topic = broker.create_unique_topic()
    stamp = time.time() + 1000
    produce(broker.config, topic, [b"x"], times=[stamp])
    with open_source(broker.config, topic, clock=lambda: 12345.0) as source:
        source.assign({(topic, 0): 0})
        (record,) = read_records(source, 1)
    assert record.time == 12345.0
    assert record.stamp_ms == round(stamp * 1000), "what a restart reads again"


def test_the_lag_counts_records_not_yet_polled(topic: Topic):
    for number in range(topic.partitions):
        produce(topic.broker.config, topic.name, [b"%d" % i for i in range(5)], partition=number)
    with open_source(topic.broker.config, topic.name) as source:
        assert source.compute_lag() == 0  # nothing is known before the first answer
        source.assign(list_beginnings(source))
        poll_until(source, lambda came: len(select_ends(came)) >= topic.partitions)
        assert source.compute_lag() == 0
        assert not source.brokers_away
        source.assign(list_beginnings(source))
        (first,) = source.poll(10.0, limit=1)
        assert source.compute_lag() >= 4
        assert first.partition[0] == topic.name


@pytest.mark.slow
def test_the_end_follows_the_last_record_in_the_same_poll(broker: Broker):
    """Otherwise a live record of one topic waits for the other topic's next, empty fetch."""
    topic = broker.create_unique_topic()
    config = KafkaConfig(broker.bootstrap_servers, consumer={"fetch.wait.max.ms": 3000})
    with open_source(config, topic) as source:
        source.assign({(topic, 0): 0})
        poll_until(source, lambda came: select_ends(came) == [EndOfPartition((topic, 0), 0)])
        produce(broker.config, topic, [b"x"])
        came = poll_until(source, bool)
        assert [type(entry).__name__ for entry in came] == ["RawRecord", "EndOfPartition"]
        assert select_ends(came) == [EndOfPartition((topic, 0), 1)]


def test_each_partition_end_is_reported_once(broker: Broker):
    topic = broker.create_unique_topic()
    produce(broker.config, topic, [b"x"])
    with open_source(broker.config, topic) as source:
        source.assign({(topic, 0): 0})
        came = poll_until(source, select_ends)
        for _ in range(8):
            came += source.poll(0.1)
    assert select_ends(came) == [EndOfPartition((topic, 0), 1)]


def test_poll_returns_at_most_the_limit(broker: Broker):
    topic = broker.create_unique_topic()
    produce(broker.config, topic, [b"%d" % i for i in range(20)])
    with open_source(broker.config, topic) as source:
        source.assign({(topic, 0): 0})
        came = []
        while len(select_records(came)) < 20:
            few = source.poll(5.0, 3)
            assert len(select_records(few)) <= 3
            came += few
    assert list_values(came) == [b"%d" % i for i in range(20)]


@pytest.mark.kafka
def test_a_live_record_is_polled_without_delay(apache_kafka: KafkaServer, apache_admin: ApacheAdmin):
    apache_admin.create_topic("latency", 2)
    config = KafkaConfig(apache_kafka.bootstrap_servers)
    with open_source(config, "latency") as source:
        source.assign(list_beginnings(source))
        poll_until(source, lambda came: len(select_ends(came)) == 2)
        produce(config, "latency", [b"warm"])
        read_records(source, 1)
        delays = []
        for _ in range(5):
            produce(config, "latency", [b"x"])
            delays.append(time.time() - read_records(source, 1)[0].time)
    assert sorted(delays)[2] < 0.2, delays


def test_large_records_are_read(broker: Broker):
    topic = broker.create_unique_topic()
    size = 3_000_000 if broker.name == "embedded" else 15_900_000  # the embedded one keeps 5 MB
    config = KafkaConfig(broker.bootstrap_servers, producer={"message.max.bytes": 17_000_000})
    produce(config, topic, [b"\0" * size, b"small"])
    with open_source(config, topic) as source:
        source.assign({(topic, 0): 0})
        assert [len(record.value or b"") for record in read_records(source, 2)] == [size, 5]


# Stored offsets ----------------------------------------------------------------------------------------------------


def test_stored_offsets_survive_a_reconnect(topic: Topic):
    group = f"group-{topic.name}"
    produce(topic.broker.config, topic.name, [b"0", b"1", b"2"])
    with open_source(topic.broker.config, topic.name, group=group) as source:
        assert source.metadata.fetch_committed_offsets() == {}
        assert source.store({(topic.name, 0): 2})
        assert source.store({(topic.name, 0): 2}), "again: the same"
        assert source.store({}), "nothing: no failure"
    with open_source(topic.broker.config, topic.name, group=group) as source:
        positions = {**list_beginnings(source), **source.metadata.fetch_committed_offsets()}
        assert source.metadata.fetch_committed_offsets() == {(topic.name, 0): 2}, "only the stored ones"
        source.assign(positions)
        assert list_values(read_records(source, 1)) == [b"2"]
    with open_source(topic.broker.config, topic.name, group="another") as source:
        assert source.metadata.fetch_committed_offsets() == {}


def test_reading_stores_no_offsets(broker: Broker):
    topic = broker.create_unique_topic()
    group = f"group-{topic}"
    produce(broker.config, topic, [b"x"])
    with open_source(broker.config, topic, group=group) as source:
        source.assign({(topic, 0): 0})
        read_records(source, 1)
    with open_source(broker.config, topic, group=group) as source:
        assert source.metadata.fetch_committed_offsets() == {}


# Offsets that are gone ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [99, 2**40])
def test_an_offset_past_the_end_resets_to_the_oldest(broker: Broker, offset: int):
    topic = broker.create_unique_topic()
    produce(broker.config, topic, [b"0", b"1"])
    with open_source(broker.config, topic) as source, capture_logs() as logs:
        source.assign({(topic, 0): offset})
        assert list_values(read_records(source, 2)) == [b"0", b"1"]
    told = [line for line in logs if line["event"] == "offset_out_of_range"]
    assert [(line["partition"], line["offset"]) for line in told] == [((topic, 0), offset)]


@pytest.mark.kafka
def test_a_deleted_offset_resets_to_the_oldest_record(apache_kafka: KafkaServer, apache_admin: ApacheAdmin):
    apache_admin.create_topic("trimmed", 1)
    config = KafkaConfig(apache_kafka.bootstrap_servers)
    produce(config, "trimmed", [b"%d" % i for i in range(10)])
    apache_admin.delete_records("trimmed", 0, before=6)
    with open_source(config, "trimmed") as source, capture_logs() as logs:
        assert source.metadata.fetch_watermarks() == {("trimmed", 0): (6, 10)}
        assert source.metadata.read_record(("trimmed", 0), 5) is None
        source.assign({("trimmed", 0): 2})
        assert list_values(read_records(source, 4)) == [b"6", b"7", b"8", b"9"]
        assert source.observations.removed_count == 4
    assert [line["offset"] for line in logs if line["event"] == "offset_out_of_range"] == [2]


@pytest.mark.kafka
def test_stamps_of_the_broker_are_noticed(apache_kafka: KafkaServer, apache_admin: ApacheAdmin):
    apache_admin.create_topic("broker-stamped", 1, message_timestamp_type="LogAppendTime")
    apache_admin.create_topic("sender-stamped", 1)
    config = KafkaConfig(apache_kafka.bootstrap_servers)
    with open_source(config, "broker-stamped", "sender-stamped") as source, capture_logs() as logs:
        for topic in ("broker-stamped", "sender-stamped"):
            produce(config, topic, [b"0", b"1"])
        source.assign(list_beginnings(source))
        read_records(source, 4)
        assert source.observations.broker_stamped == {"broker-stamped"}
    assert [line["topic"] for line in logs if line["event"] == "broker_stamps_records"] == ["broker-stamped"]


@pytest.mark.slow
def test_an_offset_reset_keeps_a_partition_paused(broker: Broker):
    topic = broker.create_unique_topic()
    produce(broker.config, topic, [b"0"])
    with open_source(broker.config, topic) as source:
        source.assign({(topic, 0): 0})
        read_records(source, 1)
        source.pause([(topic, 0)])
        source._seek_oldest((topic, 0), 7, "for the test")
        assert [entry for _ in range(5) for entry in source.poll(0.1)] == []
        source.resume([(topic, 0)])
        assert list_values(read_records(source, 1)) == [b"0"]


def test_an_assignment_clears_pauses(broker: Broker):
    topic = broker.create_unique_topic()
    produce(broker.config, topic, [b"0", b"1"])
    with open_source(broker.config, topic) as source:
        source.assign({(topic, 0): 0})
        read_records(source, 2)
        source.pause([(topic, 0)])
        source.assign({(topic, 0): 1, (topic, 1): 0})
        assert list_values(read_records(source, 1)) == [b"1"]


# Pause and resume --------------------------------------------------------------------------------------------------


def test_a_paused_partition_returns_and_loses_no_record(broker: Broker):
    topic = broker.create_unique_topic()
    produce(broker.config, topic, [b"a%d" % i for i in range(50)], partition=0)
    produce(broker.config, topic, [b"b%d" % i for i in range(50)], partition=1)
    one, other = (topic, 0), (topic, 1)
    with open_source(broker.config, topic) as source:
        source.assign({one: 0, other: 0})
        came = poll_until(source, lambda came: any(entry.partition == one for entry in came), limit=5)
        source.pause([one, ("unknown", 0)])
        meanwhile = poll_until(source, lambda some: EndOfPartition(other, 50) in came + some, limit=5)
        assert all(entry.partition == other for entry in meanwhile)
        source.resume([one])
        came += meanwhile
        came += poll_until(source, lambda some: EndOfPartition(one, 50) in came + some, limit=7)
    assert list_values(e for e in came if e.partition == one) == [b"a%d" % i for i in range(50)]
    assert list_values(e for e in came if e.partition == other) == [b"b%d" % i for i in range(50)]


def test_two_topics_are_caught_up_in_order_of_record_time(broker: Broker):
    control, documents = broker.create_unique_topic(), broker.create_unique_topic()
    start = time.time() - 100
    produce(broker.config, control, [b"0", b"5", b"9"], times=[start, start + 5, start + 9], partition=1)
    produce(broker.config, documents, [b"1", b"6"], times=[start + 1, start + 6], partition=0)
    produce(broker.config, documents, [b"3", b"8"], times=[start + 3, start + 8], partition=3)
    with open_source(broker.config, control, documents) as source:
        timeline = PartitionMerger(source.metadata.list_partitions())
        source.assign(list_beginnings(source))
        released: list = []

        def caught_up(_) -> bool:
            return len(released) == 7

        def poll_and_feed(timeout: float, limit: int = 500) -> list:
            entries = KafkaSource.poll(source, timeout, limit)
            for entry in entries:
                timeline.add_entry(entry)
            released.extend(timeline.release_ready())
            return entries

        source.poll = poll_and_feed
        poll_until(source, caught_up)
    assert list_values(released) == [b"0", b"1", b"3", b"5", b"6", b"8", b"9"]


# Trouble -----------------------------------------------------------------------------------------------------------


@pytest.mark.kafka
def test_new_partitions_are_read_from_their_beginning(apache_kafka: KafkaServer, apache_admin: ApacheAdmin):
    apache_admin.create_topic("growing", 1)
    config = KafkaConfig(apache_kafka.bootstrap_servers)
    with open_source(config, "growing") as source:
        source.assign(list_beginnings(source))
        assert source.refresh_partitions() == ()
        apache_admin.add_partitions("growing", 3)
        produce(config, "growing", [b"new"], partition=2)
        deadline = time.monotonic() + PATIENCE
        while not (new := source.refresh_partitions()):
            assert time.monotonic() < deadline
        assert new == (("growing", 1), ("growing", 2))
        assert source.refresh_partitions() == ()
        assert list_values(read_records(source, 1)) == [b"new"]


@pytest.mark.kafka
def test_a_hanging_broker_delays_calls_only_briefly(apache_kafka: KafkaServer, apache_admin: ApacheAdmin):
    apache_admin.create_topic("hanging", 1)
    config = KafkaConfig(apache_kafka.bootstrap_servers)
    with open_source(config, "hanging", group="hanging") as source, capture_logs() as logs:
        source.assign(list_beginnings(source))
        assert source.store({("hanging", 0): 0})
        with apache_kafka.freeze():
            began = time.monotonic()
            assert not source.store({("hanging", 0): 1})
            assert not source.store({("hanging", 0): 1})
            assert source.refresh_partitions() == ()
            source.poll(0.1)
            assert time.monotonic() - began < 15.0  # five on a machine that does nothing else
        assert [line["where"] for line in logs if line["event"] == "kafka_trouble"] == ["stored offsets", "partitions"]
        deadline = time.monotonic() + PATIENCE
        while not source.store({("hanging", 0): 1}):
            assert time.monotonic() < deadline
            source.poll(0.1)
        assert source.metadata.fetch_committed_offsets() == {("hanging", 0): 1}


@pytest.mark.kafka
@pytest.mark.parametrize("end", ["stop", pytest.param("kill", marks=pytest.mark.slow)])
def test_a_broker_restart_is_logged_once_and_loses_no_record(
    apache_kafka: KafkaServer, apache_admin: ApacheAdmin, end: str
):
    topic = f"restart-{end}"
    apache_admin.create_topic(topic, 1)
    config = KafkaConfig(apache_kafka.bootstrap_servers)
    produce(config, topic, [b"before"])
    with open_source(config, topic, group=topic) as source, capture_logs() as logs:
        source.assign(list_beginnings(source))
        read_records(source, 1)
        getattr(apache_kafka, end)()
        poll_until(source, lambda _: source._health.brokers_away)
        for _ in range(30):
            source.poll(0.1)
        asked = time.monotonic()
        assert not source.store({(topic, 0): 1})
        assert source.refresh_partitions() == ()
        assert time.monotonic() - asked < 3.0, "the loop is not held up by questions nobody answers"
        told = [(line["where"], line["error"]) for line in logs if line["event"] == "kafka_trouble"]
        assert told
        assert len(told) == len(set(told)) <= 3
        apache_kafka.start()
        produce(config, topic, [b"after"])
        assert list_values(read_records(source, 1, patience=PATIENCE)) == [b"after"]
        poll_until(source, lambda _: not source._health.brokers_away)
        assert source.store({(topic, 0): 2})
        assert source.metadata.fetch_committed_offsets() == {(topic, 0): 2}
    assert [line["where"] for line in logs if line["event"] == "kafka_trouble_over"].count("brokers") == 1


@pytest.mark.kafka
def test_a_recreated_topic_is_read_from_its_beginning(apache_kafka: KafkaServer, apache_admin: ApacheAdmin):
    apache_admin.create_topic("again", 1)
    config = KafkaConfig(apache_kafka.bootstrap_servers, consumer={"topic.metadata.refresh.interval.ms": 500})
    produce(config, "again", [b"0", b"1", b"2"])
    with open_source(config, "again") as source:
        source.assign(list_beginnings(source))
        read_records(source, 3)
        apache_admin.delete_topic("again")
        for _ in range(20):
            source.poll(0.1)
        apache_admin.create_topic("again", 1)
        produce(config, "again", [b"new"])
        assert list_values(read_records(source, 1, patience=PATIENCE)) == [b"new"]


def test_a_refusal_is_raised_and_other_errors_logged_once():
    health = ConnectionHealth()
    with capture_logs() as logs:
        for _ in range(3):
            health.on_error(KafkaError(KafkaError._TRANSPORT, "127.0.0.1:9092 refused"))
            health.record_error(("t", 0), KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION))
        health.check()
        health.record_recovery(("t", 0))
        health.record_recovery(("t", 0))
    assert [(line["event"], line["where"]) for line in logs] == [
        ("kafka_trouble", "brokers"),
        ("kafka_trouble", ("t", 0)),
        ("kafka_trouble_over", ("t", 0)),
    ]
    health.on_error(KafkaError(KafkaError._AUTHENTICATION, "wrong password"))
    with pytest.raises(SourceError, match="_AUTHENTICATION: wrong password"):
        health.check()


def test_connections_count_as_restored_when_all_are_open():
    health = ConnectionHealth()
    health.on_error(KafkaError(KafkaError._TRANSPORT, "gone"))
    health.on_statistics('{"brokers": {"a": {"state": "UP"}, "b": {"state": "TRY_CONNECT"}}}')
    assert health.brokers_away
    health.on_statistics('{"brokers": {"a": {"state": "INIT"}}}')
    assert health.brokers_away
    good = '{"brokers": {"a": {"state": "UP"}, "b": {"state": "INIT"}}}'
    health.on_statistics(good)
    assert health.brokers_away, "the other may not have noticed yet"
    health.on_error(KafkaError(KafkaError._TRANSPORT, "gone too"))
    health.on_statistics(good)
    assert health.brokers_away, "twice in a row"
    health.on_statistics(good)
    assert not health.brokers_away


def test_fixed_consumer_properties_cannot_be_overridden():
    given = KafkaConfig(
        "h:1",
        producer={"acks": "all", "sasl.username": "u"},
        consumer={
            "auto.offset.reset": "latest",
            "enable.auto.commit": True,
            "group.id": "theirs",
            "fetch.wait.max.ms": 7,
            "fetch.message.max.bytes": 1000,
        },
    )
    properties = build_consumer_properties(given, "ours")
    assert properties["group.id"] == "ours"
    assert properties["auto.offset.reset"] == "error"
    assert properties["enable.auto.commit"] == "false"
    assert properties["fetch.wait.max.ms"] == 7
    assert properties["fetch.message.max.bytes"] == 1000
    assert "max.partition.fetch.bytes" not in properties
    assert properties["sasl.username"] == "u"
    assert "acks" not in properties
