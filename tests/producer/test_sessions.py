"""Plans that import the producer, run by a real bluesky-queueserver and in turn by an interactive session."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from helpers.patience import SECONDS as PATIENCE
from helpers.processes import Station
from helpers.queueserver import QueueServer, find_missing_program
from helpers.replay_results import split_caption
from plugins.brokers import Broker
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.writers.xdi_reader import read

SESSION = Path(__file__).parents[2] / "docs/examples/session.py"
FIRST_PLAN = Path(__file__).parents[2] / "docs/tutorials/first-plan.md"
PLANS = ("rocking_curve", "watch_i0", "small_map", "find_slot", "foil")
PICTURES = {
    "maps/slot.png",
    "snapshots/foil_01.png",
    "snapshots/foil_liveplot_01.png",
    "snapshots/i0_now.png",
    "snapshots/pitch_of_mono.png",
}
AGAINST_TIME = "snapshots/i0_now.png"
QUEUED, TYPED = "pass-1", "pass-2"


@pytest.fixture
def broker(embedded_broker: EmbeddedBroker) -> Broker:
    create = embedded_broker.create_topic
    return Broker("embedded", embedded_broker.bootstrap_servers, lambda name, _partitions: create(name))


@pytest.fixture
def station(tmp_path: Path, broker: Broker, larch: None) -> Iterator[Station]:
    made = Station(tmp_path, broker.bootstrap_servers, broker.create_topic, f"b{uuid.uuid4().hex[:8]}")
    for session in (QUEUED, TYPED):
        (made.folder / "proposals/2026-3" / session).mkdir()
    made.start()
    yield made
    made.close()


@pytest.fixture
def file_manager(station: Station) -> Iterator[None]:
    """Start the file manager, beside the station's headless worker."""
    command = [sys.executable, "-m", "xafs_workers", "file-manager", "--config", str(station.config)]
    with (station.folder / "worker-file-manager.log").open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream)
    station.wait(lambda: any(beat["pid"] == process.pid for beat in station.received["status"]), "its heartbeat")
    yield
    process.terminate()
    assert process.wait(PATIENCE) == 0, station.read_logs()


def environment(station: Station, session: str) -> dict[str, str]:
    """Return the environment of an account at the beamline, whose configuration is the station's."""
    home = station.folder / session
    (home / ".config/xafs-workers").mkdir(parents=True)
    shutil.copy(station.config, home / ".config/xafs-workers/config.yaml")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XAFS_WORKERS_")}
    return {
        **kept,
        "HOME": str(home),
        "DATA_SESSION": session,
        "PYTHONPATH": os.pathsep.join(map(os.path.abspath, filter(None, sys.path))),
    }


def pictures(station: Station, session: str) -> dict[str, bytes]:
    root = f"2026-3/{session}/"
    return {name.removeprefix(root): data for name, data in station.read_files().items() if name.startswith(root)}


def ended(station: Station, times: int) -> None:
    station.wait(lambda: len(station.list_final_answers("xasxdi", "")) == 2 * times, "the data files")
    assert {answer["state"] for answer in station.list_final_answers("xasxdi", "")} == {"done"}, (
        station.list_final_answers("xasxdi", "")
    )
    for kind in ("linescan", "timescan", "areascan", "align_wheel", "xafsscan", "xafs_sequence"):
        each = 3 * times if kind == "linescan" else times
        station.wait(
            lambda kind=kind, each=each: len(station.list_final_answers(kind)) == each, f"the answers to {kind}: stop"
        )
        assert {answer["state"] for answer in station.list_final_answers(kind)} == {"done"}, station.list_final_answers(
            kind
        )


@pytest.mark.slow
def test_queueserver_and_session_give_the_same_files(station: Station, file_manager: None, tmp_path: Path) -> None:
    if (lacking := find_missing_program()) and not os.environ.get("CI"):
        pytest.skip(lacking)
    server = QueueServer(tmp_path / "queueserver", SESSION, environment(station, QUEUED))
    try:
        server.open()
        results = server.run(*({"name": name} for name in PLANS))
        assert [result["exit_status"] for result in results] == ["completed"] * len(PLANS), results
        ended(station, 1)
    finally:
        server.close()
    typed = "".join(f"RE({name}())\n" for name in PLANS)
    done = subprocess.run(
        [sys.executable, "-i", str(SESSION)],
        input=typed,
        env=environment(station, TYPED),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert "Traceback" not in done.stderr, done.stderr
    ended(station, 2)
    queued, interactive = pictures(station, QUEUED), pictures(station, TYPED)
    assert PICTURES | {"foil.001", "foil.002"} <= queued.keys()
    assert queued.keys() - set(filter(_by_uid, queued)) == interactive.keys() - set(filter(_by_uid, interactive))
    for name in PICTURES - {AGAINST_TIME}:
        assert split_caption(queued[name])[1] == split_caption(interactive[name])[1], name
    for name in ("foil.001", "foil.002"):
        first, second = read(queued[name]).data, read(interactive[name]).data
        np.testing.assert_array_equal(first, second)
        assert first.shape[1] > 200
    assert not station.received["dead-letter"]
    assert not station.read_logged_errors()


@pytest.mark.slow
def test_the_steps_of_the_first_plan_run(station: Station, file_manager: None) -> None:
    """Run the tutorial as it is printed, in place of its demo with the same workers."""
    text, own = FIRST_PLAN.read_text(), environment(station, TYPED)
    blocks = [re.sub("^   ", "", block, flags=re.M) for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL)]
    (mistyped,) = re.findall(r"`(producer\.kafka_message\(.*?\))`", text)
    (sent,) = re.findall(r"xafs-workers (send .*)", text)
    assert "headless: done\n" == run_command(shlex.split(sent), own)
    session = subprocess.run(
        [sys.executable, "-i", str(SESSION)],
        input="\n".join([*blocks, mistyped, ""]),
        env=own,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert "Traceback" not in session.stderr, session.stderr
    assert "the next free number is 1" in session.stdout
    station.wait(lambda: len(station.list_final_answers("linescan")) == 2, "the answers to both scans")
    assert {"snapshots/pitch_of_mono.png", "snapshots/my_scan.png"} <= pictures(station, TYPED).keys()
    station.wait(lambda: bool(station.received["dead-letter"]), "the dead letter")
    listed = run_command(["dead-letters", "list"], own)
    assert "linescan.detector: linescan start: missing field 'detector'" in listed
    for command in re.findall(r"`xafs-workers (messages \w+)`", text):
        assert run_command(command.split(), own)


def run_command(words: list[str], environment: dict[str, str]) -> str:
    """Run `xafs-workers` in an account; return its output."""
    command = [sys.executable, "-m", "xafs_workers", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE).stdout


def _by_uid(name: str) -> bool:
    return "/by-uid/" in name
