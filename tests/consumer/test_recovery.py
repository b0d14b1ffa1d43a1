"""Where workers begin to read, on both brokers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from helpers.kafka_server import KafkaServer
from helpers.processes import PATIENCE
from helpers.streams import Entry, build_run_documents
from plugins.brokers import ApacheAdmin, Broker
from xafs_workers.configuration import load
from xafs_workers.consumer.loop import Loop
from xafs_workers.consumer.loop_callbacks import LoopCallbacks
from xafs_workers.consumer.record_parser import RecordParser
from xafs_workers.consumer.recovery import find_live_offsets, find_oldest_offsets, find_stored_offsets
from xafs_workers.consumer.roles import SCREEN
from xafs_workers.consumer.source import KafkaSource
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import AwaitedMessages
from xafs_workers.settings import Settings
from xafs_workers.wire import encode

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}


class Topics:
    """Two topics of their own, and a reader of them."""

    def __init__(self, broker: Broker, folder: Path):
        self.control, self.documents = broker.create_unique_topic(), broker.create_unique_topic()
        config = folder / "config.yaml"
        config.write_text(f"kafka: {{control_topic: {self.control}, documents_topic: {self.documents}}}")
        self.settings: Settings = load(config)
        self.reader = RecordParser(self.settings)
        self.source = KafkaSource(broker.config, (self.control, self.documents), f"group.{self.control}")
        self._producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "log_level": 3})
        self._stamp = int(time.time() * 1000) - 3600_000

    def put(self, entries: list[Entry], later: float = 0.0) -> float:
        """Publish, one millisecond apart, `later` seconds after what came before; return the last record time."""
        self._stamp += int(later * 1000)
        for name, body in entries:
            self._stamp += 1
            topic = self.control if name == "bmm" else self.documents
            self._producer.produce(topic, value=encode(name, body), key=b"k", timestamp=self._stamp)
        assert self._producer.flush(PATIENCE) == 0
        return self._stamp / 1000

    def follow(self, positions: dict[tuple[str, int], int]) -> Board:
        """Return the board of a screen worker that begins there."""
        loop = Loop(self.source, SCREEN, self.reader, Board(), LoopCallbacks(_IdleHandler(), lambda *_: None))
        ends = {partition: high for partition, (_, high) in self.source.metadata.fetch_watermarks().items()}
        self.source.assign(positions)
        loop.begin(positions, ends)
        deadline = time.monotonic() + PATIENCE
        while not loop.caught_up:
            loop.step(0.1)
            assert time.monotonic() < deadline
        return loop.board


class _IdleHandler:
    def on_message(self, *_: object) -> None:
        raise AssertionError("a screen owns no message")

    def poll(self, board: Board) -> None:
        pass

    def pending(self) -> tuple[()]:
        return ()

    awaited = AwaitedMessages()


@pytest.fixture
def topics(broker: Broker, tmp_path: Path) -> Iterator[Topics]:
    made = Topics(broker, tmp_path)
    yield made
    made.source.close()


def documents(hint: str | None = None) -> list[Entry]:
    columns = {"xafs_x": [1.0, 2.0], "I0": [1.0, 1.0], "It": [1.0, 2.0]}
    return list(build_run_documents(hint=hint, motors=["xafs_x"], columns=columns))


@pytest.mark.slow
def test_a_screen_restarts_at_the_open_scan(topics: Topics) -> None:
    topics.put([("bmm", LINE), *documents(), ("bmm", {"linescan": "stop"})])
    run = documents()
    topics.put([("bmm", LINE), *run], later=60)
    positions = find_live_offsets(topics.source, topics.reader, BoardConfig(), since=time.time() - 12 * 3600)
    board = topics.follow(positions)
    assert [scan.run_uids for scan in board.scans] == [(run[0][1]["uid"],)]
    assert len(board.get_runs(board.scans[0])[0].points) == 2


def test_a_screen_without_an_open_scan_starts_at_the_end(topics: Topics) -> None:
    """A dossier that is being filled is nothing to look at."""
    topics.put([("bmm", {"dossier": "start", "stub": "s"}), ("bmm", LINE), *documents(), ("bmm", {"linescan": "stop"})])
    positions = find_live_offsets(topics.source, topics.reader, BoardConfig(), since=time.time() - 12 * 3600)
    assert positions == {partition: high for partition, (_, high) in topics.source.metadata.fetch_watermarks().items()}


def test_a_screen_does_not_look_back_beyond_its_limit(topics: Topics) -> None:
    topics.put([("bmm", LINE)])
    later = topics.put([("bmm", {"close": "all"})], later=1800)
    assert not topics.follow(find_live_offsets(topics.source, topics.reader, BoardConfig(), since=later - 60)).scans


def test_a_first_start_stores_the_end_offsets(topics: Topics) -> None:
    topics.put([("bmm", LINE), *documents()])
    first = find_stored_offsets(topics.source)
    assert first == {partition: high for partition, (_, high) in topics.source.metadata.fetch_watermarks().items()}
    topics.put([("bmm", {"linescan": "stop"})])
    assert find_stored_offsets(topics.source) == first


def test_from_the_beginning_reads_all_stored_records(topics: Topics) -> None:
    run = documents()
    topics.put([("bmm", LINE), *run])
    board = topics.follow(find_oldest_offsets(topics.source))
    assert [scan.run_uids for scan in board.scans] == [(run[0][1]["uid"],)]


@pytest.mark.kafka
def test_a_deleted_offset_becomes_the_oldest(
    apache_kafka: KafkaServer, apache_admin: ApacheAdmin, tmp_path: Path
) -> None:
    broker = Broker("apache", apache_kafka.bootstrap_servers, apache_admin.create_topic)
    topics = Topics(broker, tmp_path)
    find_stored_offsets(topics.source)
    topics.put([("bmm", {"close": "all"})] * 5)
    marks = topics.source.metadata.fetch_watermarks()
    partition = next(p for p, (_, high) in marks.items() if high == 5)
    apache_admin.delete_records(partition[0], partition[1], 3)
    assert find_stored_offsets(topics.source)[partition] == 3
    topics.source.close()
