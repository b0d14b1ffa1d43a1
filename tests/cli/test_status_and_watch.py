"""`xafs-workers status` and `watch` on a real topic."""

from __future__ import annotations

import io
import json
import threading
import time
import uuid
from typing import Any

import pytest
from confluent_kafka import Producer
from rich.console import Console
from typer.testing import CliRunner

from helpers.kafka_server import KafkaServer
from helpers.streams import build_run_documents
from plugins.brokers import Broker
from xafs_workers.cli.main import app
from xafs_workers.cli.status import build_table
from xafs_workers.consumer.records import RawRecord
from xafs_workers.consumer.topic_admin import create_topics
from xafs_workers.diagnostics.watch import format_record, watch
from xafs_workers.diagnostics.worker_status import WorkerStatus, WorkerTable, list_problems
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.scans.items import RecordPosition
from xafs_workers.settings import Kafka, Settings
from xafs_workers.wire import Answer, encode

BEAT: dict[str, Any] = {"state": "running", "waits_for": "", "every": 10.0, "uptime": 60.0, "host": "ws3", "pid": 1}


class Beamline:
    """Topics of its own on a broker, and who writes to them."""

    def __init__(self, broker: Broker):
        self.servers = broker.bootstrap_servers
        self.settings = Settings(
            beamline=f"b{uuid.uuid4().hex[:8]}", kafka=Kafka(bootstrap_servers=broker.bootstrap_servers)
        )
        for name in ("control", "documents", "answers", "status", "dead_letters"):
            broker.create_topic(self.settings.get_topic(name), 4)  # type: ignore[arg-type]
        self._producer = Producer({"bootstrap.servers": self.servers, "log_level": 0})

    def put(self, topic: Any, tag: str, body: dict[str, Any], age: float = 0.0) -> None:
        stamp = int((time.time() - age) * 1000)
        key = str(body.get("worker", "key"))
        self._producer.produce(self.settings.get_topic(topic), value=encode(tag, body), key=key, timestamp=stamp)
        assert self._producer.flush(20) == 0

    def invoke(self, *arguments: str) -> Any:
        return CliRunner().invoke(app, [*arguments, "--kafka", self.servers, "--beamline", self.settings.beamline])


@pytest.fixture
def beamline(broker: Broker) -> Beamline:
    return Beamline(broker)


def test_status_shows_every_worker_and_marks_stale_ones(beamline: Beamline) -> None:
    beamline.put("status", "status", {**BEAT, "worker": "headless"}, age=300.0)
    beamline.put("status", "status", {**BEAT, "worker": "headless", "pid": 2, "last_files": ["/p/a.png"]}, age=2.0)
    beamline.put("status", "status", {**BEAT, "worker": "file-manager"}, age=300.0)
    beamline.put("status", "status", {**BEAT, "worker": "screen", "state": "stopped"}, age=300.0)
    zmq = {"name": "zmq", "promise": "at-most-once", "problem": "no publisher answers"}
    beamline.put("status", "status", {**BEAT, "worker": "web", "waits_for": "the broker", "sources": [zmq]})
    beamline.put("status", "status", {**BEAT, "worker": "fell over", "state": "died"}, age=300.0)
    beamline.put("status", "else", {"worker": "not a heartbeat"})
    result = beamline.invoke("status", "--json")
    told = {worker["worker"]: (worker["state"], worker["well"]) for worker in json.loads(result.stdout)}
    assert told == {
        "headless": ("running", True),
        "file-manager": ("stale", False),
        "screen": ("stopped", True),
        "web": ("running", False),
        "fell over": ("died", False),
    }
    assert result.exit_code == 1
    table = beamline.invoke("status", "--once").stdout
    for words in ("file-manager", "stale", "5 min ago", "the broker", "a.png", "ws3 (2)"):
        assert words in table


def test_status_can_be_read_on_80_columns() -> None:
    table = WorkerTable()
    error = {"time": 1.0, "event": "file_not_written", "reason": "the folder is not mounted"}
    beat = {**BEAT, "worker": "file-manager", "waits_for": "the folder /nsls2", "last_error": error, "behind": 3}
    table.add_record(RawRecord(RecordPosition("status", 0, 1), 100.0, None, encode("status", beat)))
    console = Console(width=80, file=io.StringIO())
    console.print(build_table(table.list_workers(101.0), 101.0, width=80))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= 80
    for words in ("running", "up: 60 s", "waits for: the folder /nsls2", "behind: 3", "file_not_written"):
        assert any(words in line for line in lines), words


