"""What one work queue waits for delays neither other queues nor questions, and the queue continues afterwards."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from helpers.file_manager import FileManagerStation, build_xafs_run
from helpers.kafka_server import KafkaServer
from helpers.processes import wait_until
from plugins.brokers import ApacheAdmin
from xafs_workers.cli.main import app
from xafs_workers.runtime.work_queues import WorkQueues
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.simulation.tiled_server import TiledServer, create_tiled_writer

POWERS = "-dac_override,-dac_read_search"
"""What root must lack for the modes of folders to count."""


class UnprivilegedStation(FileManagerStation):
    """A file manager to which the modes of folders apply."""

    def start(self, *, ready: bool = True) -> None:
        if os.geteuid():
            super().start(ready=ready)
            return
        if shutil.which("setpriv") is None:
            pytest.skip("the tests run as root, and setpriv is missing: modes of folders would not count")
        program = [sys.executable, "-m", "xafs_workers", *self.command, "--config", str(self.config)]
        self.starts += 1
        with (self.folder / f"worker-{self.starts}.log").open("wb") as stream:
            self.process = subprocess.Popen(
                ["setpriv", "--bounding-set", POWERS, "--inh-caps", POWERS, *program], stderr=stream, stdout=stream
            )
        self.wait(lambda: bool(self.received["status"]), "the first heartbeat")


@pytest.fixture
def place(tmp_path: Path, embedded_broker: EmbeddedBroker) -> Iterator[UnprivilegedStation]:
    name = f"waits{uuid.uuid4().hex[:8]}"
    made = UnprivilegedStation(
        tmp_path, embedded_broker.bootstrap_servers, lambda n, _: embedded_broker.create_topic(n), name
    )
    yield made
    made.close()


def list_ended_ids(place: FileManagerStation) -> list[str]:
    return [a["message_id"] for a in place.received["answer"] if a["state"] in ("done", "failed", "value")]


def wait_for_reason(place: FileManagerStation, word: str) -> None:
    place.wait(lambda: word in place.received["status"][-1]["waits_for"], f"a heartbeat that says {word}")


def send(place: FileManagerStation, name: str, message: dict[str, Any]) -> None:
    place.put([("bmm", {**message, "message_id": name})])


def test_a_read_only_folder_delays_only_its_own_queue(place: UnprivilegedStation) -> None:
    other = place.session.parent / "pass-222222"
    other.mkdir()
    place.start()
    place.session.chmod(0o500)
    for number in range(3):
        send(place, f"waits {number}", {"touch": str(place.session / f"file.{number}")})
    wait_for_reason(place, "EACCES")
    question = {"file_exists": True, "folder": str(place.session), "filename": "file.2"}
    assert place.ask(question)["value"] is True  # still to be written
    assert place.ask({"touch": str(other / "file.001")})["state"] == "done"
    assert not [name for name in list_ended_ids(place) if name.startswith("waits")]
    place.session.chmod(0o700)
    place.wait(lambda: "waits 2" in list_ended_ids(place), "what waited")
    assert [name for name in list_ended_ids(place) if name.startswith("waits")] == ["waits 0", "waits 1", "waits 2"]
    wait_for_reason(place, "")
    assert place.terminate() >= 0


def test_a_read_only_subfolder_delays_no_file_and_fails(tmp_path: Path, embedded_broker: EmbeddedBroker) -> None:
    name, storage = f"aside{uuid.uuid4().hex[:8]}", {"refused_path_seconds": 2.0}
    servers = embedded_broker.bootstrap_servers
    place = UnprivilegedStation(tmp_path, servers, lambda n, _: embedded_broker.create_topic(n), name, storage=storage)
    try:
        (place.session / "prj").mkdir(mode=0o500)
        (place.session / "dossier").mkdir(mode=0o500)
        place.start()
        run = build_xafs_run()
        place.put(run)
        send(place, "refused", {"touch": str(place.session / "prj/a")})
        send(place, "data", {"xasxdi": True, "uid": run[0][1]["uid"], "filename": "foil.001"})
        assert place.ask({"touch": str(place.session / "b")})["state"] == "done"
        place.wait((place.session / "foil.001").exists, "the data file")
        place.wait(lambda: {"refused", "data"} <= set(list_ended_ids(place)), "both answers")
        states = {one["message_id"]: one["state"] for one in place.received["answer"] if one["state"] != "accepted"}
        assert (states["refused"], states["data"]) == ("failed", "done")
        wait_for_reason(place, "")
        place.terminate()
    finally:
        place.close()


def test_the_staff_list_and_drop_what_waits(place: UnprivilegedStation) -> None:
    place.start()
    place.session.chmod(0o500)
    for number in range(2):
        send(place, f"waits {number}", {"touch": str(place.session / f"file.{number}")})
    place.wait(lambda: len(place.received["status"][-1]["waiting"]) == 2, "a heartbeat with both")
    shown = CliRunner().invoke(app, ["waiting", "list", "--config", str(place.config)])
    assert shown.exit_code == 0, shown.output
    assert shown.output.endswith("2 messages wait\n")
    assert "EACCES" in shown.output
    dropped = CliRunner().invoke(app, ["waiting", "drop", "waits 0", "--config", str(place.config)])
    assert (dropped.exit_code, dropped.output) == (0, "dropped\n")
    place.wait(lambda: "waits 0" in list_ended_ids(place), "the answer")
    place.session.chmod(0o700)
    place.wait(lambda: "waits 1" in list_ended_ids(place), "what waited behind it")
    assert sorted(os.listdir(place.session)) == ["file.1"]
    assert len(place.received["dead-letter"]) == 1


@contextmanager
def limit_file_size(place: UnprivilegedStation) -> Iterator[Callable[[], None]]:
    """Let the kernel refuse to the worker what is larger than 1 MB, until the callable is called."""
    place.start()
    assert place.process is not None
    pid, none = place.process.pid, resource.RLIM_INFINITY
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1_000_000, none))
    yield lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, (none, none)) and None


@contextmanager
def fill_disk(place: UnprivilegedStation) -> Iterator[Callable[[], None]]:
    """Put a file system of its own, and full, where the proposals are, until the callable is called."""
    root = place.folder / "proposals"
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(root)]
    if os.geteuid() or shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this account may not mount")
    try:
        place.session.mkdir(parents=True)
        (root / "filler").write_bytes(b"\0" * 6_500_000)
        place.start()
        yield (root / "filler").unlink
    finally:
        place.close()
        subprocess.run(["umount", str(root)], check=True)


@pytest.mark.parametrize(
    ("full", "says_so"), [(limit_file_size, "EFBIG"), (fill_disk, "no room")], ids=["limited", "filled"]
)
def test_a_full_disk_delays_what_does_not_fit(
    full: Callable[[UnprivilegedStation], Any], says_so: str, tmp_path: Path, embedded_broker: EmbeddedBroker
) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "large").write_bytes(os.urandom(3_000_000))
    name, sources = f"full{uuid.uuid4().hex[:8]}", {"copy_sources": [str(workspace)]}
    servers = embedded_broker.bootstrap_servers
    place = UnprivilegedStation(tmp_path, servers, lambda n, _: embedded_broker.create_topic(n), name, storage=sources)
    try:
        with full(place) as make_room:
            run = build_xafs_run()
            place.put(run)
            copy = {"copy": True, "file": str(workspace / "large"), "target": str(place.session / "large")}
            send(place, "first", copy)
            send(place, "second", {"xasxdi": True, "uid": run[0][1]["uid"], "filename": "foil.001"})
            wait_for_reason(place, says_so)
            place.wait(lambda: "second" in list_ended_ids(place), "the data file, which the copy does not delay")
            asked = {"file_exists": True, "folder": str(place.session)}
            assert place.ask({**asked, "filename": "large"})["value"] is True  # still to be written
            assert place.ask({**asked, "filename": "foil.002"})["value"] is False
            assert "first" not in list_ended_ids(place)
            assert not (place.session / "large").exists()
            [waiting] = [one for one in place.received["status"][-1]["waiting"] if one["message"] == "first"]
            assert says_so in waiting["reason"]
            make_room()
            place.wait(lambda: "first" in list_ended_ids(place), "what waited")
            assert (place.session / "large").read_bytes() == (workspace / "large").read_bytes()
            assert (place.session / "foil.001").exists()
            wait_for_reason(place, "")
            assert not place.received["dead-letter"]
            place.terminate()
    finally:
        place.close()


@pytest.mark.kafka
@pytest.mark.slow
def test_work_during_a_broker_outage_is_answered_later(tmp_path: Path, apache_kafka: KafkaServer) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "large").write_bytes(os.urandom(3_000_000))
    name, sources = f"back{uuid.uuid4().hex[:8]}", {"copy_sources": [str(workspace)]}
    create = ApacheAdmin(apache_kafka).create_topic
    place = UnprivilegedStation(tmp_path, apache_kafka.bootstrap_servers, create, name, storage=sources)
    try:
        with limit_file_size(place) as make_room:
            copy = {"copy": True, "file": str(workspace / "large"), "target": str(place.session / "large")}
            send(place, "first", copy)
            send(place, "second", {"touch": str(place.session / "second")})
            wait_for_reason(place, "EFBIG")
            apache_kafka.stop()
            try:
                make_room()
                wait_until((place.session / "large").exists, "the work, which needs no broker")
            finally:
                apache_kafka.start()
            place.wait(lambda: {"first", "second"} <= set(list_ended_ids(place)), "the answers, late")
            assert place.ask({"touch": str(place.session / "third")})["state"] == "done"
            assert place.starts == 1
            place.terminate()
    finally:
        place.close()


def write_run_to_catalog(server: TiledServer) -> str:
    """Write a run into the catalog alone; return its uid."""
    writer, run = create_tiled_writer(server.uri, server.api_key), build_xafs_run()
    for name, document in run:
        writer(name, document)
    writer.client.context.close()
    return run[0][1]["uid"]


@pytest.mark.slow
def test_an_outage_of_tiled_delays_only_data_files(
    tmp_path: Path, embedded_broker: EmbeddedBroker, tiled_server: TiledServer
) -> None:
    """The runs are in the catalog alone: the worker was not there when they were measured."""
    uids = [write_run_to_catalog(tiled_server) for _ in range(2)]
    catalog = {"uri": tiled_server.uri, "api_key_file": str(tiled_server.api_key_file), "timeout": 5.0, "outage": 0.5}
    servers, name = embedded_broker.bootstrap_servers, f"away{uuid.uuid4().hex[:8]}"
    place = FileManagerStation(tmp_path, servers, lambda n, _: embedded_broker.create_topic(n), name, catalog=catalog)
    names = [f"run {which} file {number}" for which in range(2) for number in range(2)]
    try:
        place.start()
        tiled_server.stop()
        try:
            for name in names:
                message = {"xasxdi": True, "uid": uids[int(name[4])], "filename": f"{name.replace(' ', '-')}.001"}
                send(place, name, message)
            wait_for_reason(place, "Tiled")
            assert place.ask({"file_exists": True, "folder": str(place.session), "filename": "x"})["value"] is False
            assert place.ask({"touch": str(place.session / "meanwhile")})["state"] == "done"
            place.kill()
            place.start()
            wait_for_reason(place, "Tiled")
            assert not set(names) & set(list_ended_ids(place))
        finally:
            tiled_server.start()
        place.wait(lambda: set(names) <= set(list_ended_ids(place)), "the files")
        for which in range(2):
            done = [name for name in list_ended_ids(place) if name.startswith(f"run {which}")]
            assert done == [f"run {which} file 0", f"run {which} file 1"]
        assert {path.name for path in place.session.glob("run-*")} == {
            f"{name.replace(' ', '-')}.001" for name in names
        }
        assert not place.received["dead-letter"]
        wait_for_reason(place, "")
    finally:
        place.close()


def test_an_unreadable_folder_delays_only_its_own_questions(place: UnprivilegedStation) -> None:
    away = place.session.parent / "pass-999999"
    away.mkdir()
    away.chmod(0)
    place.start()
    send(place, "unreadable", {"file_exists": True, "folder": str(away), "filename": "x"})
    wait_for_reason(place, "EACCES")
    answer = place.ask({"file_exists": True, "folder": str(place.session), "filename": "x"})
    assert answer["value"] is False
    assert "unreadable" not in list_ended_ids(place)
    away.chmod(0o700)
    place.wait(lambda: "unreadable" in list_ended_ids(place), "the answer, late")


def test_a_name_is_reserved_before_its_run_is_complete(place: UnprivilegedStation) -> None:
    run = build_xafs_run()
    FileManagerStation.start(place)
    send(place, "file", {"xasxdi": True, "uid": run[0][1]["uid"], "filename": "late.001"})
    place.wait(lambda: bool(place.received["answer"]), "accepted")
    place.put(run[:-1])
    place.wait(lambda: place.received["status"][-1]["documents"] == len(run) - 1, "the run to be followed")
    assert place.ask({"next_index": True, "folder": str(place.session), "stub": "late"})["value"] == 2
    place.put(run[-1:])
    place.wait(lambda: "file" in list_ended_ids(place), "the file")
    assert (place.session / "late.001").exists()


@pytest.mark.slow
def test_an_unwritable_ledger_is_waited_for(place: UnprivilegedStation) -> None:
    place.start()
    first, second = place.session / "first", place.session / "second"
    assert place.ask({"touch": str(first)})["state"] == "done"
    ledger = place.folder / "state" / "file-manager" / "ledger.sqlite"
    with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")  # for longer than the worker's patience with a locked file
        send(place, "second", {"touch": str(second)})
        wait_for_reason(place, "ledger")
        assert "second" not in list_ended_ids(place)
        connection.execute("ROLLBACK")
    place.wait(lambda: "second" in list_ended_ids(place), "what waited")
    assert list_ended_ids(place).count("second") == 1


def test_stopping_while_larch_hangs_fails_no_message(place: UnprivilegedStation, larch: None) -> None:
    run = build_xafs_run()
    settings = yaml.safe_load(place.config.read_text())
    place.config.write_text(yaml.safe_dump({**settings, "reduction": {"starts_warm": True}}))
    FileManagerStation.start(place)
    assert place.process is not None
    tasks = Path(f"/proc/{place.process.pid}/task")

    def find_larch() -> list[int]:
        children = [int(child) for one in tasks.glob("*/children") for child in one.read_text().split()]
        return [child for child in children if b"reduction" in Path(f"/proc/{child}/cmdline").read_bytes()]

    place.wait(lambda: bool(find_larch()), "the process in which Larch runs")
    os.kill(find_larch()[0], signal.SIGSTOP)
    place.put(run)
    send(place, "file", {"xasxdi": True, "uid": run[0][1]["uid"], "filename": "foil.001"})
    place.wait(lambda: bool(place.received["answer"]), "accepted")
    place.terminate()
    assert "message_failed" not in place.read_logs()
    FileManagerStation.start(place)
    place.wait((place.session / "foil.001").exists, "the file, after the next start")
    assert not place.received["dead-letter"]


def test_a_blocked_queue_is_logged() -> None:
    def do(job: int, note: object) -> bool:
        raise ValueError(f"job {job}")

    lanes = WorkQueues(do)
    lanes.check()
    lanes.put("a", 1)

    def broken() -> bool:
        try:
            lanes.check()
        except RuntimeError as error:
            return "job 1" in str(error)
        return False

    wait_until(broken, "the lane's end")
    assert lanes.list_jobs() == (1,)
