"""What a lane waits for holds up neither other lanes nor questions, and it goes on afterwards."""

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

from helpers.clerkship import Clerkship, xafs_run
from helpers.processes import wait_until
from kafka_server import KafkaServer
from plugins.brokers import ApacheAdmin
from xafs_workers.runtime.work_queues import Lanes
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.simulation.tiled_server import TiledServer, tiled_writer

POWERS = "-dac_override,-dac_read_search"
"""What root must lack for the modes of folders to count."""


class Plain(Clerkship):
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
        self.wait(lambda: bool(self.heard["status"]), "the first heartbeat")


@pytest.fixture
def place(tmp_path: Path, embedded_broker: EmbeddedBroker) -> Iterator[Plain]:
    name = f"waits{uuid.uuid4().hex[:8]}"
    made = Plain(tmp_path, embedded_broker.bootstrap_servers, lambda n, _: embedded_broker.create_topic(n), name)
    yield made
    made.close()


def ends(place: Clerkship) -> list[str]:
    return [a["message_id"] for a in place.heard["answer"] if a["state"] in ("done", "failed", "value")]


def says(place: Clerkship, word: str) -> None:
    place.wait(lambda: word in place.heard["status"][-1]["waits_for"], f"a heartbeat that says {word}")


def send(place: Clerkship, name: str, message: dict[str, Any]) -> None:
    place.put([("bmm", {**message, "message_id": name})])


def test_a_read_only_folder_holds_up_its_own_lane_alone(place: Plain) -> None:
    other = place.session.parent / "pass-222222"
    other.mkdir()
    place.start()
    place.session.chmod(0o500)
    for number in range(3):
        send(place, f"waits {number}", {"touch": str(place.session / f"file.{number}")})
    says(place, "EACCES")
    question = {"file_exists": True, "folder": str(place.session), "filename": "file.2"}
    assert place.ask(question)["value"] is True  # still to be written
    assert place.ask({"touch": str(other / "file.001")})["state"] == "done"
    assert not [name for name in ends(place) if name.startswith("waits")]
    place.session.chmod(0o700)
    place.wait(lambda: "waits 2" in ends(place), "what waited")
    assert [name for name in ends(place) if name.startswith("waits")] == ["waits 0", "waits 1", "waits 2"]
    says(place, "")
    assert place.terminate() >= 0


@contextmanager
def limited(place: Plain) -> Iterator[Callable[[], None]]:
    """Let the kernel refuse to the worker what is larger than 1 MB, until the callable is called."""
    place.start()
    assert place.process is not None
    pid, none = place.process.pid, resource.RLIM_INFINITY
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1_000_000, none))
    yield lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, (none, none)) and None


@contextmanager
def filled(place: Plain) -> Iterator[Callable[[], None]]:
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


@pytest.mark.parametrize(("full", "says_so"), [(limited, "EFBIG"), (filled, "ENOSPC")], ids=["limited", "filled"])
def test_a_full_disk_is_waited_for_in_order_and_questions_are_answered(
    full: Callable[[Plain], Any], says_so: str, tmp_path: Path, embedded_broker: EmbeddedBroker
) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "large").write_bytes(os.urandom(3_000_000))
    name, sources = f"full{uuid.uuid4().hex[:8]}", {"copy_sources": [str(workspace)]}
    servers = embedded_broker.bootstrap_servers
    place = Plain(tmp_path, servers, lambda n, _: embedded_broker.create_topic(n), name, storage=sources)
    try:
        with full(place) as make_room:
            run = xafs_run()
            place.put(run)
            copy = {"copy": True, "file": str(workspace / "large"), "target": str(place.session / "large")}
            send(place, "first", copy)
            send(place, "second", {"xasxdi": True, "uid": run[0][1]["uid"], "filename": "foil.001"})
            says(place, says_so)
            asked = {"file_exists": True, "folder": str(place.session)}
            assert place.ask({**asked, "filename": "foil.001"})["value"] is True  # still to be written
            assert place.ask({**asked, "filename": "foil.002"})["value"] is False
            assert not {"first", "second"} & set(ends(place))
            assert [path for path in place.session.rglob("*") if path.is_file()] == []
            make_room()
            place.wait(lambda: "second" in ends(place), "what waited")
            assert [one for one in ends(place) if one in ("first", "second")] == ["first", "second"]
            assert (place.session / "large").read_bytes() == (workspace / "large").read_bytes()
            assert (place.session / "foil.001").exists()
            says(place, "")
            assert not place.heard["dead-letter"]
            place.terminate()
    finally:
        place.close()


@pytest.mark.kafka
@pytest.mark.slow
def test_what_is_done_while_the_broker_is_away_is_answered_when_it_is_back(
    tmp_path: Path, apache_kafka: KafkaServer
) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "large").write_bytes(os.urandom(3_000_000))
    name, sources = f"back{uuid.uuid4().hex[:8]}", {"copy_sources": [str(workspace)]}
    create = ApacheAdmin(apache_kafka).create_topic
    place = Plain(tmp_path, apache_kafka.bootstrap_servers, create, name, storage=sources)
    try:
        with limited(place) as make_room:
            copy = {"copy": True, "file": str(workspace / "large"), "target": str(place.session / "large")}
            send(place, "first", copy)
            send(place, "second", {"touch": str(place.session / "second")})
            says(place, "EFBIG")
            apache_kafka.stop()
            try:
                make_room()
                wait_until((place.session / "second").exists, "the work, which needs no broker")
            finally:
                apache_kafka.start()
            place.wait(lambda: "second" in ends(place), "the answers, late")
            assert [one for one in ends(place) if one in ("first", "second")] == ["first", "second"]
            assert place.ask({"touch": str(place.session / "third")})["state"] == "done"
            assert place.starts == 1
            place.terminate()
    finally:
        place.close()


