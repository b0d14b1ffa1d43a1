"""Check that the simulated beamline sends the control messages and documents of a real one, at the same moments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import event_model
import numpy as np
import pytest
from confluent_kafka import Consumer, TopicPartition

from helpers.streams import Entry, fold, stamp_entries
from plugins.brokers import Broker
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.messages.documents import check_document
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.settings import Scans
from xafs_workers.simulation.beamline import Beamline, SimulationSetup, create_kafka_publisher
from xafs_workers.simulation.grid import GridError, build_energy_grid
from xafs_workers.simulation.plans import (
    XafsParameters,
    measure_linescan,
    measure_timescan,
    measure_xafs,
    scan_without_messages,
)
from xafs_workers.simulation.spectra import compute_mu_t
from xafs_workers.wire import decode

pytestmark = pytest.mark.slow


SHORT: dict[str, Any] = {"bounds": "-60 -10 20 6k", "steps": "10 4 0.4k", "times": "0.5 0.5 0.25k"}


class Session:
    """Beamline whose messages and documents are stored in the order in which they were sent."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.fail_after: int | None = None
        setup = SimulationSetup(self.send, self.publish, "/proposals")
        self.beamline = Beamline(setup, context_managers=[])

    def send(self, message: Mapping[str, Any]) -> None:
        self.entries.append(("bmm", dict(message)))

    def publish(self, name: str, document: dict[str, Any]) -> None:
        self.entries.append((name, json.loads(json.dumps(document, default=float))))
        if name == "event" and self.fail_after is not None:
            self.fail_after -= 1
            if self.fail_after < 0:
                raise RuntimeError("beam dump")

    def list_events(self) -> list[str]:
        """List kinds of messages with their actions, and begins and ends of runs as brackets."""
        found = []
        for name, body in self.entries:
            if name == "bmm":
                kind = next(iter(body))
                found.append(kind if body[kind] is True else f"{kind} {body[kind]}")
            elif name in ("start", "stop"):
                found.append("[" if name == "start" else "]")
        return found


@pytest.fixture
def session() -> Session:
    return Session()


REPETITION = ["file_exists", "echoslack", "xafsscan next", "[", "]", "xafs_sequence add", "xasxdi", "echoslack"]


def test_an_xafs_sequence_sends_the_messages_of_the_real_plan(session: Session) -> None:
    session.beamline.mount("Fe2O3", "4-element SDD")
    session.beamline.run(
        measure_xafs(session.beamline, XafsParameters("fe", mode="fluorescence", repetitions=2, **SHORT))
    )
    opening = ["next_index", "file_exists", "close all", "dossier start", "dossier set", "echoslack"]
    opening += ["xafs_sequence start", "xafsscan start"]
    ending = ["echoslack", "dossier set", "dossier write", "xafsscan stop", "xafs_sequence stop", "resting_state"]
    assert session.list_events() == [*opening, *REPETITION, *REPETITION, *ending]


def test_line_and_time_scans_send_the_real_messages(session: Session) -> None:
    session.beamline.run(measure_linescan(session.beamline, "xafs_x", "It", (-1, 1, 3)))
    session.beamline.run(measure_timescan(session.beamline, "I0", 2, 0.1))
    assert session.list_events() == [
        *("linescan start", "[", "]", "linescan stop", "resting_state"),
        *("timescan start", "[", "]", "timescan stop", "resting_state"),
    ]


def test_every_document_and_message_is_valid(session: Session) -> None:
    session.beamline.mount("NiO", "7-element SDD", electron_yield=True)
    session.beamline.run(measure_xafs(session.beamline, XafsParameters("nio", mode="yield", repetitions=1, **SHORT)))
    session.beamline.run(measure_linescan(session.beamline, "xafs_y", "If", (-1, 1, 3), stack=True, fname="y.png"))
    for name, body in session.entries:
        if name == "bmm":
            parse(body)
        else:
            check_document(name, body)
            event_model.schema_validators[event_model.DocumentNames[name]].validate(body)


def test_a_failed_line_scan_sends_resting_state_but_no_stop(session: Session) -> None:
    session.fail_after = 2
    with pytest.raises(RuntimeError, match="beam dump"):
        session.beamline.run(measure_linescan(session.beamline, "xafs_x", "It", (-1, 1, 9)))
    assert [word for word in session.list_events() if word not in "[]"][-1] == "resting_state"
    assert "linescan stop" not in session.list_events()


@pytest.mark.parametrize(("fail_after", "stopped"), [(3, False), (45, True)])
def test_a_failed_sequence_sends_stop_only_after_a_scan(fail_after: int, stopped: bool, session: Session) -> None:
    session.fail_after = fail_after
    with pytest.raises(RuntimeError, match="beam dump"):
        session.beamline.run(measure_xafs(session.beamline, XafsParameters("fe", repetitions=3, **SHORT)))
    words = session.list_events()
    assert ("xafsscan stop" in words) is ("xafs_sequence stop" in words) is stopped
    assert "dossier write" in words
    assert [word for word in words if word not in "[]"][-1] == "resting_state"


