"""Documents that are easily taken wrongly give the right points, whichever source brings them."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.played_sources import play_kafka, play_recording, play_tiled, play_zmq
from helpers.run_maker import RunMaker
from helpers.streams import Entry, fold
from plugins.brokers import ApacheAdmin
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import Document
from xafs_workers.settings import Scans

pytestmark = [
    pytest.mark.slow,
    pytest.mark.process,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # sockets of Tiled's client
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:connect.. must be used:DeprecationWarning"),
]
LARGE = {"message.max.bytes": 8_000_000}
MONITORED = 30
"""Readings of a motor at ten a second, beside the points."""


def build_session() -> list[Entry]:
    """Build a run with a large start document, monitored readings, a pause, new configurations, and a page."""
    run = RunMaker()
    run.add_start(plan_args={"note": "x" * 2_000_000})
    primary, monitor = run.add_descriptor("primary", "x", "d"), run.add_descriptor("table_monitor", "table")
    for number in range(1, 4):
        run.add_event(primary, number, x=float(number), d=10.0 * number)
        for reading in range(MONITORED // 3):
            run.add_event(monitor, (number - 1) * MONITORED // 3 + reading + 1, table=float(reading))
    run.add_event(primary, 3, x=3.0, d=33.0)  # measured again after a pause
    configured = run.add_descriptor("primary", "x", "d")
    run.add_event(configured, 4, x=4.0, d=40.0)
    run.add_page(configured, [5, 6], x=[5.0, 6.0], d=[50.0, 60.0])
    run.add_stop(primary=6, table_monitor=MONITORED)
    return run.entries


@pytest.fixture(params=["recording", "zmq", "tiled", "embedded_kafka", pytest.param("kafka", marks=pytest.mark.kafka)])
def documents(request: pytest.FixtureRequest, tmp_path: Path) -> list[Document]:
    """Play the session through a source."""
    entries, name = build_session(), request.param
    if name == "recording":
        return play_recording(tmp_path, entries)
    if name == "zmq":
        return play_zmq(entries)
    if name == "tiled":
        return play_tiled(request.getfixturevalue("own_tiled_server"), entries, batch_size=4)
    topic = f"traps.{uuid.uuid4().hex[:8]}"
    if name == "embedded_kafka":
        broker = request.getfixturevalue("embedded_broker")
        broker.create_topic(topic)
    else:
        broker = request.getfixturevalue("apache_kafka")
        ApacheAdmin(broker).create_topic(topic, 1, max_message_bytes="8000000")
    return play_kafka(KafkaConfig(broker.bootstrap_servers, producer=LARGE), topic, entries)


def test_traps_give_the_right_points(documents: list[Document]) -> None:
    config = replace(BoardConfig(), implied_forms=Scans(from_documents=True).implied_forms)
    board = fold(documents, Board(config))
    (run,) = board.runs.values()
    assert len(run.start["plan_args"]["note"]) == 2_000_000
    assert run.points.sequence_numbers == (1, 2, 3, 4, 5, 6)
    assert run.points.get_column("d").tolist() == [10.0, 20.0, 33.0, 40.0, 50.0, 60.0]
    assert len(run.streams["table_monitor"].points) == MONITORED
    (scan,) = board.scans
    (panel,) = build_figure(board, scan).panels
    assert (scan.kind, panel.key, len(panel.traces[0].x)) == ("linescan", "d", 6)