def catalogued(server: TiledServer) -> str:
    """Write a run into the catalog alone; return its uid."""
    writer, run = tiled_writer(server.uri, server.api_key), xafs_run()
    for name, document in run:
        writer(name, document)
    writer.client.context.close()
    return run[0][1]["uid"]


@pytest.mark.slow
def test_with_tiled_away_data_files_wait_in_order_and_all_else_goes_on(
    tmp_path: Path, embedded_broker: EmbeddedBroker, tiled_server: TiledServer
) -> None:
    """The runs are in the catalog alone: the worker was not there when they were measured."""
    uids = [catalogued(tiled_server) for _ in range(2)]
    catalog = {"uri": tiled_server.uri, "api_key_file": str(tiled_server.api_key_file), "timeout": 5.0, "outage": 0.5}
    servers, name = embedded_broker.bootstrap_servers, f"away{uuid.uuid4().hex[:8]}"
    place = Clerkship(tmp_path, servers, lambda n, _: embedded_broker.create_topic(n), name, catalog=catalog)
    names = [f"run {which} file {number}" for which in range(2) for number in range(2)]
    try:
        place.start()
        tiled_server.stop()
        try:
            for name in names:
                message = {"xasxdi": True, "uid": uids[int(name[4])], "filename": f"{name.replace(' ', '-')}.001"}
                send(place, name, message)
            says(place, "Tiled")
            assert place.ask({"file_exists": True, "folder": str(place.session), "filename": "x"})["value"] is False
            assert place.ask({"touch": str(place.session / "meanwhile")})["state"] == "done"
            place.kill()
            place.start()
            says(place, "Tiled")
            assert not set(names) & set(ends(place))
        finally:
            tiled_server.start()
        place.wait(lambda: set(names) <= set(ends(place)), "the files")
        for which in range(2):
            done = [name for name in ends(place) if name.startswith(f"run {which}")]
            assert done == [f"run {which} file 0", f"run {which} file 1"]
        assert {path.name for path in place.session.glob("run-*")} == {
            f"{name.replace(' ', '-')}.001" for name in names
        }
        assert not place.heard["dead-letter"]
        says(place, "")
    finally:
        place.close()


def test_a_folder_that_cannot_be_read_holds_up_no_question_about_another(place: Plain) -> None:
    away = place.session.parent / "pass-999999"
    away.mkdir()
    away.chmod(0)
    place.start()
    send(place, "unreadable", {"file_exists": True, "folder": str(away), "filename": "x"})
    says(place, "EACCES")
    answer = place.ask({"file_exists": True, "folder": str(place.session), "filename": "x"})
    assert answer["value"] is False
    assert "unreadable" not in ends(place)
    away.chmod(0o700)
    place.wait(lambda: "unreadable" in ends(place), "the answer, late")


def test_a_name_is_taken_although_the_run_came_after_the_message(place: Plain) -> None:
    run = xafs_run()
    Clerkship.start(place)
    send(place, "file", {"xasxdi": True, "uid": run[0][1]["uid"], "filename": "late.001"})
    place.wait(lambda: bool(place.heard["answer"]), "accepted")
    place.put(run[:-1])
    place.wait(lambda: place.heard["status"][-1]["documents"] == len(run) - 1, "the run to be followed")
    assert place.ask({"next_index": True, "folder": str(place.session), "stub": "late"})["value"] == 2
    place.put(run[-1:])
    place.wait(lambda: "file" in ends(place), "the file")
    assert (place.session / "late.001").exists()


@pytest.mark.slow
def test_a_ledger_that_cannot_be_written_to_is_waited_for(place: Plain) -> None:
    place.start()
    first, second = place.session / "first", place.session / "second"
    assert place.ask({"touch": str(first)})["state"] == "done"
    ledger = place.folder / "state" / "file-manager" / "ledger.sqlite"
    with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")  # for longer than the worker's patience with a locked file
        send(place, "second", {"touch": str(second)})
        says(place, "ledger")
        assert "second" not in ends(place)
        connection.execute("ROLLBACK")
    place.wait(lambda: "second" in ends(place), "what waited")
    assert ends(place).count("second") == 1


def test_a_worker_that_ends_while_larch_does_not_answer_fails_no_message(place: Plain, larch: None) -> None:
    run = xafs_run()
    Clerkship.start(place)
    assert place.process is not None
    tasks = Path(f"/proc/{place.process.pid}/task")

    def children() -> list[int]:
        return [int(child) for one in tasks.glob("*/children") for child in one.read_text().split()]

    place.wait(lambda: bool(children()), "the process in which Larch runs")
    os.kill(children()[0], signal.SIGSTOP)
    place.put(run)
    send(place, "file", {"xasxdi": True, "uid": run[0][1]["uid"], "filename": "foil.001"})
    place.wait(lambda: bool(place.heard["answer"]), "accepted")
    place.terminate()
    assert "message_failed" not in place.logs()
    Clerkship.start(place)
    place.wait((place.session / "foil.001").exists, "the file, after the next start")
    assert not place.heard["dead-letter"]


def test_a_lane_that_cannot_go_on_is_told() -> None:
    def do(job: int, note: object) -> bool:
        raise ValueError(f"job {job}")

    lanes = Lanes(do)
    lanes.check()
    lanes.put("a", 1)

    def broken() -> bool:
        try:
            lanes.check()
        except RuntimeError as error:
            return "job 1" in str(error)
        return False

    wait_until(broken, "the lane's end")
    assert lanes.jobs() == (1,)
