"""Embedded Kafka broker for demo and tests: librdkafka's mock cluster, in this process."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from xafs_workers.settings import Kafka, Settings

if TYPE_CHECKING:
    from confluent_kafka import Producer

TIMEOUT = 10.0
"""Longest wait for an answer of the broker in the same process, seconds."""


class EmbeddedBroker:
    """Kafka broker on a free port of the loopback interface; it runs as long as its context (with statement).

    Its limits: four partitions per topic, the last 5 MB of each partition, no look-up of offsets by time, nothing on
    disk.

    Parameters
    ----------
    settings
        Settings whose topics are created at the start.
    topics
        Names of more topics to create.
    """

    def __init__(self, settings: Settings | None = None, topics: Iterable[str] = ()):
        self._topics = [*(_list_topics(settings) if settings else ()), *topics]
        self._client: Producer | None = None
        self.bootstrap_servers = ""

    def __enter__(self) -> Self:
        from confluent_kafka import Producer

        # The cluster lives as long as this client does; log_level 3: errors only.
        self._client = Producer({"test.mock.num.brokers": 1, "log_level": 3})
        brokers = self._client.list_topics(timeout=TIMEOUT).brokers.values()
        self.bootstrap_servers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
        for topic in self._topics:
            self.create_topic(topic)
        return self

    def create_topic(self, topic: str) -> None:
        """Create a topic (by a metadata request of a producer)."""
        if self._client is None:
            raise RuntimeError("the embedded broker is not running: use it in a with statement")
        error = self._client.list_topics(topic, timeout=TIMEOUT).topics[topic].error
        if error is not None:
            raise RuntimeError(f"the embedded broker has no topic {topic}: {error.str()}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client = None


def _list_topics(settings: Settings) -> list[str]:
    names = [field for field in Kafka.model_fields if field.endswith("_topic")]
    return [getattr(settings.kafka, name).format(beamline=settings.beamline) for name in names]
