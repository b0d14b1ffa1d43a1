"""Documents of the newest finished runs, read from any source."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from xafs_workers.consumer.client import SourceError
from xafs_workers.consumer.partition_merger import PartitionMerger
from xafs_workers.consumer.record_parser import RecordParser, RejectedRecord
from xafs_workers.consumer.records import RECORDING_TOPIC, EndOfPartition, Partition
from xafs_workers.consumer.source import KafkaSource
from xafs_workers.consumer.source_interface import Source
from xafs_workers.diagnostics.adoption.trial import SessionData
from xafs_workers.messages.documents import InvalidDocument, check_document
from xafs_workers.producer.kafka_config import KafkaConfigError, read_kafka_config
from xafs_workers.recording.references import RunKeys
from xafs_workers.recording.session import Session, SessionError
from xafs_workers.scans.items import Document, RecordPosition
from xafs_workers.settings import Settings

POLL_SECONDS = 0.2
LOOK_BACK_SECONDS = (3600.0, 12 * 3600.0, 7 * 86400.0)
"""How far back Kafka is read, one after the other, until there are enough runs; then from its oldest record."""
SILENT_SECONDS = 30.0
"""A broker that gives nothing for so long is away."""
MAX_OPEN_RUNS = 50
READER = "adopt"


class CollectionError(RuntimeError):
    """Nothing can be read; the text gives the reason."""


@dataclass(slots=True)
class RunCollector:
    """Collects the documents of the newest finished runs, in order.

    Parameters
    ----------
    count
        Number of finished runs that are kept.
    """

    count: int
    _refused: int = 0
    _refusal: str = ""
    _finished: OrderedDict[str, list[Document]] = field(default_factory=OrderedDict[str, "list[Document]"])
    _open: OrderedDict[str, list[Document]] = field(default_factory=OrderedDict[str, "list[Document]"])
    _keys: RunKeys = field(default_factory=RunKeys)

    def add(self, item: Document) -> None:
        """Add a document; one of a run whose start was not read is left out."""
        uid = self._keys.find_key(item.name, item.doc)
        if uid is None:
            return
        if item.name == "start":
            self._open[uid] = []
        documents = self._open.get(uid)
        if documents is None:
            return
        documents.append(item)
        if item.name == "stop":
            self._finished[uid] = self._open.pop(uid)
        while len(self._finished) > self.count:
            self._finished.popitem(last=False)
        while len(self._open) > MAX_OPEN_RUNS:
            self._open.popitem(last=False)

    def refuse(self, reason: str) -> None:
        """Count a document or line that cannot be used, and keep the reason of the first."""
        self._refusal = self._refusal or reason
        self._refused += 1

    @property
    def is_full(self) -> bool:
        """Whether as many runs have finished as are wanted."""
        return len(self._finished) >= self.count

    @property
    def is_empty(self) -> bool:
        """Whether no run has finished."""
        return not self._finished

    def build_session(self, source: str) -> SessionData:
        """Build the session of the finished runs."""
        documents = tuple(item for documents in self._finished.values() for item in documents)
        count = f"{self._refused} of the documents cannot be used" if self._refused else ""
        return SessionData(documents, (), source, f"{count}, the first: {self._refusal}" if count else "")


@dataclass(frozen=True, slots=True)
class RunSelection:
    """The runs that are read.

    Attributes
    ----------
    count
        Number of the newest finished runs.
    seconds
        Longest wait: for a run that finishes, and for a source that does not answer.
    waits
        Whether a run that finishes is waited for, where none has.
    look_back
        How far back Kafka is read at most, seconds.
    """

    count: int
    seconds: float
    waits: bool = True
    look_back: float = math.inf


def collect(settings: Settings, wanted: RunSelection, stop: threading.Event) -> SessionData:
    """Read the newest finished runs from the source that the settings name; none where none finishes in time.

    ZMQ, which keeps nothing, is read until there are as many runs as are wanted.

    Raises
    ------
    CollectionError
        The source cannot be read.
    """
    sources, collector = settings.sources, RunCollector(wanted.count)
    try:
        if sources.recording is not None:
            read_recording(Session(sources.recording.file), collector)
            return collector.build_session(str(sources.recording.file))
        if sources.zmq is not None:
            from xafs_workers.sources.zmq_documents import ZmqSource

            zmq = ZmqSource(sources.zmq, settings.kafka.max_record_bytes, threading.Event())
            _read_source(_Reader(zmq, settings, collector), wanted, stop)
            return collector.build_session(sources.zmq.address)
        if sources.tiled is not None:
            from xafs_workers.sources.tiled_documents import TiledSource

            tiled = TiledSource(sources.tiled, wanted.count, None, threading.Event())
            _read_source(_Reader(tiled, settings, collector), wanted, stop)
            return collector.build_session(sources.tiled.uri)
        return _read_kafka(settings, wanted, stop)
    except (SessionError, SourceError, KafkaConfigError) as error:
        raise CollectionError(str(error)) from error


def read_recording(session: Session, collector: RunCollector) -> None:
    """Read the documents of a recording; lines and documents that cannot be used are left out, and counted."""
    for record in session.read_records(lambda error: collector.refuse(str(error))):
        if record.topic != "documents" or record.body is None:
            continue
        try:
            check_document(record.name, record.body)
        except InvalidDocument as error:
            collector.refuse(f"{session.path}:{record.line}: {error}")
            continue
        position = RecordPosition(RECORDING_TOPIC, 0, record.line)
        collector.add(Document(record.name, record.body, record.time, position, is_replayed=True))


def _read_source(reader: _Reader, wanted: RunSelection, stop: threading.Event) -> None:
    """Read a source other than Kafka: what it keeps, then what comes."""
    source, collector = reader.source, reader.collector
    try:
        deadline = time.monotonic() + wanted.seconds
        reader.begin(dict.fromkeys(source.metadata.list_partitions(), 0))
        keeps_runs = source.reports[0].promise != "at-most-once"
        while time.monotonic() < deadline and not stop.is_set() and not collector.is_full:
            if keeps_runs and not reader.behind and not (collector.is_empty and wanted.waits):
                return
            reader.turn()
        if collector.is_empty and source.waits_for:
            raise CollectionError(source.waits_for)
    finally:
        source.close()


def _read_kafka(settings: Settings, wanted: RunSelection, stop: threading.Event) -> SessionData:
    """Read Kafka backwards in steps; where no run has finished at all, what comes within some seconds."""
    topic, config = settings.get_topic("documents"), read_kafka_config(settings.kafka)
    timeout = min(wanted.seconds, SILENT_SECONDS)
    source = KafkaSource(config, [topic], f"{settings.beamline}.{READER}", timeout=timeout)
    try:
        reader = _Reader(source, settings, RunCollector(wanted.count))
        for positions in _list_beginnings(source, topic, wanted.look_back):
            reader = _Reader(source, settings, RunCollector(wanted.count))
            reader.begin(positions)
            _catch_up(reader, timeout, stop)
            if reader.collector.is_full or stop.is_set():
                break
        deadline = time.monotonic() + wanted.seconds
        while wanted.waits and reader.collector.is_empty and time.monotonic() < deadline and not stop.is_set():
            reader.turn()
        return reader.collector.build_session(f"{config.bootstrap_servers}, topic {topic}")
    finally:
        source.close()


def _list_beginnings(source: KafkaSource, topic: str, look_back: float) -> Iterator[dict[Partition, int]]:
    """Yield the offsets from which to read, further back each time."""
    now = time.time()
    oldest = {partition: low for partition, (low, _) in source.metadata.fetch_watermarks().items()}
    for span in LOOK_BACK_SECONDS:
        if span <= look_back:
            yield {**oldest, **source.metadata.find_offsets(topic, now - span)}
    if math.isinf(look_back):
        yield oldest


def _catch_up(reader: _Reader, timeout: float, stop: threading.Event) -> None:
    """Read what there is; a broker that gives nothing for `timeout` seconds is an error."""
    deadline = time.monotonic() + timeout
    while reader.behind and not stop.is_set():
        if reader.turn():
            deadline = time.monotonic() + timeout
        elif time.monotonic() >= deadline:
            raise CollectionError(reader.source.waits_for or "the broker sends nothing")


class _Reader:
    """Reads a source, its partitions merged by time, into a collector."""

    def __init__(self, source: Source, settings: Settings, collector: RunCollector):
        self.source, self._parser, self.collector = source, RecordParser(settings), collector
        self._merger = PartitionMerger(())
        self.behind: set[Partition] = set()

    def begin(self, positions: Mapping[Partition, int]) -> None:
        """Read from these offsets on."""
        self._merger.add_partitions(positions)
        self.behind = set(positions)
        self.source.assign(positions)

    def turn(self) -> bool:
        """Take what has arrived; False for nothing."""
        entries = self.source.poll(POLL_SECONDS)
        for entry in entries:
            self._merger.add_entry(entry)
            if isinstance(entry, EndOfPartition):
                self.behind.discard(entry.partition)
        for record in self._merger.release_ready():
            item = self._parser.parse_record(record)
            if isinstance(item, Document):
                self.collector.add(item._replace(is_replayed=True))
            elif isinstance(item, RejectedRecord):
                self.collector.refuse(item.reason)
        return bool(entries)
