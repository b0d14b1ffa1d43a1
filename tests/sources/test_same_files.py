"""Each stream gives the same points, figures and files, byte for byte, whichever source brings its documents."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.any_beamline import STREAMS, build_stream_config, find_stream, write_frames
from helpers.played_sources import find_address, move_files, play_kafka, play_recording, play_tiled, play_zmq
from helpers.processes import wait_until
from helpers.streams import Entry, fold, read_entries, stamp_entries
from plugins.brokers import ApacheAdmin
from xafs_workers.catalog.frame_reader import FrameReader
from xafs_workers.catalog.tiled_frames import TiledFrames
from xafs_workers.consumer.frame_requests import FrameRequester
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Figure
from xafs_workers.messages.parsing import parse
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.registry import discover_all
from xafs_workers.render.sketch import render_sketch
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import Document
from xafs_workers.settings import Assets, Scans, Settings
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.simulation.tiled_server import TiledServer
from xafs_workers.writers.registry import CannotWrite, WriterInput, build_message_files

pytestmark = [
    pytest.mark.slow,
    pytest.mark.process,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # sockets of Tiled's client
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:connect.. must be used:DeprecationWarning"),
]
MEASURED = "../ni2o3"
NAMES = (*STREAMS, MEASURED)
FRAMES = 500
BATCH = 200
"""Rows that Tiled's writer writes together; one at a time takes it a tenth of a second each."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the file of the streamed scan, where Tiled may read it."""
    folder = tmp_path_factory.mktemp("files")
    write_frames(folder, FRAMES)
    return folder


@pytest.fixture(
    scope="module",
    params=["recording", "zmq", "tiled", "embedded_kafka", pytest.param("apache_kafka", marks=pytest.mark.kafka)],
)
def played(
    request: pytest.FixtureRequest, files: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, list[Document]]:
    """Play all streams through a source, and return what came of them."""
    entries = [entry for name in NAMES for entry in move_files(read_documents(name), files)]
    name: str = request.param
    if name == "recording":
        return name, play_recording(tmp_path_factory.mktemp("recording"), entries)
    if name == "zmq":
        return name, play_zmq(entries)
    if name == "tiled":
        return name, play_tiled(request.getfixturevalue("own_tiled_server"), entries, BATCH)
    if name == "embedded_kafka":
        broker: EmbeddedBroker = request.getfixturevalue("embedded_broker")
        broker.create_topic("streams")
        return name, play_kafka(KafkaConfig(broker.bootstrap_servers), "streams", entries)
    server = request.getfixturevalue("apache_kafka")
    ApacheAdmin(server).create_topic("streams", 1)
    return name, play_kafka(KafkaConfig(server.bootstrap_servers), "streams", entries)


def read_documents(stream: str) -> list[Entry]:
    """Read the documents of a stream, of which one was recorded with its control messages."""
    return [(name, body) for name, body in read_entries(find_stream(stream)) if name != "bmm"]


def read_frames(board: Board, reader: FrameReader) -> Board:
    """Fold the frames of the streamed runs, and close the reader."""
    requester, boards = FrameRequester(reader), [board]

    def is_whole() -> bool:
        boards[0] = requester.fold(boards[0])
        return not any(run.frames.pending for run in boards[0].runs.values())

    wait_until(is_whole, "all frames")
    reader.close()
    return boards[0]


def build_board_config(stream: str) -> BoardConfig:
    if stream != MEASURED:
        return build_stream_config(stream)
    return replace(BoardConfig.from_settings(Settings()), implied_forms=Scans(from_documents=True).implied_forms)


def describe_figure(figure: Figure) -> object:
    """Return all that a figure shows."""
    panels = [
        (
            panel.key,
            panel.x_label,
            panel.y_label,
            [text.text for text in panel.texts],
            [(trace.label, trace.x.tobytes(), trace.y.tobytes()) for trace in panel.traces],
            [(mesh.x.tobytes(), mesh.y.tobytes(), mesh.z.tobytes()) for mesh in panel.meshes],
        )
        for panel in figure.panels
    ]
    return figure.kind, figure.title, panels, render_sketch(figure)


def describe_runs(board: Board) -> object:
    """Return the content of runs, exactly."""
    found: dict[str, Any] = {}
    for uid, run in board.runs.items():
        points, numbers = run.points, run.points.sequence_numbers
        columns = {key: points.get_column(key).tobytes() for key in points.keys}
        arrays = [{key: np.asarray(one).tolist() for key, one in run.arrays.get_point(n).items()} for n in numbers]
        found[uid] = (numbers, points.time.tobytes(), columns, arrays, dict(run.start), dict(run.stop or {}))
    return found


def write_files(board: Board) -> dict[str, Any]:
    """Write the data file of each run; the reason where there is none."""
    discover_all()
    files: dict[str, Any] = {}
    for uid, run in board.runs.items():
        message = parse({"xasxdi": True, "uid": uid, "filename": f"{uid}.001"})
        try:
            made = build_message_files(message, WriterInput(run, board.config))
        except CannotWrite as error:
            files[uid] = str(error)
        else:
            files |= {name: content if isinstance(content, bytes) else str(content) for name, content in made.items()}
    return files


@pytest.mark.parametrize("stream", NAMES)
def test_each_source_gives_the_same(
    stream: str, played: tuple[str, list[Document]], files: Path, own_tiled_server: TiledServer
) -> None:
    source, documents = played
    config, entries = build_board_config(stream), move_files(read_documents(stream), files)
    expected = read_frames(fold(stamp_entries(entries), Board(config)), FrameReader(Assets(roots=(files,))))
    board = Board(config)
    uids, descriptors = set(expected.runs), set[str]()
    for item in documents:
        if item.name == "descriptor" and item.doc["run_start"] in uids:
            descriptors.add(item.doc["uid"])
        owner = item.doc.get("run_start", item.doc["uid"])
        if owner in uids or item.doc.get("descriptor") in descriptors:
            board = board.apply(item)
    by_server = FrameReader(Assets(), TiledFrames(find_address(own_tiled_server)))
    board = read_frames(board, by_server if source == "tiled" else FrameReader(Assets(roots=(files,))))
    assert describe_runs(board) == describe_runs(expected)
    figures = [[describe_figure(build_figure(one, scan)) for scan in one.scans] for one in (board, expected)]
    assert figures[0] == figures[1]
    assert bool(figures[0]) == (stream != "stock_count_one"), "a single reading has no figure"
    written = write_files(board)
    assert written == write_files(expected)
    assert stream != MEASURED or all(isinstance(content, bytes) for content in written.values())
