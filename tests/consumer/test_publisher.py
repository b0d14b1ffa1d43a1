"""What a worker publishes: on the right topics, without an exception in the loop; losses are counted."""

from __future__ import annotations

import numpy as np
import pytest
from structlog.testing import capture_logs

from helpers.kafka_records import open_source, read_records
from plugins.brokers import Broker
from xafs_workers import wire
from xafs_workers.consumer.publisher import EXCERPT_BYTES, Publisher
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.settings import Kafka, Settings

ANSWER = wire.Answer("m1", "file-manager", "xasxdi", "write", "done", paths=("/a/b.xdi",), seconds=0.25)


def letter(excerpt: bytes = b"\xc1") -> wire.DeadLetter:
    return wire.DeadLetter("file-manager", "bmm.test", 0, 7, 1.5, "undecodable", "not msgpack", excerpt=excerpt)


def test_each_record_is_sent_to_its_topic(broker: Broker):
    topics = [broker.create_unique_topic() for _ in range(3)]
    names = dict(zip(("answers_topic", "dead_letters_topic", "status_topic"), topics, strict=True))
    publisher = Publisher(broker.config, Settings(kafka=Kafka(**names)), "file-manager")
    publisher.send_answer(ANSWER)
    publisher.send_dead_letter(letter(b"\xc1" * (EXCERPT_BYTES + 5)))
    publisher.send_status({"lag": np.int64(3), "value": np.arange(2)})
    assert publisher.flush(10)
    with open_source(broker.config, *topics) as source:
        source.assign(dict.fromkeys(source.metadata.list_partitions(), 0))
        came = {record.position.topic: record for record in read_records(source, 3)}
    assert {record.key for record in came.values()} == {b"file-manager"}
    assert wire.decode(came[topics[0]].value) == ("answer", {**ANSWER.to_dict(), "paths": ["/a/b.xdi"]})
    tag, dead = wire.decode(came[topics[1]].value)
    assert (tag, dead["offset"], dead["outcome"]) == ("dead-letter", 7, "undecodable")
    assert dead["excerpt"] == b"\xc1" * EXCERPT_BYTES
    tag, status = wire.decode(came[topics[2]].value)
    assert (tag, status["lag"], list(status["value"])) == ("status", 3, [0, 1])
    assert publisher.lost_counts == {"answer": 0, "dead-letter": 0, "status": 0}


def errors(logs: list) -> list:
    return [(line["event"], line["error"]) for line in logs if line["log_level"] == "error"]


def test_an_unencodable_record_is_counted_and_logged_once(broker: Broker):
    publisher = Publisher(broker.config, Settings(), "w")
    nested: list = []
    for _ in range(2000):
        nested = [nested]
    with capture_logs() as logs:
        for value in (object(), 2**80, nested):
            publisher.send_status({"value": value})
    assert publisher.lost_counts["status"] == 3
    assert errors(logs) == [("record_lost", "unwritable")]


def test_a_record_that_is_too_large_is_counted(broker: Broker):
    publisher = Publisher(broker.config, Settings(), "w")
    with capture_logs() as logs:
        publisher.send_status({"value": b"x" * 2_000_000})
        publisher.send_status({"value": b"x" * 2_000_000})
    assert publisher.lost_counts["status"] == 2
    assert errors(logs) == [("record_lost", "MSG_SIZE_TOO_LARGE")]


def test_a_full_queue_drops_records_and_continues(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("xafs_workers.consumer.publisher.FULL_QUEUE_SECONDS", 0.05)
    config = KafkaConfig("127.0.0.1:1", producer={"queue.buffering.max.messages": 2})
    publisher = Publisher(config, Settings(), "w")
    with capture_logs() as logs:
        for _ in range(4):
            publisher.send_answer(ANSWER)
        assert not publisher.flush(0.1)
    assert publisher.lost_counts["answer"] == 2
    assert errors(logs) == [("record_lost", "queue full")]


def test_a_full_queue_that_empties_in_time_loses_no_record(broker: Broker):
    topic = broker.create_unique_topic()
    config = KafkaConfig(broker.bootstrap_servers, producer={"queue.buffering.max.messages": 3})
    publisher = Publisher(config, Settings(kafka=Kafka(answers_topic=topic)), "w")
    for _ in range(30):
        publisher.send_answer(ANSWER)
    assert publisher.flush(10)
    assert publisher.lost_counts["answer"] == 0
    with open_source(broker.config, topic) as source:
        source.assign(dict.fromkeys(source.metadata.list_partitions(), 0))
        assert len(read_records(source, 30)) == 30


def test_an_undelivered_record_is_counted_and_logged_once():
    publisher = Publisher(KafkaConfig("127.0.0.1:1", producer={"message.timeout.ms": 200}), Settings(), "w")
    with capture_logs() as logs:
        for _ in range(3):
            publisher.send_answer(ANSWER)
        assert publisher.flush(20), "nothing waits any more"
    assert publisher.lost_counts["answer"] == 3
    assert errors(logs) == [("record_lost", "_MSG_TIMED_OUT")]


def test_records_wait_as_long_as_the_brokers_are_away(monkeypatch):
    given = []
    monkeypatch.setattr("xafs_workers.consumer.publisher.Producer", lambda properties, **_: given.append(properties))
    Publisher(KafkaConfig("127.0.0.1:1"), Settings(), "w")
    Publisher(KafkaConfig("127.0.0.1:1", producer={"message.timeout.ms": 200}), Settings(), "w")
    assert [properties["message.timeout.ms"] for properties in given] == [0, 200]
