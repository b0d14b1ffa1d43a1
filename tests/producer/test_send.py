"""Control messages sent: as today's sessions send them, in order, and never lost in silence."""

from __future__ import annotations

import subprocess
import sys
import time

import msgpack
import numpy as np
import pytest
from structlog.testing import capture_logs

from helpers.kafka_records import open_source, read_records
from plugins.brokers import Broker, Topic
from xafs_workers import wire
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.producer.send import ControlSender, DeliveryError
from xafs_workers.settings import Kafka, Settings


def settings_for(topic: str, **kafka) -> Settings:
    return Settings(kafka=Kafka(control_topic=topic, **kafka))


def read_all(topic: Topic, count: int) -> list:
    with open_source(topic.broker.config, topic.name) as source:
        source.assign(dict.fromkeys(source.metadata.list_partitions(), 0))
        return read_records(source, count)


def test_messages_arrive_in_order_with_tag_and_key(topic: Topic):
    sender = ControlSender(settings_for(topic.name), topic.broker.config)
    for number in range(20):
        sender.send({"echoslack": True, "text": f"µ {number}", "data": np.arange(3.0) + number})
    sender.flush(10)
    came = read_all(topic, 20)
    assert len({record.partition for record in came}) == 1, "a constant key keeps all in one partition"
    assert {record.key for record in came} == {b"abcdef"}
    for number, record in enumerate(came):
        tag, body = wire.decode(record.value)
        assert (tag, body["text"]) == ("bmm", f"µ {number}")
        np.testing.assert_array_equal(body["data"], np.arange(3.0) + number)


def test_tag_key_and_record_time_can_be_chosen(broker: Broker):
    topic = broker.create_unique_topic()
    sender = ControlSender(settings_for(topic, tag="six", key="other"), broker.config)
    sender.send({"close": "all"}, timestamp_ms=1_700_000_000_123)
    sender.send({"close": "last"})
    sender.flush(10)
    first, second = read_all(Topic(broker, topic, 4), 2)
    assert wire.decode(first.value) == ("six", {"close": "all"})
    assert (first.key, first.time) == (b"other", 1_700_000_000.123)
    assert second.time == pytest.approx(time.time(), abs=30)


def test_messages_use_the_partition_of_current_bmm_sessions(topic: Topic):
    """Else both could not be kept in order while one session after the other is moved to our sender."""
    from bluesky_kafka.produce import BasicProducer

    theirs = BasicProducer(
        topic=topic.name, bootstrap_servers=[topic.broker.bootstrap_servers], key="abcdef", producer_config={"acks": 1}
    )
    ours = ControlSender(settings_for(topic.name), topic.broker.config)
    for number in range(0, 6, 2):
        theirs.produce(["bmm", {"close": number}])
        theirs.flush()
        ours.send({"close": number + 1})
        ours.flush(10)
    came = read_all(topic, 6)
    assert len({record.partition for record in came}) == 1
    assert [wire.decode(record.value)[1]["close"] for record in came] == list(range(6))
    assert len({record.value[:8] for record in came if record.value}) == 1, "the same bytes on the wire"


@pytest.mark.parametrize(("given", "expected"), [({}, 1), ({"max.in.flight.requests.per.connection": 3}, 3)])
def test_retries_do_not_change_the_order_of_messages(given: dict, expected: int, monkeypatch: pytest.MonkeyPatch):
    seen = {}
    monkeypatch.setattr("confluent_kafka.Producer", lambda properties, **_: seen.update(properties))
    ControlSender(settings_for("t"), KafkaConfig("127.0.0.1:1", producer=given))
    assert seen["max.in.flight.requests.per.connection"] == expected


def test_a_message_that_cannot_be_encoded_is_refused(broker: Broker):
    sender = ControlSender(settings_for(broker.create_unique_topic()), broker.config)
    with pytest.raises(TypeError, match="object cannot be sent"):
        sender.send({"close": object()})
    sender.flush(5)


def test_an_undelivered_message_is_reported_by_the_flush():
    config = KafkaConfig("127.0.0.1:1", producer={"message.timeout.ms": 300})
    sender = ControlSender(settings_for("t"), config)
    with capture_logs() as logs:
        sender.send({"close": "all"})
        sender.send({"close": "line"})
        with pytest.raises(DeliveryError, match=r"to t: 2 refused, first: .*[Tt]imed out"):
            sender.flush(20)
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["control_message_not_delivered"] * 2
    sender.flush(1)  # reported once


def test_a_slow_flush_reports_the_waiting_messages():
    sender = ControlSender(settings_for("t"), KafkaConfig("127.0.0.1:1"))
    sender.send({"close": "all"})
    with pytest.raises(DeliveryError, match=r"1 still waiting after 0\.2 s"):
        sender.flush(0.2)


def test_a_full_queue_that_empties_in_time_loses_no_message(broker: Broker):
    topic = broker.create_unique_topic()
    config = KafkaConfig(broker.bootstrap_servers, producer={"queue.buffering.max.messages": 3})
    sender = ControlSender(settings_for(topic), config)
    for number in range(30):
        sender.send({"close": number})
    sender.flush(10)
    came = read_all(Topic(broker, topic, 4), 30)
    assert [wire.decode(record.value)[1]["close"] for record in came] == list(range(30))


def test_a_queue_that_stays_full_raises_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("xafs_workers.producer.send.FULL_QUEUE_TIMEOUT", 0.1)
    sender = ControlSender(settings_for("t"), KafkaConfig("127.0.0.1:1", producer={"queue.buffering.max.messages": 1}))
    sender.send({"close": "all"})
    with pytest.raises(DeliveryError, match="the queue stays full"):
        sender.send({"close": "all"})


SESSION = """
import sys
from xafs_workers.producer.send import kafka_message
for heavy in ("confluent_kafka", "bluesky", "matplotlib", "pandas", "scipy"):
    assert heavy not in sys.modules, heavy
kafka_message({"close": "all", "number": 1})
kafka_message({"close": "line", "number": 2})
"""


def test_a_session_flushes_its_messages_at_exit(broker: Broker, tmp_path):
    topic = broker.create_unique_topic()
    config = tmp_path / "kafka.yml"
    config.write_text(
        f"bootstrap_servers: ['{broker.bootstrap_servers}']\nrunengine_producer_config: {{linger.ms: 500}}"
    )
    environment = {
        "XAFS_WORKERS_KAFKA__CONTROL_TOPIC": topic,
        "BLUESKY_KAFKA_CONFIG_PATH": str(config),
        "PYTHONPATH": ":".join(sys.path),
        "HOME": str(tmp_path),
    }
    done = subprocess.run([sys.executable, "-c", SESSION], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    came = read_all(Topic(broker, topic, 4), 2)
    assert [msgpack.unpackb(record.value)[1]["number"] for record in came] == [1, 2]


def test_a_session_without_a_broker_reports_lost_messages(tmp_path):
    environment = {
        "XAFS_WORKERS_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "PYTHONPATH": ":".join(sys.path),
        "HOME": str(tmp_path),
    }
    session = "import xafs_workers.producer.send as s; s.EXIT_TIMEOUT = 0.5; s.kafka_message({'close': 'all'})"
    done = subprocess.run([sys.executable, "-c", session], env=environment, capture_output=True, text=True)
    assert done.returncode == 0
    assert "control_messages_lost" in done.stdout + done.stderr
    assert "1 still waiting after 0.5 s" in done.stdout + done.stderr