def build_status(worker: str, state: str = "running", age: float = 0.0, **fields: Any) -> WorkerStatus:
    return WorkerStatus({**BEAT, "worker": worker, "state": state, **fields}, 100.0 - age)


PICTURES = "pictures of the dossier of foil.001"
HEALTH = [
    (["file-manager", "headless", "screen", "web"], {}, []),
    (["file-manager", "headless"], {"file-manager": {"waits_for": PICTURES}}, []),
    (["file-manager", "headless", "screen"], {"screen": {"state": "stopped"}}, []),
    (["file-manager", "headless"], {"headless": {"state": "standby"}}, []),
    (["headless"], {}, ["file-manager: no heartbeat"]),
    ([], {}, ["file-manager: no heartbeat", "headless: no heartbeat"]),
    (["file-manager", "headless"], {"headless": {"state": "stopped"}}, ["headless on ws3: stopped"]),
    (["file-manager", "headless"], {"headless": {"age": 31.0}}, ["headless on ws3: stale"]),
    (["file-manager", "headless"], {"headless": {"state": "recovering"}}, ["headless on ws3: recovering"]),
    (["file-manager", "headless", "screen"], {"screen": {"state": "died"}}, ["screen on ws3: died"]),
    (
        ["file-manager", "headless"],
        {"headless": {"sources": [{"name": "kafka", "problem": "the broker"}]}},
        ["headless on ws3: kafka: the broker"],
    ),
]


@pytest.mark.parametrize(("names", "special", "expected"), HEALTH)
def test_writers_must_run_and_waiting_is_no_fault(
    names: list[str], special: dict[str, dict[str, Any]], expected: list[str]
) -> None:
    workers = [build_status(name, **special.get(name, {})) for name in names]
    assert list_problems(workers, 100.0) == expected


def test_expected_workers_can_be_named() -> None:
    workers = [build_status("headless"), build_status("screen", state="stopped")]
    assert list_problems(workers, 100.0, ["headless"]) == []
    assert list_problems(workers, 100.0, ["headless", "screen"]) == ["screen on ws3: stopped"]


def test_status_exits_with_1_unless_both_writers_run(beamline: Beamline) -> None:
    """Also after both were stopped in order."""
    beamline.put("status", "status", {**BEAT, "worker": "headless"})
    result = beamline.invoke("status", "--once")
    assert (result.exit_code, result.stderr) == (1, "xafs-workers: not healthy: file-manager: no heartbeat\n")
    assert beamline.invoke("status", "--once", "--expect", "headless").exit_code == 0
    beamline.put("status", "status", {**BEAT, "worker": "file-manager", "waits_for": PICTURES})
    assert beamline.invoke("status", "--once").exit_code == 0
    for name in ("headless", "file-manager"):
        beamline.put("status", "status", {**BEAT, "worker": name, "state": "stopped"})
    result = beamline.invoke("status", "--once")
    assert result.exit_code == 1
    assert result.stderr.count("stopped") == 2


def test_status_reports_that_no_heartbeat_came(beamline: Beamline) -> None:
    result = beamline.invoke("status", "--once")
    assert result.exit_code == 1
    assert "no worker was heard" in result.stdout


def test_a_foreign_heartbeat_is_ignored() -> None:
    colleagues = WorkerTable()
    strange = {"worker": "\x1b[31mred", "every": float("nan"), "pid": "x", "last_error": {"time": 1.0, "event": "\x07"}}
    for value in (encode("status", strange), encode("status", {"worker": 7}), b"\xff", None):
        colleagues.add_record(RawRecord(RecordPosition("status", 0, 1), 100.0, None, value))
    table = build_table(colleagues.list_workers(101.0), 101.0)
    assert table.row_count == 1
    shown = print_table(table)
    assert "\x1b[31m" not in shown
    assert "\x07" not in shown


def test_a_leader_and_its_standby_are_well() -> None:
    colleagues = WorkerTable()
    pair = [{**BEAT, "worker": "headless", "failover": "leader"}, {**BEAT, "worker": "headless", "state": "standby"}]
    for pid, beat in enumerate(pair, start=1):
        value = encode("status", {**beat, "pid": pid})
        colleagues.add_record(RawRecord(RecordPosition("status", 0, pid), 100.0, None, value))
    workers = colleagues.list_workers(101.0)
    assert [worker.is_well(101.0) for worker in workers] == [True, True]
    shown = print_table(build_table(workers, 101.0))
    assert "running (leader)" in shown
    assert "standby" in shown


