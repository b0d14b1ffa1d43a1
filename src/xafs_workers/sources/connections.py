"""Connections of a worker or a tool, as the settings name them: sources, publisher, topics."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xafs_workers.consumer.client import SourceError
from xafs_workers.consumer.publisher import Publisher
from xafs_workers.consumer.source import KafkaSource
from xafs_workers.consumer.source_interface import Source
from xafs_workers.producer.kafka_config import KafkaConfig, read_kafka_config
from xafs_workers.settings import Catalog, Settings, TiledDocuments
from xafs_workers.sources.combined import CombinedSource
from xafs_workers.sources.joiner import RunJoiner
from xafs_workers.sources.local_producer import LocalProducer
from xafs_workers.sources.local_source import LocalSource
from xafs_workers.sources.local_topics import LocalTopics

AT_MOST_ONCE = frozenset({"zmq"})
"""Sources that may lose documents without a word."""
READ_TIMEOUT = 30.0
"""How long questions about Kafka's topics are repeated, seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Connections:
    """Opens what the settings name.

    Attributes
    ----------
    kafka
        Connection to Kafka; None where nothing passes through it.
    """

    settings: Settings
    kafka: KafkaConfig | None

    @classmethod
    def from_settings(cls, settings: Settings) -> Connections:
        """Read the configuration of Kafka, where it is in use.

        Raises
        ------
        KafkaConfigError
            It cannot be used.
        """
        uses_kafka = settings.has_kafka_documents or settings.has_kafka_control
        return cls(settings, read_kafka_config(settings.kafka) if uses_kafka else None)

    @property
    def kafka_topics(self) -> tuple[str, ...]:
        """Topics that a worker reads from Kafka."""
        settings = self.settings
        control = (settings.get_topic("control"),) if settings.has_kafka_control else ()
        return (*control, *((settings.get_topic("documents"),) if settings.has_kafka_documents else ()))

    def open_source(self, reader: str, *, is_durable: bool) -> Source:
        """Open everything that a worker reads.

        Parameters
        ----------
        reader
            Name of the worker, under which its offsets are stored.
        is_durable
            Whether it stores what it has read, and begins there again.

        Raises
        ------
        SourceError
            The topics of the state folder cannot be opened.
        """
        settings, wake = self.settings, threading.Event()
        parts: list[Source] = []
        if not settings.has_kafka_control:
            topics = self._open_local_topics()
            if is_durable:
                topics.prune(
                    settings.get_topic("status"), map(settings.get_topic, ("control", "answers", "dead_letters"))
                )
            parts.append(LocalSource(topics, [settings.get_topic("control")], reader))
        if self.kafka is not None:
            parts.append(KafkaSource(self.kafka, self.kafka_topics, f"{settings.beamline}.{reader}"))
        parts += self._open_documents(reader, wake, is_durable=is_durable)
        return parts[0] if len(parts) == 1 else CombinedSource(parts, wake)

    def open_past(self, reader: str) -> Source | None:
        """Open a source whose past records can be read once more: control messages, and one source of documents.

        The documents are those of Kafka, else of Tiled, else of the catalog. None where nothing keeps them, or where
        each start reads all of them, as of a recording.

        Raises
        ------
        SourceError
            The topics of the state folder cannot be opened.
        """
        settings, wake = self.settings, threading.Event()
        address = settings.sources.tiled or (settings.catalog if settings.catalog.configured else None)
        if settings.sources.recording is not None or (address is None and not settings.has_kafka_documents):
            return None
        parts: list[Source] = []
        if not settings.has_kafka_control:
            parts.append(LocalSource(self._open_local_topics(), [settings.get_topic("control")], reader))
        if self.kafka is not None:
            parts.append(KafkaSource(self.kafka, self.kafka_topics, f"{settings.beamline}.{reader}"))
        if address is not None and not settings.has_kafka_documents:
            parts.append(self._open_tiled(address, None, wake))
        return parts[0] if len(parts) == 1 else CombinedSource(parts, wake)

    def build_joiner(self) -> RunJoiner | None:
        """Return the joiner of the sources of documents; None where Kafka is the only one."""
        names = self.settings.sources.names
        if names == ("kafka",):
            return None
        documents = self.settings.get_topic("documents")
        return RunJoiner(names, AT_MOST_ONCE, lambda topic: "kafka" if topic == documents else topic)

    def open_publisher(self, worker: str) -> Publisher:
        """Open the publisher of a worker's answers, dead letters and heartbeats."""
        if self.settings.has_kafka_control and self.kafka is not None:
            return Publisher(self.kafka, self.settings, worker)
        return Publisher(None, self.settings, worker, LocalProducer(self._open_local_topics()))

    def open_topics(self, topics: Sequence[str], reader: str, *, timeout: float = READ_TIMEOUT) -> Source:
        """Open some topics of messages, answers, heartbeats or dead letters, for a tool."""
        if self.settings.has_kafka_control and self.kafka is not None:
            return KafkaSource(self.kafka, topics, f"{self.settings.beamline}.{reader}", timeout=timeout)
        return LocalSource(self._open_local_topics(), topics, reader)

    def _open_local_topics(self) -> LocalTopics:
        try:
            return LocalTopics.open(self.settings)
        except (OSError, sqlite3.Error) as error:
            folder = self.settings.find_state_folder()
            raise SourceError(
                f"the topics of the state folder {folder}: {error} (expected a folder of ours)"
            ) from error

    def _open_documents(self, reader: str, wake: threading.Event, *, is_durable: bool) -> list[Source]:
        sources, limit = self.settings.sources, self.settings.kafka.max_record_bytes
        opened: list[Source] = []
        if sources.zmq is not None:
            from xafs_workers.sources.zmq_documents import ZmqSource

            opened.append(ZmqSource(sources.zmq, limit, wake))
        if sources.tiled is not None:
            file = self.settings.find_state_folder() / reader / "tiled-runs.json" if is_durable else None
            opened.append(self._open_tiled(sources.tiled, file, wake))
        if sources.recording is not None:
            from xafs_workers.sources.recorded_documents import RecordingSource

            opened.append(RecordingSource(sources.recording.file, wake))
        return opened

    def _open_tiled(self, address: TiledDocuments | Catalog, store: Path | None, wake: threading.Event) -> Source:
        from xafs_workers.sources.tiled_documents import TiledSource

        settings = self.settings
        return TiledSource(address, settings.retention.runs, store, wake, settings.scans.sequence_gap)
