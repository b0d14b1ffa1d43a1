"""Fixtures: an embedded broker, a real Apache Kafka, and either of them in turn.

Each process of pytest-xdist starts servers of its own (heap 256 MB, three to four seconds), and only if one of its
tests asks for them: so a test may stop and start its server without disturbing another process.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from helpers import patience
from helpers.kafka_server import KafkaNotInstalledError, KafkaServer
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.simulation.broker import EmbeddedBroker

EMBEDDED_PARTITIONS = 4


@dataclass(frozen=True)
class Broker:
    """A broker under test."""

    name: str
    bootstrap_servers: str
    create_topic: Callable[[str, int], None]

    @property
    def config(self) -> KafkaConfig:
        """How to reach it."""
        return KafkaConfig(self.bootstrap_servers)

    def create_unique_topic(self, partitions: int = EMBEDDED_PARTITIONS) -> str:
        """Create a topic that no other test uses."""
        name = f"test.{uuid.uuid4().hex[:12]}"
        self.create_topic(name, partitions)
        return name


@dataclass(frozen=True)
class Topic:
    """A new topic of a broker under test."""

    broker: Broker
    name: str
    partitions: int


class ApacheAdmin:
    """What tests change on a real Kafka."""

    def __init__(self, server: KafkaServer):
        self._server = server

    def _wait(self, ask: Callable[[AdminClient], dict[str, Any]]) -> None:
        client = AdminClient({"bootstrap.servers": self._server.bootstrap_servers, "log_level": 3})
        for future in ask(client).values():
            future.result(patience.SECONDS)

    def create_topic(self, name: str, partitions: int, **config: str) -> None:
        """Create a topic; config as ``retention_bytes="1"``."""
        topic = NewTopic(name, partitions, 1, config={key.replace("_", "."): value for key, value in config.items()})
        self._wait(lambda client: client.create_topics([topic]))
        self._wait_until_listed(name)

    def _wait_until_listed(self, name: str) -> None:
        """Wait until the broker lists a topic: it creates topics a moment before it knows them."""
        client = AdminClient({"bootstrap.servers": self._server.bootstrap_servers, "log_level": 3})
        deadline = time.monotonic() + patience.SECONDS
        while name not in client.list_topics(timeout=patience.SECONDS).topics:
            assert time.monotonic() < deadline, f"the broker does not list {name}"

    def delete_topic(self, name: str) -> None:
        """Delete a topic."""
        self._wait(lambda client: client.delete_topics([name]))

    def add_partitions(self, name: str, partitions: int) -> None:
        """Give a topic more partitions."""
        self._wait(lambda client: client.create_partitions([NewPartitions(name, partitions)]))

    def delete_records(self, name: str, partition: int, before: int) -> None:
        """Let a partition begin at an offset."""
        from confluent_kafka import TopicPartition

        self._wait(lambda client: client.delete_records([TopicPartition(name, partition, before)]))


def _create_embedded(broker: EmbeddedBroker) -> Callable[[str, int], None]:
    def create(name: str, partitions: int) -> None:
        assert partitions == EMBEDDED_PARTITIONS, "the embedded broker has four partitions a topic"
        broker.create_topic(name)

    return create


@pytest.fixture(scope="session")
def embedded_broker() -> Iterator[EmbeddedBroker]:
    """Start librdkafka's mock cluster."""
    with EmbeddedBroker() as broker:
        yield broker


@pytest.fixture(scope="session")
def apache_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """Start a real Kafka; tests may stop it, but must start it again. Skips without Java or Maven, but fails in CI."""
    server = KafkaServer(tmp_path_factory.mktemp("kafka"))
    try:
        server.start()
    except KafkaNotInstalledError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no real Kafka: {error}")
    yield server
    server.stop()


@pytest.fixture
def apache_admin(apache_kafka: KafkaServer) -> ApacheAdmin:
    """Create topics on the real Kafka."""
    return ApacheAdmin(apache_kafka)


def _build_broker(name: str, request: pytest.FixtureRequest) -> Broker:
    if name == "embedded":
        embedded: EmbeddedBroker = request.getfixturevalue("embedded_broker")
        return Broker(name, embedded.bootstrap_servers, _create_embedded(embedded))
    server: KafkaServer = request.getfixturevalue("apache_kafka")
    return Broker(name, server.bootstrap_servers, ApacheAdmin(server).create_topic)


@pytest.fixture(params=["embedded", pytest.param("apache", marks=pytest.mark.kafka)])
def broker(request: pytest.FixtureRequest) -> Broker:
    """Either broker in turn."""
    return _build_broker(request.param, request)


@pytest.fixture(
    params=[
        ("embedded", EMBEDDED_PARTITIONS),
        pytest.param(("apache", 1), marks=pytest.mark.kafka),
        pytest.param(("apache", 4), marks=pytest.mark.kafka),
    ],
    ids=lambda param: f"{param[0]}{param[1]}",
)
def topic(request: pytest.FixtureRequest) -> Topic:
    """Create a topic on either broker, with one partition or with several."""
    name, partitions = request.param
    found = _build_broker(name, request)
    return Topic(found, found.create_unique_topic(partitions), partitions)
