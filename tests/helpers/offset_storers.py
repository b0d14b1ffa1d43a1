"""Processes that store offsets while a real broker is killed."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

from helpers.kafka_server import KafkaServer
from xafs_workers.consumer.source import KafkaSource
from xafs_workers.producer.kafka_config import KafkaConfig

TOPIC = "stored"
CHILD = """
import sys, time
from xafs_workers.consumer import offsets
from xafs_workers.consumer.client import ConnectionHealth
from xafs_workers.producer.kafka_config import KafkaConfig

offsets.BACKOFF_SECONDS = 0.0
store = offsets.OffsetStore(KafkaConfig(sys.argv[1]), sys.argv[2], ConnectionHealth(quiet=True))
number = int(sys.argv[3])
while True:
    number += 1
    if store.store({("stored", 0): number}):
        print(number, flush=True)
    time.sleep(0.02)
"""


@dataclass
class Storer:
    """Process that stores growing offsets for a group of its own; `stored` is the last of which storing succeeded."""

    servers: str
    group: str
    stored: int = 0
    exit_codes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._start()

    def _start(self) -> None:
        command = [sys.executable, "-c", CHILD, self.servers, self.group, str(self.stored)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self._thread = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        self._thread.start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self.stored = int(line)

    def wait_for_progress(self, patience: float) -> None:
        """Wait until something more is stored; start the process again if it has died."""
        before, deadline = self.stored, time.monotonic() + patience
        while self.stored <= before + 5:
            if (code := self._process.poll()) is not None:
                self.exit_codes.append(code)
                self._start()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.group}: nothing stored within {patience:g} s after {before}")
            time.sleep(0.05)

    def end(self) -> None:
        """End the process and read what it said."""
        self._process.terminate()
        self._process.wait()
        self._thread.join()


def fetch_stored(servers: str, group: str) -> int:
    """Return the offset that Kafka has."""
    source = KafkaSource(KafkaConfig(servers), [TOPIC], group)
    try:
        return source.metadata.fetch_committed_offsets()[TOPIC, 0]
    finally:
        source.close()


def kill_under_load(kafka: KafkaServer, kills: int, children: int, patience: float = 60.0) -> list[Storer]:
    """Kill the broker so often while children store offsets; return the ended children."""
    storers = [Storer(kafka.bootstrap_servers, f"group-{number}") for number in range(children)]
    try:
        for number in range(kills):
            for storer in storers:
                storer.wait_for_progress(patience)
            time.sleep(0.0137 * (number % 10))
            kafka.kill()
            _start_again(kafka, patience)
        for storer in storers:
            storer.wait_for_progress(patience)
    finally:
        for storer in storers:
            storer.end()
    return storers


def _start_again(kafka: KafkaServer, patience: float) -> None:
    """Start the node when its port is free: a client that tries again and again may be connected to itself there."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return kafka.start()
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