@pytest.mark.parametrize(
    ("mode", "detector", "panels"),
    [
        ("transmission", None, ["transmission", "I0", "reference"]),
        ("reference", None, ["transmission", "I0", "reference"]),
        ("test", None, ["transmission", "I0", "reference"]),
        ("fluorescence", "1-element SDD", ["transmission", "fluorescence", "I0", "reference"]),
        ("fluorescence", "4-element SDD", ["transmission", "fluorescence", "I0", "reference"]),
        ("fluorescence", "7-element SDD", ["transmission", "fluorescence", "I0", "reference"]),
        ("yield", "4-element SDD", ["transmission", "fluorescence", "I0", "reference", "yield"]),
    ],
)
def test_each_mode_draws_its_panels(mode: str, detector: str | None, panels: list[str], session: Session) -> None:
    """Check all modes, also mode test and yield with any detector."""
    session.beamline.mount("Fe2O3", detector, electron_yield=mode == "yield")
    session.beamline.run(measure_xafs(session.beamline, XafsParameters("fe", mode=mode, repetitions=1, **SHORT)))
    board = fold(stamp_entries(session.entries))
    (scan,) = (scan for scan in board.scans if scan.kind == "xafsscan")
    figure = build_figure(board, scan)
    shown = [panel.key for panel in figure.panels if panel.key in panels]
    assert shown == panels
    for key in panels:
        (trace,) = figure.get_panel(key).traces
        assert len(trace.x) == len(trace.y) > 20
        assert np.isfinite(trace.y).all()


def test_the_live_plot_shows_the_mounted_sample(session: Session) -> None:
    session.beamline.mount("Cu foil")
    session.beamline.run(measure_xafs(session.beamline, XafsParameters("cu", repetitions=1, **SHORT)))
    board = fold(stamp_entries(session.entries))
    (scan,) = (scan for scan in board.scans if scan.kind == "xafsscan")
    (trace,) = build_figure(board, scan).get_panel("transmission").traces
    expected = compute_mu_t(session.beamline.sample, trace.x)
    offset = trace.y - expected
    assert np.std(offset) < 2e-3


def test_start_documents_match_the_measured_ones(session: Session, measured: Path) -> None:
    session.beamline.mount("Cr2O3", "4-element SDD")
    session.beamline.run(
        measure_xafs(session.beamline, XafsParameters("cr2o3", mode="fluorescence", repetitions=1, **SHORT))
    )
    mine = next(body for name, body in session.entries if name == "start")
    lines = map(json.loads, (measured / "cr2o3_fluo.jsonl").read_text().splitlines())
    real = next(body for name, body in lines if name == "start")
    assert mine.keys() >= real.keys()
    assert mine["BMM_kafka"].keys() >= real["BMM_kafka"].keys()
    for family in ("Beamline", "Detector", "Element", "Facility", "Mono", "Scan"):
        assert mine["XDI"][family].keys() >= real["XDI"][family].keys(), family
    assert mine["plan_name"] == real["plan_name"]
    assert mine["detectors"] == real["detectors"]
    assert mine["motors"] == real["motors"]
    assert mine["XDI"]["_dtc"] == real["XDI"]["_dtc"]


def test_documents_are_published_by_bluesky_kafka(broker: Broker) -> None:
    topic = broker.create_unique_topic()
    publisher = create_kafka_publisher(broker.bootstrap_servers, topic)
    kept: list[str] = []

    def both(name: str, document: dict[str, Any]) -> None:
        kept.append(name)
        publisher(name, document)

    beamline = Beamline(SimulationSetup(lambda _: None, both, "/p"), context_managers=[])
    beamline.run(measure_linescan(beamline, "xafs_x", "It", (-1, 1, 3)))
    publisher.flush()
    assert [name for name, _ in _read(broker, topic, len(kept))] == kept


def _read(broker: Broker, topic: str, count: int) -> list[tuple[str, dict[str, Any]]]:
    consumer = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": "test", "fetch.wait.max.ms": 20})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(4)])
    found: list[tuple[str, dict[str, Any]]] = []
    for _ in range(300):
        record = consumer.poll(0.1)
        if record is not None and record.error() is None:
            found.append(decode(record.value()))
        if len(found) == count:
            break
    consumer.close()
    return found


def test_the_grid_is_parsed_as_users_write_it() -> None:
    points = build_energy_grid("-200 -30 -10 25 12k", "10 2 0.5 0.05k", "0.5 0.5 0.5 0.25k", 7112.0)
    energies = [energy for energy, _ in points]
    assert energies[0] == 6912.0
    assert energies == sorted(set(energies))
    assert energies[-1] == pytest.approx(7112.0 + 12**2 / 0.262468)
    wavenumbers = np.sqrt(0.262468 * (np.array(energies[-5:-1]) - 7112.0))
    np.testing.assert_allclose(np.diff(wavenumbers), 0.05)
    assert points[-1][1] == pytest.approx(3.0)


@pytest.mark.parametrize("words", [("-10 10", "1 1", "1"), ("10 -10", "1", "1"), ("-10 10", "0", "1"), ("-10", "", "")])
def test_an_invalid_grid_is_refused_with_the_reason(words: tuple[str, str, str]) -> None:
    with pytest.raises(GridError, match="expected"):
        build_energy_grid(*words, 7112.0)


def test_a_scan_without_messages_is_shown_by_its_documents(session: Session) -> None:
    session.beamline.run(scan_without_messages(session.beamline, "xafs_y", (-4.0, 4.0, 11)))
    assert session.list_events() == ["[", "]"]
    config = BoardConfig(implied_forms=Scans(from_documents=("line",)).implied_forms)
    board = fold(stamp_entries(session.entries), Board(config))
    (scan,) = board.scans
    figure = build_figure(board, scan)
    assert (scan.is_implied, scan.kind, figure.title) == (True, "linescan", "rel_scan of xafs_y  (scan 1)")
    assert figure.panels[0].key == "It/I0"
    assert all(len(panel.traces[0].x) == 11 for panel in figure.panels)
