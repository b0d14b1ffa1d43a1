"""A beamline with other names throughout: its example configuration, a real worker, its pictures and their labels."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from helpers.processes import Station
from helpers.vega import VegaBeamline
from plugins.brokers import Broker
from xafs_workers.configuration import load
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.line_marks import add_line_marks
from xafs_workers.messages.parsing import parse
from xafs_workers.producer.send import ControlSender
from xafs_workers.render.matplotlib.pictures import render_picture
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import Document, ReceivedMessage, RecordPosition
from xafs_workers.simulation.beamline import create_kafka_publisher
from xafs_workers.simulation.broker import EmbeddedBroker

EXAMPLE = Path(__file__).parents[2] / "docs/examples/another-beamline.yaml"
EXPERIMENT = "2026/HC-1234"


class FollowedBoard:
    """The board of a session, followed beside the worker."""

    def __init__(self, rules: BoardConfig):
        self.board = Board(rules)
        self._count = 0

    def message(self, body: Mapping[str, Any]) -> None:
        self._fold(lambda time, origin: ReceivedMessage(parse(body), time, origin))

    def document(self, name: str, body: Mapping[str, Any]) -> None:
        self._fold(lambda time, origin: Document(name, body, time, origin))

    def _fold(self, made: Any) -> None:
        self._count += 1
        self.board = self.board.apply(made(1.8e9 + self._count / 1000, RecordPosition("t", 0, self._count)))

    def figure(self, kind: str) -> Any:
        (scan,) = (scan for scan in self.board.scans if scan.kind == kind)
        return add_line_marks(self.board, scan, build_figure(self.board, scan), has_place=False)


@pytest.fixture
def station(tmp_path: Path, embedded_broker: EmbeddedBroker, larch: None) -> Iterator[Station]:
    example = yaml.safe_load(EXAMPLE.read_text())
    # What every place has of its own: brokers, folders, and here the prefix of the topics, for the broker is shared.
    for part, name in (("beamline", ""), ("kafka", "bootstrap_servers"), ("storage", "proposals_root")):
        example[part].pop(name) if name else example.pop(part)
    create = embedded_broker.create_topic
    broker = Broker("embedded", embedded_broker.bootstrap_servers, lambda name, _partitions: create(name))
    name = f"b{uuid.uuid4().hex[:8]}"
    made = Station(tmp_path, broker.bootstrap_servers, broker.create_topic, name, **example)
    (made.folder / "proposals" / EXPERIMENT).mkdir(parents=True)
    made.start()
    yield made
    made.close()


def test_the_example_has_no_names_of_bmm() -> None:
    settings = load(EXAMPLE)
    assert settings.get_topic("control") == "vega.xas.commands"
    text = EXAMPLE.read_text().split("\n", 1)[1].lower()
    for name in ("bmm", "nsls2", "xafs_", "dcm_", "dwti_", "data_session"):
        assert name not in text, name


@pytest.mark.slow
def test_scans_of_another_beamline_are_drawn_with_its_names(station: Station) -> None:
    settings = station.settings
    sender = ControlSender(settings)
    publisher = create_kafka_publisher(settings.kafka.bootstrap_servers or "", settings.get_topic("documents"))
    followed = FollowedBoard(BoardConfig.from_settings(settings))

    def send(message: Mapping[str, Any]) -> None:
        followed.message(message)
        sender.send(message)

    def publish(name: str, document: Any) -> None:
        followed.document(name, document)
        publisher(name, document)

    vega = VegaBeamline(send, publish)
    for plan in (vega.scan_line(), vega.scan_map(), vega.scan_xafs()):
        vega.engine(plan)
    vega.close()
    publisher.flush()
    sender.flush()
    for kind in ("linescan", "areascan", "xafsscan", "xafs_sequence"):
        station.wait(lambda kind=kind: bool(station.list_final_answers(kind)), f"the answer to {kind}: stop")
        assert [answer["state"] for answer in station.list_final_answers(kind)] == ["done"], station.list_final_answers(
            kind
        )
    files = station.read_files()
    files = {name.removeprefix(f"{EXPERIMENT}/"): data for name, data in files.items() if "/by-uid/" not in name}
    assert set(files) == {
        "dossier/.sequence/hematite-01",
        "hematite.merge_01.xdi",
        "maps/map.png",
        "prj/hematite_01.prj",
        "snapshots/across.png",
        "snapshots/hematite_01.png",
        "snapshots/hematite_liveplot_01.png",
    }
    assert not station.received["dead-letter"]
    assert not station.read_logged_errors()
    _line(followed, files["snapshots/across.png"])
    _map(followed, files["maps/map.png"])
    _spectra(followed)


def _line(followed: FollowedBoard, drawn: bytes) -> None:
    figure = followed.figure("linescan")
    (panel,) = figure.panels
    assert (panel.x_label, panel.y_label) == ("sample_x (mm)", "fluorescence / I0")
    (run,) = (followed.board.runs[uid] for scan in followed.board.scans[:1] for uid in scan.run_uids)
    counts = sum(run.points.get_column(f"fluo_Fe_{channel}") for channel in (1, 2, 3, 4))
    np.testing.assert_array_equal(panel.traces[0].y, counts / run.points.get_column("ionch_1"))
    assert drawn == render_picture(figure), "the picture is the figure whose labels were looked at"


def _map(followed: FollowedBoard, drawn: bytes) -> None:
    figure = followed.figure("areascan")
    (panel,) = figure.panels
    assert (panel.x_label, panel.y_label) == ("sample_x (mm)", "sample_z (mm)")
    assert panel.y_inverted
    assert drawn == render_picture(figure)


def _spectra(followed: FollowedBoard) -> None:
    figure = followed.figure("xafsscan")
    panels = {panel.y_label: panel for panel in figure.panels}
    assert {"transmission µ(E)", "fluorescence µ(E)  (Vortex ME4)", "reference µ(E)", "I0 (nA)"} <= panels.keys()
    assert figure.title == "hematite: scan 2 of 2"
    scan = next(scan for scan in followed.board.scans if scan.kind == "xafsscan")
    points = followed.board.runs[scan.run_uids[0]].points
    first = panels["transmission µ(E)"].traces[0]
    np.testing.assert_array_equal(first.x, points.get_column("mono_energy"))
    np.testing.assert_allclose(first.y, np.log(points.get_column("ionch_1") / points.get_column("ionch_2")))
    np.testing.assert_allclose(
        panels["I0 (nA)"].traces[0].y, points.get_column("ionch_1") / points.get_column("count_time")
    )
