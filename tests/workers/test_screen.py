"""The on-screen worker as a process, off screen: it shows, it plucks, and it cannot write."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.processes import Station, start_document
from helpers.streams import run_documents
from plugins.brokers import Broker

if not os.environ.get("CI"):
    pytest.importorskip("PySide6.QtWidgets", reason="no Qt: install the extra `screen` and its system libraries")

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}

# Runs the worker and writes down every path it opens for writing.
TRACED = """
import os, sys
log = open(sys.argv.pop(1), "a", buffering=1)
def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        path, mode, flags = arguments
        if flags and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND):
            log.write(path + "\\n")
    elif event in ("os.mkdir", "os.rename", "os.link", "os.symlink", "os.remove"):
        log.write(str(arguments[0]) + "\\n")
sys.addaudithook(watch)
from xafs_workers.cli.main import run
run()
"""


@pytest.fixture
def station(tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Station]:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    made = Station(tmp_path, broker.bootstrap_servers, broker.create_topic, f"b{uuid.uuid4().hex[:8]}")
    yield made
    made.close()


def test_a_session_is_shown_and_nothing_is_written_into_the_proposal_folder(station: Station) -> None:
    opened = station.folder / "opened.txt"
    command = [sys.executable, "-c", TRACED, str(opened), "plot-manager", "--screen", "--config", str(station.config)]
    with (station.folder / "worker-0.log").open("wb") as stream:
        station.process = subprocess.Popen(command, stderr=stream, stdout=stream)
    station.wait(lambda: any(beat["worker"] == "screen" for beat in station.heard["status"]), "the first heartbeat")
    run = run_documents(
        hint=None,
        motors=["xafs_x"],
        columns={"xafs_x": [1.0, 2.0], "I0": [1.0, 1.0], "It": [1.0, 3.0]},
        start=start_document(),
    )
    end = {"linescan": "stop", "fname": "picture.png"}
    station.put([("bmm", LINE), *run, ("bmm", end), ("bmm", {"mkdir": str(station.folder / "proposals/x")})])
    station.wait(lambda: station.heard["status"][-1]["messages"] >= 3, "all messages to be read")
    station.terminate()
    assert station.files() == {}
    written = [path for path in opened.read_text().splitlines() if str(station.folder / "proposals") in path]
    assert written == []
    assert station.heard["answer"] == []
    assert not station.logged_errors()


def test_without_a_display_it_says_what_is_missing(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    command = [sys.executable, "-m", "xafs_workers", "plot-manager", "--config", str(station.config)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2
    assert "DISPLAY" in run.stderr
