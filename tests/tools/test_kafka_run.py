"""The real Kafka's starter: its own protocol, its options, and that nothing of it is left behind."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import ModuleType

import pytest

from helpers.kafka_records import open_source, produce, read_records
from helpers.kafka_server import RUN, KafkaNotInstalledError, KafkaServer
from helpers.patience import SECONDS as PATIENCE
from plugins.brokers import ApacheAdmin
from xafs_workers.producer.kafka_config import KafkaConfig


@pytest.fixture(scope="module")
def run() -> ModuleType:
    """tools/kafka/run.py as a module."""
    specification = importlib.util.spec_from_file_location("kafka_run", RUN)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_cache_is_named_for_its_version_and_content(run: ModuleType, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = run.default_cache()
    assert first.parent == tmp_path / "xafs-workers"
    assert first.name.startswith("kafka-4.")
    other = tmp_path / "pom.xml"
    other.write_text(run.POM.read_text() + "<!-- changed -->")
    monkeypatch.setattr(run, "POM", other)
    assert run.default_cache() != first


def test_jars_appear_complete_or_not_at_all(run: ModuleType, monkeypatch, tmp_path: Path):
    def breaks(_maven: str, folder: Path) -> None:
        folder.mkdir()
        (folder / "one.jar").touch()
        raise run.CannotRun("the network is away")

    def works(_maven: str, folder: Path) -> None:
        folder.mkdir()
        (folder / "one.jar").touch()
        (folder / "two.jar").touch()

    monkeypatch.setattr(run, "program", lambda name: name)
    cache = tmp_path / "cache" / "kafka-1"
    monkeypatch.setattr(run, "fetch", breaks)
    with pytest.raises(run.CannotRun):
        run.jars(cache)
    assert not cache.exists()
    assert [path.name for path in cache.parent.iterdir()] == ["kafka-1.lock"]
    monkeypatch.setattr(run, "fetch", works)
    run.jars(cache)
    monkeypatch.setattr(run, "fetch", breaks)
    assert sorted(path.name for path in run.jars(cache).iterdir()) == ["one.jar", "two.jar"], "used again"


def test_missing_java_or_maven_is_reported(tmp_path: Path):
    command = [sys.executable, str(RUN), "--cache", str(tmp_path / "none")]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert "mvn is not installed: expected Java 17 or newer, and Maven" in done.stderr


def test_a_missing_node_is_distinguished_from_a_failing_one(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(KafkaNotInstalledError, match="mvn is not installed"):
        KafkaServer(tmp_path / "data").start()


def test_created_topics_are_read_from_the_answer(run: ModuleType, monkeypatch):
    def answer(code: int) -> bytes:
        return struct.pack(">ii", 0, 1) + run.text("t") + struct.pack(">h", code) + run.text("because")

    for code in (0, run.TOPIC_EXISTS):
        monkeypatch.setattr(run, "ask", lambda *_, code=code: answer(code))
        run.create_topics(1, ["t"], 1)
    monkeypatch.setattr(run, "ask", lambda *_: answer(37))
    with pytest.raises(run.CannotRun, match="topic t cannot be created: error 37 because"):
        run.create_topics(1, ["t"], 0)


def test_a_closed_connection_gives_no_answer(run: ModuleType):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def close_at_once() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)

        thread = threading.Thread(target=close_at_once)
        thread.start()
        with pytest.raises(ConnectionError):
            run.ask(server.getsockname()[1], run.API_VERSIONS, 0, b"")
        thread.join(5)


@pytest.mark.kafka
@pytest.mark.slow
def test_data_and_port_survive_a_stop_and_a_kill(apache_kafka: KafkaServer, apache_admin: ApacheAdmin):
    apache_admin.create_topic("kept", 1)
    config = KafkaConfig(apache_kafka.bootstrap_servers)
    for number, end in enumerate(["stop", "kill"]):
        produce(config, "kept", [b"%d" % number])
        getattr(apache_kafka, end)()
        before = apache_kafka.bootstrap_servers
        apache_kafka.start()
        assert apache_kafka.bootstrap_servers == before
    with open_source(config, "kept") as source:
        assert source.metadata.wait_for_topics(threading.Event())
        source.assign({("kept", 0): 0})
        assert [record.value for record in read_records(source, 2)] == [b"0", b"1"]


NEEDS_KAFKA = "def test_it(apache_kafka):\n    pass\n"


@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("true", "1 error")])
def test_tests_without_java_are_skipped_but_fail_in_ci(tmp_path: Path, ci: str, outcome: str):
    (tmp_path / "test_it.py").write_text(NEEDS_KAFKA)
    tests = str(Path(__file__).parents[1])
    environment = {"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": ":".join([tests, *sys.path])}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "plugins.brokers",
        "-rs",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    done = subprocess.run(command, env={**environment, "CI": ci}, capture_output=True, text=True, check=False)
    assert outcome in done.stdout
    assert "mvn is not installed" in done.stdout


# One node for itself -----------------------------------------------------------------------------------------------


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_until_gone(pid: int, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    turn = threading.Event()
    while not has_ended(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        turn.wait(0.1)


@pytest.mark.kafka
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_or_file_of_a_node_is_left(apache_kafka: KafkaServer, tmp_path: Path, number: signal.Signals):
    """Asked to stop it cleans up; killed it takes the Java machine along."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, str(RUN), "--topics", "a.b,c", "--partitions", "3", "--message-max-bytes", "2000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        servers = process.stdout.readline().strip()
        with open_source(KafkaConfig(servers), "a.b", "c") as source:
            assert source.metadata.list_partitions() == tuple((topic, n) for topic in ("a.b", "c") for n in range(3))
        (java,) = children(process.pid)
        process.send_signal(number)
        code = process.wait(PATIENCE)
    wait_until_gone(java)
    assert code == (-signal.SIGKILL if number is signal.SIGKILL else 0)
    if number is not signal.SIGKILL:
        assert list(tmp_path.iterdir()) == [], "its temporary folder"


STARTER = """
import subprocess, sys
process = subprocess.Popen([sys.executable, *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
print(process.pid, process.stdout.readline(), flush=True)
sys.stdin.read()
"""


@pytest.mark.kafka
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_node_ends_with_its_parent_process(apache_kafka: KafkaServer, tmp_path: Path):
    command = [sys.executable, "-c", STARTER, str(RUN), "--follow-parent", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        runner = int(parent.stdout.readline().split()[0])
        (java,) = children(runner)
        parent.kill()
        parent.wait(PATIENCE)
    wait_until_gone(java)
    wait_until_gone(runner)


@pytest.mark.kafka
def test_an_occupied_port_is_reported(apache_kafka: KafkaServer, tmp_path: Path):
    port = apache_kafka.bootstrap_servers.rpartition(":")[2]
    command = [sys.executable, str(RUN), "--port", port, "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"kafka: port {port} cannot be used" in done.stderr
