"""Workers as processes, for tests that stop, kill and start them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml
from confluent_kafka import Producer

from helpers.patience import SECONDS as PATIENCE
from helpers.streams import Entry
from xafs_workers.configuration import load
from xafs_workers.consumer.source import KafkaSource, RawRecord
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.settings import Settings
from xafs_workers.wire import decode, encode

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
"""Runs the command and writes down every path it opens for writing."""


def wait_until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Wait for a condition; the pauses only keep the processor free."""
    deadline = time.monotonic() + patience
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not within {patience:.0f} s: {what}"
        pause.wait(0.02)


class Station:
    """Topics, folders and a configuration of their own, and one worker, headless as a rule, that can be killed."""

    command: tuple[str, ...] = ("plot-manager", "--headless")
    program: tuple[str, ...] = ("-m", "xafs_workers")

    def __init__(
        self,
        folder: Path,
        bootstrap_servers: str,
        create_topic: Callable[[str, int], None],
        beamline: str,
        **settings: Any,
    ):
        self.folder = folder
        (folder / "proposals" / "2026-3" / "pass-123456").mkdir(parents=True)
        content = {
            "beamline": beamline,
            "kafka": {"bootstrap_servers": bootstrap_servers},
            "storage": {"proposals_root": str(folder / "proposals"), "root_aliases": {}},
            "state_directory": str(folder / "state"),
            "logging": {"style": "json", "heartbeat_seconds": 0.1},
            "reduction": {"starts_warm": False},
        }
        for part, more in settings.items():
            content[part] = {**content.get(part, {}), **more} if isinstance(more, dict) else more
        self.config = folder / "config.yaml"
        self.config.write_text(yaml.safe_dump(content))
        self.settings: Settings = load(self.config)
        for name in ("control", "documents", "answers", "status", "dead_letters"):
            create_topic(self.settings.get_topic(name), 4)  # type: ignore[arg-type]
        self.process: subprocess.Popen[bytes] | None = None
        self.received: dict[str, list[dict[str, Any]]] = {"answer": [], "dead-letter": [], "status": []}
        self.starts = 0
        self._stamp = 0
        self._run = ""
        config = KafkaConfig(bootstrap_servers)
        self._producer = Producer({**config.get_producer_properties(), "log_level": 3})
        topics = [self.settings.get_topic(name) for name in ("answers", "status", "dead_letters")]  # type: ignore[arg-type]
        self._source = KafkaSource(config, topics, "ears")
        self._source.assign(
            {partition: low for partition, (low, _) in self._source.metadata.fetch_watermarks().items()}
        )

    def start(self, *, ready: bool = True) -> None:
        command = [sys.executable, *self.program, *self.command, "--config", str(self.config)]
        log = self.folder / f"worker-{self.starts}.log"
        self.starts += 1
        with log.open("wb") as stream:
            self.process = subprocess.Popen(command, stderr=stream, stdout=stream)
        if ready:
            pid = self.process.pid
            self.wait(lambda: any(beat["pid"] == pid for beat in self.received["status"]), "the first heartbeat")

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def terminate(self) -> float:
        """Stop the worker with SIGTERM; return how long it took, seconds."""
        assert self.process is not None
        began = time.monotonic()
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0, self.read_logs()
        return time.monotonic() - began

    def put(self, entries: Iterable[Entry]) -> None:
        """Publish as a beamline does: messages with one key, documents with their run's uid, both in order."""
        for name, body in entries:
            if name == "start":
                self._run = body["uid"]
            if name == "bmm":
                self.put_raw(self.settings.get_topic("control"), encode(name, body))
            else:
                self.put_raw(self.settings.get_topic("documents"), encode(name, body), self._run)
        assert self._producer.flush(PATIENCE) == 0

    @property
    def newest_stamp(self) -> float:
        """Record time of the newest record, POSIX seconds; records made faster than one a millisecond run ahead."""
        return self._stamp / 1000

    def put_raw(self, topic: str, value: bytes | None, key: str = "abcdef", stamp: int | None = None) -> None:
        # A plan's messages and documents are milliseconds apart; a loop in Python is faster than that.
        self._stamp = max(self._stamp + 1, int(time.time() * 1000))
        self._producer.produce(topic, value=value, key=key, timestamp=self._stamp if stamp is None else stamp)
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until the broker has all that was published."""
        assert self._producer.flush(10 * PATIENCE) == 0

    def refresh_producer(self) -> None:
        """Take a new producer, which knows the partitions that were added to the topics."""
        config = KafkaConfig(self.settings.kafka.bootstrap_servers or "")
        self._producer = Producer({**config.get_producer_properties(), "log_level": 3})

    def put_late(self, entries: Iterable[Entry], delay: float) -> None:
        """Publish all messages at once, and the documents so many seconds later, all with the times of their making.

        The worker's heartbeats, not a pause, show that the time has passed for it too.
        """
        made = [(int(time.time() * 1000) + place, entry) for place, entry in enumerate(entries)]
        for stamp, (name, body) in made:
            if name == "bmm":
                self.put_raw(self.settings.get_topic("control"), encode(name, body), stamp=stamp)
        assert self._producer.flush(PATIENCE) == 0
        due = time.time() + delay
        self.wait(lambda: any(beat["time"] >= due for beat in self.received["status"][-3:]), "the delay to be over")
        for stamp, (name, body) in made:
            if name == "start":
                self._run = body["uid"]
                body = {**body, "time": stamp / 1000}
            if name != "bmm":
                self.put_raw(self.settings.get_topic("documents"), encode(name, body), self._run)
        assert self._producer.flush(PATIENCE) == 0

    def poll_topics(self) -> None:
        for entry in self._source.poll(0.05):
            if isinstance(entry, RawRecord):
                tag, body = decode(entry.value)
                self.received[tag].append(body)

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        def heard() -> bool:
            self.poll_topics()
            assert self.process is None or self.process.poll() in (None, -9), self.read_logs()
            return condition()

        wait_until(heard, what)

    def list_answers(self, kind: str) -> list[dict[str, Any]]:
        """Return the answers that end a message of a kind, in order."""
        return [one for one in self.received["answer"] if one["kind"] == kind and one["state"] != "accepted"]

    def list_final_answers(self, kind: str, action: str = "stop") -> list[dict[str, Any]]:
        return [
            answer
            for answer in self.received["answer"]
            if (answer["kind"], answer["action"]) == (kind, action) and answer["state"] in ("done", "failed")
        ]

    def read_files(self) -> dict[str, bytes]:
        root = self.folder / "proposals"
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    def read_logs(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.glob("worker-*.log")))[-8000:]

    def read_logged_errors(self) -> list[str]:
        lines = [line for path in self.folder.glob("worker-*.log") for line in path.read_text().splitlines()]
        entries = [json.loads(line) for line in lines if line.startswith("{")]
        wild = [line for line in lines if not line.startswith("{") and "Error" in line]
        return [*wild, *(str(entry) for entry in entries if entry["level"] in ("error", "critical"))]

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._source.close()


class TwoWorkerStation(Station):
    """A file manager that can be killed, and a headless worker beside it."""

    command = ("file-manager",)

    def start_drawing(self) -> None:
        command = [sys.executable, "-m", "xafs_workers", "plot-manager", "--headless", "--config", str(self.config)]
        with (self.folder / "worker-drawing.log").open("wb") as stream:
            self.drawing = subprocess.Popen(command, stderr=stream, stdout=stream)
        self.wait(lambda: any(beat["worker"] == "headless" for beat in self.received["status"]), "the second heartbeat")

    def close(self) -> None:
        self.drawing.kill()
        self.drawing.wait()
        super().close()


def make_start_document(**more: Any) -> dict[str, Any]:
    return {"data_session": "pass-123456", "cycle": "2026-3", **more}
