"""The on-screen worker as a process, off screen: it shows, it plucks, and it cannot write."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.processes import PATIENCE, TRACED, Station, make_start_document, wait_until
from helpers.streams import build_run_documents
from plugins.brokers import Broker
from xafs_workers.frontends.screen.window_geometry import read_geometry

if not os.environ.get("CI"):
    pytest.importorskip("PySide6.QtWidgets", reason="no Qt: install the extra `screen` and its system libraries")

XAFS = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "transmission", "filename": "f", "repetitions": 1}
LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}


@pytest.fixture
def station(tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Station]:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    made = Station(tmp_path, broker.bootstrap_servers, broker.create_topic, f"b{uuid.uuid4().hex[:8]}")
    yield made
    made.close()


def test_a_session_is_shown_without_writing_files(station: Station) -> None:
    proposals, opened = station.folder / "proposals", station.folder / "opened.txt"
    for folder in sorted(proposals.rglob("*"), reverse=True):
        folder.chmod(0o555)
    before = {path: path.stat().st_mtime_ns for path in (proposals, *proposals.rglob("*"))}
    command = [sys.executable, "-c", TRACED, str(opened), "plot-manager", "--screen", "--config", str(station.config)]
    with (station.folder / "worker-0.log").open("wb") as stream:
        station.process = subprocess.Popen(command, stderr=stream, stdout=stream)
    station.wait(lambda: any(beat["worker"] == "screen" for beat in station.received["status"]), "the first heartbeat")
    run = build_run_documents(
        hint=None,
        motors=["xafs_x"],
        columns={"xafs_x": [1.0, 2.0], "I0": [1.0, 1.0], "It": [1.0, 3.0]},
        start=make_start_document(),
    )
    sequence = [
        ("bmm", XAFS),
        ("bmm", {"xafsscan": "next", "count": 1}),
        ("bmm", {"xafsscan": "stop", "filename": "a"}),
    ]
    end = {"linescan": "stop", "fname": "picture.png"}
    station.put([("bmm", LINE), *run, ("bmm", end), ("bmm", {"mkdir": str(proposals / "x")}), *sequence])
    station.wait(lambda: station.received["status"][-1]["messages"] >= 6, "all messages to be read")
    station.terminate()
    assert {path: path.stat().st_mtime_ns for path in (proposals, *proposals.rglob("*"))} == before
    written = opened.read_text().splitlines()
    assert any(str(station.folder / "state") in path for path in written), "the trace sees nothing"
    assert [path for path in written if str(proposals) in path] == []
    assert station.received["answer"] == []
    assert station.received["dead-letter"] == []
    assert not station.read_logged_errors()
    assert read_geometry(station.folder / "state" / "screen" / "place.json").width > 0.1


def test_a_window_waits_for_a_missing_broker_and_ends_cleanly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    config = tmp_path / "config.yaml"
    config.write_text(
        f"{{beamline: b, state_directory: {tmp_path}/state, kafka: {{bootstrap_servers: '127.0.0.1:1'}}}}"
    )
    command = [sys.executable, "-m", "xafs_workers", "plot-manager", "--large", "--config", str(config)]
    place = tmp_path / "state" / "screen" / "place.json"
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        wait_until(place.exists, "the window to be shown")
        process.terminate()
        assert process.wait(PATIENCE) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_a_missing_broker_address_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    config = tmp_path / "config.yaml"
    config.write_text(f"{{kafka: {{config_file: {tmp_path}/kafka.yml}}}}")
    command = [sys.executable, "-m", "xafs_workers", "plot-manager", "--config", str(config)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert run.returncode == 2
    assert "kafka.yml" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_missing_display_is_reported(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    command = [sys.executable, "-m", "xafs_workers", "plot-manager", "--config", str(station.config)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert run.returncode == 2
    assert "DISPLAY" in run.stderr