def print_table(table: Any) -> str:
    """Return a table as it is shown."""
    from rich.console import Console

    console = Console(width=200)
    with console.capture() as shown:
        console.print(table)
    return shown.get()


def lines(settings: Settings, number: int, **options: Any) -> list[str]:
    stop, found = threading.Event(), []
    for line in watch(settings, stop, **options):
        found.append(line)
        if len(found) == number:
            stop.set()
    return found


def test_watch_prints_messages_documents_and_answers(beamline: Beamline) -> None:
    run = list(
        build_run_documents(hint="linescan It xafs_x", motors=["xafs_x"], columns={"xafs_x": [1.5], "I0": [2.0]})
    )
    beamline.put("control", "bmm", {"linescan": "start", "motor": "xafs_x", "detector": "it"})
    for name, doc in run:
        beamline.put("documents", name, doc)
    beamline.put(
        "answers", "answer", Answer("id", "headless", "linescan", "stop", "done", paths=("/p/a.png",)).to_dict()
    )
    beamline.put("status", "status", {**BEAT, "worker": "headless"})
    found = lines(beamline.settings, 3 + len(run), workers=True, since=time.time() - 60)
    text = "\n".join(found)
    uid = run[0][1]["uid"][:8]
    for part in (
        "control      linescan start           motor=xafs_x detector=it",
        f"documents    start        run {uid}",
        "xafs_x=1.5",
        f"documents    stop         run {uid} success",
        'headless: linescan stop done paths=["/p/a.png"]',
        "headless on ws3: running",
    ):
        assert part in text, found


def test_watch_prints_the_topics_in_time_order(beamline: Beamline) -> None:
    for age in (9.0, 7.0, 5.0, 3.0):
        beamline.put("documents", "start", {"uid": f"run-{age:.0f}", "time": 1.0}, age=age)
    for age in (8.0, 6.0, 4.0, 2.0):
        beamline.put("control", "bmm", {"xafsscan": "next", "count": int(age)}, age=age)
    found = lines(beamline.settings, 8, since=time.time() - 60)
    ages = [line.partition("run-" if "documents" in line else "count=")[2].split()[0] for line in found]
    assert ages == list("98765432"), found


def record(topic: str, value: bytes) -> RawRecord:
    return RawRecord(RecordPosition(topic, 0, 1), 1_700_000_000.0, None, value)


def test_watch_marks_invalid_messages_and_escapes_control_codes() -> None:
    settings = Settings()
    control, documents = settings.get_topic("control"), settings.get_topic("documents")
    bad = format_record(record(control, encode("bmm", {"linescan": "start", "motor": "x\x1b[2J"})), "control", settings)
    assert "REFUSED" in bad
    assert "detector" in bad
    assert "\x1b" not in bad
    assert "UNDECODABLE" in format_record(record(control, b"\xc1"), "control", settings)
    assert "REFUSED" in format_record(record(documents, encode("event", {"no": 1})), "documents", settings)
    long = {"linescan": "start", "motor": "x", "detector": "it", "note": "y" * 5000}
    assert len(format_record(record(control, encode("bmm", long)), "control", settings)) < 250
    assert len(format_record(record(control, encode("bmm", long)), "control", settings, full=True)) > 5000


@pytest.mark.kafka
def test_missing_topics_are_shown_and_made(apache_kafka: KafkaServer) -> None:
    beamline = f"t{uuid.uuid4().hex[:8]}"
    place = ["--kafka", apache_kafka.bootstrap_servers, "--beamline", beamline]
    assert create_topics(KafkaConfig(apache_kafka.bootstrap_servers), {f"{beamline}.test": 1}) == {}
    shown = CliRunner().invoke(app, ["install", "--topics", *place])
    assert shown.exit_code == 0
    assert f"is there  {beamline}.test " in shown.stdout
    assert f"missing   {beamline}.workers.answers " in shown.stdout
    assert "--apply makes the missing topics" in shown.stdout
    made = CliRunner().invoke(app, ["install", "--topics", "--apply", *place])
    assert made.exit_code == 0, made.stderr
    assert f"made      {beamline}.workers.dead-letters" in made.stdout
    again = CliRunner().invoke(app, ["install", "--topics", *place])
    assert "All topics exist." in again.stdout
