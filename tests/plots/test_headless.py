"""The headless worker as a process: hostile records, heartbeats, SIGTERM, storage that is away."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.hostile import corpus
from helpers.processes import PATIENCE, Station, start_document
from helpers.streams import CONTROL, run_documents
from plugins.brokers import Broker
from xafs_workers.scans.items import Origin


@pytest.fixture
def station(tmp_path: Path, broker: Broker) -> Iterator[Station]:
    made = Station(tmp_path, broker.bootstrap_servers, broker.create_topic, f"b{uuid.uuid4().hex[:8]}")
    yield made
    made.close()


FILE_MANAGERS = {"file manager's field"}
TOO_LARGE_FOR_A_BROKER = {"10 MB array", "10 MB document"}


def test_hostile_records_become_dead_letters_and_nothing_stops(station: Station, tmp_path: Path) -> None:
    trap = str(tmp_path / "executed")
    hostile = [one for one in corpus(trap) if one.name not in TOO_LARGE_FOR_A_BROKER]
    station.start()
    for one in hostile:
        station.put_raw(station.settings.topic("control" if one.topic == CONTROL else "documents"), one.value)
    line = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
    run = list(
        run_documents(
            hint=None,
            motors=["xafs_x"],
            columns={"xafs_x": [1.0, 2.0], "I0": [1.0, 1.0], "It": [1.0, 3.0]},
            start=start_document(),
        )
    )
    station.put([("bmm", line), *run, ("bmm", {"linescan": "end", "fname": "after"})])
    station.wait(lambda: bool(station.final("linescan")), "the picture of what came after")
    assert station.final("linescan")[0]["paths"] == [
        str(station.folder / "proposals/2026-3/pass-123456/snapshots/after.png")
    ]
    documents = [one for one in hostile if one.topic != CONTROL]
    own = [one for one in hostile if one.outcome in ("invalid", "failed") and one.name not in FILE_MANAGERS]
    own = [one for one in own if one.name != "two kinds" and one.topic == CONTROL]
    station.wait(lambda: len(station.heard["dead-letter"]) >= len(documents), "the dead letters")
    reasons = [letter["reason"] for letter in station.heard["dead-letter"]]
    for one in (*documents, *own):
        assert any(one.reason.lower() in reason.lower() for reason in reasons), (one.name, reasons)
    assert not Path(trap).exists()
    letters = [str(Origin(x["topic"], x["partition"], x["offset"])) for x in station.heard["dead-letter"]]
    assert len(letters) == len(set(letters))
    assert station.terminate() < 5.0


def test_a_broker_that_is_not_there_is_waited_for_with_one_line(tmp_path: Path) -> None:
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
        wait_until(lambda: "waiting_for" in station.logs(), "the log line")
        assert station.terminate() < 5.0
        assert station.logs().count("waiting_for") == 1
    finally:
        if station.process is not None and station.process.poll() is None:
            station.kill()


def test_a_folder_that_is_away_is_waited_for_and_then_written_to(station: Station) -> None:
    proposals = station.folder / "proposals"
    away = station.folder / "away"
    station.start()
    proposals.rename(away)
    run = list(run_documents(hint=None, motors=None, columns={"I0": [1.0]}, start=start_document()))
    station.put(
        [("bmm", {"timescan": "start", "detector": "i0"}), *run, ("bmm", {"timescan": "stop", "fname": "t.png"})]
    )
    station.wait(lambda: any(beat["waits_for"] for beat in station.heard["status"]), "a heartbeat that says so")
    assert not station.final("timescan")
    away.rename(proposals)
    station.wait(lambda: bool(station.final("timescan")), "the answer")
    assert station.final("timescan")[0]["state"] == "done"
    assert list(station.files()) == ["2026-3/pass-123456/snapshots/t.png"]


def test_two_workers_cannot_share_a_ledger(station: Station) -> None:
    station.start()
    first = station.process
    station.start(ready=False)
    assert station.process is not None
    assert station.process.wait(PATIENCE) != 0
    assert "in use by another worker" in station.logs()
    station.process = first
