"""The same runs from each source give the same files, byte for byte."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from helpers.any_beamline import LINEAR_DRIVE, TWO_MOVERS, build_config, find_stream
from helpers.processes import wait_until
from helpers.streams import EPOCH, Entry, fold, read_entries, stamp_entries
from helpers.zmq_proxy import PREFIX, ZmqProxy
from xafs_workers.consumer.record_parser import RecordParser
from xafs_workers.consumer.records import RawRecord
from xafs_workers.messages.parsing import parse
from xafs_workers.registry import discover_all
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import Document
from xafs_workers.settings import Settings, TiledDocuments, ZmqDocuments
from xafs_workers.simulation.tiled_server import TiledServer, create_tiled_writer
from xafs_workers.sources.queued import QueuedSource
from xafs_workers.sources.recorded_documents import RecordingSource
from xafs_workers.sources.tiled_documents import TiledSource
from xafs_workers.sources.zmq_documents import ZmqSource
from xafs_workers.writers.registry import WriterInput, build_message_files

pytestmark = [
    pytest.mark.slow,
    pytest.mark.process,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # sockets of Tiled's client
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:connect.. must be used:DeprecationWarning"),
]
Publish = Callable[[str, dict[str, Any]], object]
LIMIT = 8 * 1024 * 1024


class Follower:
    """A source and the board that its documents make, of the runs that are published."""

    def __init__(self, source: QueuedSource, config: BoardConfig):
        self.source, self.board = source, Board(config)
        self.parser = RecordParser(Settings())
        self.probes, self.ends = 0, 0
        source.assign({source.partition: time.time_ns() // 1000})

    def poll(self) -> None:
        for entry in self.source.poll(0.05):
            if not isinstance(entry, RawRecord):
                self.ends += 1
            else:
                item = self.parser.parse_record(entry)
                assert isinstance(item, Document), item
                if item.doc.get("run_start") == "probe":
                    self.probes += 1
                else:
                    self.board = self.board.apply(item)

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        def holds() -> bool:
            self.poll()
            return condition()

        wait_until(holds, what)

    def wait_for(self, uids: set[str]) -> Board:
        runs = self.board.runs
        self.wait(
            lambda: all((run := self.board.runs.get(uid)) and run.stop for uid in uids), f"{len(uids)} runs, {runs}"
        )
        return self.board


@pytest.fixture(scope="module")
def tiled() -> Iterator[TiledServer]:
    with tempfile.TemporaryDirectory() as folder, TiledServer(Path(folder)) as server:
        yield server
        server.kill()


def follow_tiled(server: TiledServer, entries: list[Entry], config: BoardConfig, uids: set[str]) -> Board:
    address = TiledDocuments(uri=server.uri.removesuffix("/api/v1"), api_key_file=server.api_key_file)
    follower = Follower(TiledSource(address, 50, None, threading.Event()), config)
    follower.wait(lambda: follower.ends > 0, "what was there before: a viewer passes over runs that ended earlier")
    writer = create_tiled_writer(server.uri, server.api_key)
    for name, document in entries:
        writer(name, document)
    board = follower.wait_for(uids)
    writer.client.context.close()
    follower.source.close()
    return board


def follow_zmq(entries: list[Entry], config: BoardConfig, uids: set[str]) -> Board:
    with ZmqProxy() as proxy:
        settings = ZmqDocuments(address=proxy.address, prefix=PREFIX.decode())
        follower = Follower(ZmqSource(settings, LIMIT, threading.Event()), config)
        publisher = proxy.create_publisher()
        probe = partial(publisher, "stop", {"uid": "p", "run_start": "probe", "time": EPOCH})
        follower.wait(lambda: (probe(), follower.probes > 0)[-1], "the first document")
        for name, document in entries:
            publisher(name, document)
        board = follower.wait_for(uids)
        follower.source.close()
    return board


def follow_recording(path: Path, config: BoardConfig, uids: set[str]) -> Board:
    follower = Follower(RecordingSource(path, threading.Event()), config)
    board = follower.wait_for(uids)
    follower.source.close()
    return board


def write_files(board: Board, uids: set[str]) -> dict[str, Any]:
    discover_all()
    files: dict[str, Any] = {}
    for uid in sorted(uids):
        message = parse({"xasxdi": True, "uid": uid, "filename": f"{uid}.001"})
        made = build_message_files(message, WriterInput(board.runs[uid], board.config))
        files |= {name: content if isinstance(content, bytes) else str(content) for name, content in made.items()}
    return files


def digest(board: Board, uids: set[str]) -> dict[str, Any]:
    """Return the points of runs, exactly."""
    found: dict[str, Any] = {}
    for uid in uids:
        points = board.runs[uid].points
        columns = {key: points.get_column(key).tobytes() for key in points.keys}
        found[uid] = (points.sequence_numbers, points.time.tobytes(), columns, dict(board.runs[uid].start))
    return found


@pytest.mark.parametrize("stream", ["../ni2o3"])
def test_files_are_equal_from_each_source(stream: str, tiled: TiledServer) -> None:
    entries = [(name, body) for name, body in read_entries(find_stream(stream)) if name != "bmm"]
    config = BoardConfig.from_settings(Settings())
    expected, boards = compare_sources(entries, config, tiled)
    uids = {doc["uid"] for name, doc in entries if name == "start" and "XDI" in doc}
    files = write_files(expected, uids)
    assert files
    assert all(isinstance(content, bytes) and len(content) > 5000 for content in files.values()), files
    for source, board in boards.items():
        assert write_files(board, uids) == files, source


@pytest.mark.parametrize(
    ("stream", "columns"),
    [("step_two_movers", TWO_MOVERS), ("three_repetitions", TWO_MOVERS), ("step_linear_drive", LINEAR_DRIVE)],
)
def test_points_are_equal_from_each_source(stream: str, columns: dict[str, Any], tiled: TiledServer) -> None:
    compare_sources(read_entries(find_stream(stream)), build_config(columns), tiled)


def compare_sources(entries: list[Entry], config: BoardConfig, tiled: TiledServer) -> tuple[Board, dict[str, Board]]:
    """Check that each source brings the same points; return the board of the documents, and those of the sources."""
    uids = {doc["uid"] for name, doc in entries if name == "start"}
    expected = fold(stamp_entries(entries), Board(config))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording.jsonl"
        path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
        boards = {
            "recording": follow_recording(path, config, uids),
            "zmq": follow_zmq(entries, config, uids),
            "tiled": follow_tiled(tiled, entries, config, uids),
        }
    for source, board in boards.items():
        assert digest(board, uids) == digest(expected, uids), source
    return expected, boards
