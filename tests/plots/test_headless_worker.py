"""The headless worker as a process: hostile records, heartbeats, SIGTERM, storage that is away."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.hostile_records import list_hostile_records
from helpers.processes import PATIENCE, Station, make_start_document
from helpers.streams import CONTROL, build_run_documents
from plugins.brokers import Broker
from xafs_workers.scans.items import RecordPosition


@pytest.fixture
def station(tmp_path: Path, broker: Broker) -> Iterator[Station]:
    made = Station(tmp_path, broker.bootstrap_servers, broker.create_topic, f"b{uuid.uuid4().hex[:8]}")
    yield made
    made.close()


FILE_MANAGERS = {"file manager's field"}
TOO_LARGE_FOR_A_BROKER = {"10 MB array", "10 MB document"}


def test_hostile_records_become_dead_letters(station: Station, tmp_path: Path) -> None:
    trap = str(tmp_path / "executed")
    hostile = [one for one in list_hostile_records(trap) if one.name not in TOO_LARGE_FOR_A_BROKER]
    station.start()
    for one in hostile:
        station.put_raw(station.settings.get_topic("control" if one.topic == CONTROL else "documents"), one.value)
    line = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
    run = list(
        build_run_documents(
            hint=None,
            motors=["xafs_x"],
            columns={"xafs_x": [1.0, 2.0], "I0": [1.0, 1.0], "It": [1.0, 3.0]},
            start=make_start_document(),
        )
    )
    station.put([("bmm", line), *run, ("bmm", {"linescan": "end", "fname": "after"})])
    station.wait(lambda: bool(station.list_final_answers("linescan")), "the picture of what came after")
    assert station.list_final_answers("linescan")[0]["paths"] == [
        str(station.folder / "proposals/2026-3/pass-123456/snapshots/after.png")
    ]
    documents = [one for one in hostile if one.topic != CONTROL]
    own = [one for one in hostile if one.outcome in ("invalid", "failed") and one.name not in FILE_MANAGERS]
    own = [one for one in own if one.name != "two kinds" and one.topic == CONTROL]
    station.wait(lambda: len(station.received["dead-letter"]) >= len(documents), "the dead letters")
    reasons = [letter["reason"] for letter in station.received["dead-letter"]]
    for one in (*documents, *own):
        assert any(one.reason.lower() in reason.lower() for reason in reasons), (one.name, reasons)
    assert not Path(trap).exists()
    letters = [str(RecordPosition(x["topic"], x["partition"], x["offset"])) for x in station.received["dead-letter"]]
    assert len(letters) == len(set(letters))
    assert station.terminate() < 5.0


def test_a_missing_broker_is_logged_once_and_waited_for(tmp_path: Path) -> None:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    station = Station.__new__(Station)
    station.folder, station.starts, station.process = tmp_path, 0, None
    station.config = tmp_path / "config.yaml"
    station.config.write_text(
        f"kafka: {{bootstrap_servers: '127.0.0.1:{port}'}}\n"
        f"logging: {{style: json}}\nstate_directory: {tmp_path}/state\n"
    )
    station.start(ready=False)
    from helpers.processes import wait_until

    try:
        wait_until(lambda: "waiting_for" in station.read_logs(), "the log line")
        assert station.terminate() < 5.0
        assert station.read_logs().count("waiting_for") == 1
    finally:
        if station.process is not None and station.process.poll() is None:
            station.kill()


def test_a_missing_folder_is_waited_for_and_then_used(station: Station) -> None:
    proposals = station.folder / "proposals"
    away = station.folder / "away"
    station.start()
    proposals.rename(away)
    run = list(build_run_documents(hint=None, motors=None, columns={"I0": [1.0, 1.0]}, start=make_start_document()))
    station.put(
        [("bmm", {"timescan": "start", "detector": "i0"}), *run, ("bmm", {"timescan": "stop", "fname": "t.png"})]
    )
    station.wait(lambda: any(beat["waits_for"] for beat in station.received["status"]), "a heartbeat that says so")
    assert not station.list_final_answers("timescan")
    away.rename(proposals)
    station.wait(lambda: bool(station.list_final_answers("timescan")), "the answer")
    assert station.list_final_answers("timescan")[0]["state"] == "done"
    assert list(station.read_files()) == ["2026-3/pass-123456/snapshots/t.png"]


def test_two_workers_cannot_share_a_ledger(station: Station) -> None:
    station.start()
    first = station.process
    station.start(ready=False)
    assert station.process is not None
    assert station.process.wait(PATIENCE) != 0
    assert "in use by another worker" in station.read_logs()
    station.process = first
