"""Check the embedded broker: its topics exist from the start, and it ends with its context."""

from __future__ import annotations

import socket

import pytest

from helpers.kafka_records import open_source, produce, read_records
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.settings import Settings
from xafs_workers.simulation.broker import EmbeddedBroker


def test_the_topics_of_the_settings_exist():
    settings = Settings(beamline="six")
    with EmbeddedBroker(settings, ["extra"]) as broker:
        names = [settings.get_topic(which) for which in ("control", "documents", "answers", "status", "dead_letters")]
        with open_source(KafkaConfig(broker.bootstrap_servers), *names, "extra") as source:
            assert {topic for topic, _ in source.metadata.list_partitions()} == {*names, "extra"}


def test_two_brokers_share_nothing():
    with EmbeddedBroker(topics=["t"]) as one, EmbeddedBroker(topics=["t"]) as other:
        produce(KafkaConfig(one.bootstrap_servers), "t", [b"x"])
        with open_source(KafkaConfig(one.bootstrap_servers), "t") as source:
            source.assign({("t", 0): 0})
            assert len(read_records(source, 1)) == 1
        with open_source(KafkaConfig(other.bootstrap_servers), "t") as source:
            assert set(source.metadata.fetch_watermarks().values()) == {(0, 0)}


def test_the_broker_ends_with_its_context():
    with EmbeddedBroker() as broker:
        host, _, port = broker.bootstrap_servers.partition(":")
        socket.create_connection((host, int(port)), 5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), 5)
    with pytest.raises(RuntimeError, match="not running"):
        broker.create_topic("t")
