"""Durable workers whose state folder is full, read-only or locked: they wait, report it, and lose nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.file_manager import build_xafs_run
from helpers.patience import SECONDS
from helpers.processes import Station, make_start_document
from helpers.small_disk import SmallDisk, hold_file
from helpers.streams import Entry, build_run_documents
from helpers.troubled_worker import STEPS
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.storage.errors import Unavailable
from xafs_workers.storage.ledger import Ledger
from xafs_workers.storage.state_lock import StateLock

WORKERS = ("headless", "file-manager")
PAGES = range(9)


class TroubledStation(Station):
    """Either durable worker, with its state folder on a small disk."""

    program = (str(Path(__file__).parents[1] / "helpers" / "troubled_worker.py"),)

    def __init__(self, worker: str, folder: Path, broker: EmbeddedBroker):
        self.worker = worker
        self.command = ("file-manager",) if worker == "file-manager" else ("plot-manager", "--headless")
        name = f"{worker}{uuid.uuid4().hex[:8]}"
        super().__init__(folder, broker.bootstrap_servers, lambda topic, count: broker.create_topic(topic), name)

    @property
    def ledger(self) -> Path:
        return self.folder / "state" / self.worker / "ledger.sqlite"

    def request_file(self, name: str) -> None:
        """Send what makes the worker write a file of that name; the request has the name as its id."""
        if self.worker == "file-manager":
            run = build_xafs_run()
            self.put([*run, ("bmm", {"xasxdi": True, "uid": run[0][1]["uid"], "filename": name, "message_id": name})])
        else:
            run = build_line_run()
            stop = {"linescan": "stop", "fname": f"{name}.png", "uid": run[0][1]["uid"], "message_id": name}
            self.put([("bmm", {"linescan": "start", "motor": "xafs_x", "detector": "it"}), *run, ("bmm", stop)])

    def list_final(self, name: str) -> list[dict[str, Any]]:
        """Return the answers that end a request."""
        answers = [answer for answer in self.received["answer"] if answer["message_id"] == name]
        return [answer for answer in answers if answer["state"] != "accepted"]

    def wait_for_file(self, name: str) -> None:
        self.wait(lambda: bool(self.list_final(name)), f"the answer to {name}")
        answers = self.list_final(name)
        assert [answer["state"] for answer in answers] == ["done"], self.read_logs()
        (path,) = map(Path, answers[0]["paths"])
        assert path.stem == name
        assert path.stat().st_size > 0

    def wait_for_report(self, *reasons: str) -> None:
        """Wait until a heartbeat that comes from now on reports one of these reasons to wait."""
        seen = len(self.received["status"])

        def is_reported() -> bool:
            waits = [beat["waits_for"] for beat in self.received["status"][seen:]]
            return any(reason in text for text in waits for reason in reasons)

        self.wait(is_reported, f"a heartbeat that waits for {reasons}")

    def stop_and_check(self) -> None:
        """Stop the worker; check that it did all of its messages."""
        self.terminate()
        self.poll_topics()
        assert self.received["dead-letter"] == []
        assert not self.read_logged_errors()


def build_line_run() -> list[Entry]:
    columns = {"xafs_x": [0.0, 1.0, 2.0, 3.0], "I0": [100.0] * 4, "It": [50.0, 40.0, 60.0, 20.0], "Ir": [20.0] * 4}
    start = make_start_document(plan_name="rel_scan linescan xafs_x It")
    return list(build_run_documents(hint="linescan It xafs_x", motors=["xafs_x"], columns=columns, start=start))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    made = SmallDisk(tmp_path / "station" / "state")
    yield made
    made.unmount()


@pytest.fixture(params=WORKERS)
def station(
    request: pytest.FixtureRequest, disk: SmallDisk, tmp_path: Path, embedded_broker: EmbeddedBroker
) -> Iterator[TroubledStation]:
    made = TroubledStation(request.param, tmp_path / "station", embedded_broker)
    yield made
    made.close()


def test_a_disk_that_fills_at_any_step_is_waited_for(station: TroubledStation, disk: SmallDisk) -> None:
    station.start()
    station.request_file("first")
    station.wait_for_file("first")
    waits: dict[str, bool] = {}
    for name in (f"{step}-{pages}" for step in STEPS for pages in PAGES):
        station.request_file(name)
        waits[name] = _wait_for_trouble(station, disk, name)
        disk.make_room()
        station.wait_for_file(name)
    assert all(waits[f"{step}-0"] for step in STEPS)
    station.stop_and_check()


def _wait_for_trouble(station: TroubledStation, disk: SmallDisk, name: str) -> bool:
    """Wait until the worker reports that it waits, or has done the message in the room there is; return which."""
    station.wait(disk.filler.exists, f"the disk is full at {name}")
    seen = len(station.received["status"])

    def waits() -> bool:
        return any("ledger" in beat["waits_for"] for beat in station.received["status"][seen:])

    station.wait(lambda: waits() or bool(station.list_final(name)), f"{name}: a wait, or the answer")
    return not station.list_final(name)


def test_a_locked_ledger_and_a_kill_lose_nothing(station: TroubledStation, disk: SmallDisk) -> None:
    station.start()
    station.request_file("first")
    station.wait_for_file("first")
    with hold_file(station.ledger, "BEGIN EXCLUSIVE"):
        station.request_file("locked")
        station.wait_for_report("locked")
        assert station.list_final("locked") == []
    station.wait_for_file("locked")
    disk.fill(0)
    station.request_file("killed")
    station.wait_for_report("full")
    station.kill()
    disk.remount("ro")
    station.start()
    station.wait_for_report("Read-only file system")
    disk.remount("rw")
    disk.make_room()
    station.wait_for_file("killed")
    station.stop_and_check()


def test_a_start_waits_for_the_state_folder(station: TroubledStation, disk: SmallDisk) -> None:
    disk.fill(0)
    station.start()
    station.wait_for_report("full", "No space left", "disk I/O error")
    station.request_file("early")
    station.terminate()
    disk.make_room()
    with hold_file(station.ledger, "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = WAL", "BEGIN EXCLUSIVE"):
        station.start()
        station.wait_for_report("locked")
        disk.fill(0)
    station.wait_for_report("full", "No space left", "disk I/O error")
    disk.remount("ro")
    station.wait_for_report("Read-only file system")
    disk.remount("rw")
    disk.make_room()
    station.wait(lambda: station.received["status"][-1]["state"] == "running", "the start")
    station.wait_for_file("early")
    station.request_file("after")
    station.wait_for_file("after")
    station.stop_and_check()


def test_a_dead_queue_thread_ends_the_worker(station: TroubledStation) -> None:
    station.start()
    station.request_file("task-die")
    assert station.process is not None
    assert station.process.wait(SECONDS) == 1
    logs = station.read_logs()
    assert "queue_failed" in logs
    assert "the thread ends at task-die" in logs
    station.start()
    station.wait_for_file("task-die")
    station.terminate()


@pytest.mark.parametrize("pages", PAGES)
def test_no_room_makes_no_unusable_ledger(pages: int, disk: SmallDisk) -> None:
    folder = disk.folder / "worker"
    disk.fill(pages)
    try:
        with StateLock(folder), Ledger.open(folder / "ledger.sqlite") as ledger:
            ledger.prune(1.0)
    except Unavailable:
        pass
    else:
        assert pages > 0
    disk.make_room()
    with StateLock(folder), Ledger.open(folder / "ledger.sqlite") as ledger:
        ledger.prune(1.0)
