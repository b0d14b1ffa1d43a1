"""Where workers begin to read, on both brokers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from helpers.processes import PATIENCE
from helpers.streams import Entry, run_documents
from kafka_server import KafkaServer
from plugins.brokers import ApacheAdmin, Broker
from xafs_workers.consumer.loop import Loop, Ports
from xafs_workers.consumer.record_parser import Reader
from xafs_workers.consumer.recovery import beginning, kept_positions, live_positions
from xafs_workers.consumer.roles import SCREEN
from xafs_workers.consumer.source import KafkaSource
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import Rules
from xafs_workers.settings import Settings, load
from xafs_workers.wire import encode

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}


class Topics:
    """Two topics of their own, and a reader of them."""

    def __init__(self, broker: Broker, folder: Path):
        self.control, self.documents = broker.new_topic(), broker.new_topic()
        config = folder / "config.yaml"
        config.write_text(f"kafka: {{control_topic: {self.control}, documents_topic: {self.documents}}}")
        self.settings: Settings = load(config)
        self.reader = Reader(self.settings)
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
        loop = Loop(self.source, SCREEN, self.reader, Board(), Ports(_Idle(), lambda *_: None))
        ends = {partition: high for partition, (_, high) in self.source.watermarks().items()}
        self.source.assign(positions)
        loop.begin(positions, ends)
        deadline = time.monotonic() + PATIENCE
        while not loop.caught_up:
            loop.step(0.1)
            assert time.monotonic() < deadline
        return loop.board


class _Idle:
    def consider(self, *_: object) -> None:
        raise AssertionError("a screen owns no message")

    def advance(self, board: Board) -> None:
        pass

    def unfinished(self) -> tuple[()]:
        return ()


@pytest.fixture
def topics(broker: Broker, tmp_path: Path) -> Iterator[Topics]:
    made = Topics(broker, tmp_path)
    yield made
    made.source.close()


def documents(hint: str | None = None) -> list[Entry]:
    columns = {"xafs_x": [1.0, 2.0], "I0": [1.0, 1.0], "It": [1.0, 2.0]}
    return list(run_documents(hint=hint, motors=["xafs_x"], columns=columns))


def test_a_screen_comes_back_to_the_scan_that_is_still_open(topics: Topics) -> None:
    topics.put([("bmm", LINE), *documents(), ("bmm", {"linescan": "stop"})])
    run = documents()
    topics.put([("bmm", LINE), *run], later=60)
    positions = live_positions(topics.source, topics.reader, Rules(), since=time.time() - 12 * 3600)
    board = topics.follow(positions)
    assert [scan.runs for scan in board.scans] == [(run[0][1]["uid"],)]
    assert len(board.runs_of(board.scans[0])[0].points) == 2


def test_a_screen_with_nothing_open_begins_at_the_end(topics: Topics) -> None:
    """A dossier that is being filled is nothing to look at."""
    topics.put([("bmm", {"dossier": "start", "stub": "s"}), ("bmm", LINE), *documents(), ("bmm", {"linescan": "stop"})])
    positions = live_positions(topics.source, topics.reader, Rules(), since=time.time() - 12 * 3600)
    assert positions == {partition: high for partition, (_, high) in topics.source.watermarks().items()}


def test_a_screen_does_not_look_back_further_than_it_should(topics: Topics) -> None:
    topics.put([("bmm", LINE)])
    later = topics.put([("bmm", {"close": "all"})], later=1800)
    assert not topics.follow(live_positions(topics.source, topics.reader, Rules(), since=later - 60)).scans


def test_a_kept_worker_starts_at_the_end_the_first_time_and_stores_that(topics: Topics) -> None:
    topics.put([("bmm", LINE), *documents()])
    first = kept_positions(topics.source)
    assert first == {partition: high for partition, (_, high) in topics.source.watermarks().items()}
    topics.put([("bmm", {"linescan": "stop"})])
    assert kept_positions(topics.source) == first


def test_from_the_beginning_is_all_that_is_kept(topics: Topics) -> None:
    run = documents()
    topics.put([("bmm", LINE), *run])
    board = topics.follow(beginning(topics.source))
    assert [scan.runs for scan in board.scans] == [(run[0][1]["uid"],)]


@pytest.mark.kafka
def test_an_offset_that_is_no_longer_kept_becomes_the_oldest(
    apache_kafka: KafkaServer, apache_admin: ApacheAdmin, tmp_path: Path
) -> None:
    broker = Broker("apache", apache_kafka.bootstrap_servers, apache_admin.create_topic)
    topics = Topics(broker, tmp_path)
    kept_positions(topics.source)
    topics.put([("bmm", {"close": "all"})] * 5)
    marks = topics.source.watermarks()
    partition = next(p for p, (_, high) in marks.items() if high == 5)
    apache_admin.delete_records(partition[0], partition[1], 3)
    assert kept_positions(topics.source)[partition] == 3
    topics.source.close()
