"""The workers that write, as processes on a real Kafka; their memory, descriptors, threads and files are sampled."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from helpers.kafka_server import KafkaServer
from helpers.processes import Station
from xafs_workers.wire import encode

COMMANDS = {"file-manager": ("file-manager",), "headless": ("plot-manager", "--headless")}
FLAT = 1.05
"""Largest ratio of the last quarter's mean to that of the quarter before it that counts as flat."""


@dataclass(frozen=True)
class Sample:
    """What a process uses at one moment."""

    time: float
    memory: float
    """Resident memory, MB."""
    descriptors: int
    threads: int
    state: float
    """Files of its state folder, MB."""
    log: float
    """Its log, MB."""


class WatchedWorkers:
    """The two workers that write, on the topics and folders of one station."""

    def __init__(self, folder: Path, kafka: KafkaServer, create_topic: Any, **settings: Any):
        name = f"load{uuid.uuid4().hex[:8]}"
        self.station = Station(folder, kafka.bootstrap_servers, create_topic, name, **settings)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.samples: dict[str, list[Sample]] = {name: [] for name in COMMANDS}
        self.starts = 0
        self.answers: dict[str, int] = {}
        """Numbers of final answers by state."""
        self.failures: Counter[str] = Counter()
        """Reasons of answers `failed`, with how often."""
        self._beats: dict[str, list[dict[str, Any]]] = {name: [] for name in COMMANDS}

    def start(self, *names: str) -> None:
        """Start workers, without waiting for them."""
        for name in names or COMMANDS:
            command = [sys.executable, "-m", "xafs_workers", *COMMANDS[name], "--config", str(self.station.config)]
            with (self.station.folder / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(command, stderr=log, stdout=log)
            self.starts += 1

    def kill(self, name: str) -> None:
        """Kill a worker, as a power cut does."""
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()

    def stop(self) -> None:
        """End all workers, as a service manager does."""
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                process.terminate()
        for process in self.processes.values():
            process.wait()
        self.processes.clear()

    def close(self) -> None:
        """End all processes."""
        self.stop()
        self.station.close()

    def poll(self) -> None:
        """Read answers and heartbeats; a worker that ended by itself is an error."""
        self.station.poll_topics()
        received = self.station.received
        for beat in received["status"]:
            if beat["worker"] in self._beats or beat["worker"] == "headless-plot-manager":
                self._beats.setdefault(beat["worker"], []).append(beat)
        for answer in received["answer"]:
            if answer["state"] != "accepted":
                self.answers[answer["state"]] = self.answers.get(answer["state"], 0) + 1
            if answer["state"] == "failed":
                self.failures[f"failed: {answer['reason']}"] += 1
        received["status"].clear()
        received["answer"].clear()
        for name, process in self.processes.items():
            if process.poll() not in (None, -signal.SIGKILL):
                tail = (self.station.folder / f"{name}.log").read_text()[-2000:]
                raise RuntimeError(f"{name} ended with {process.returncode}: {tail}")

    def find_beat(self, name: str) -> dict[str, Any] | None:
        """Find the newest heartbeat of a worker's present process."""
        pid = self.processes[name].pid
        beats = [beat for all_ in self._beats.values() for beat in all_[-20:] if beat["pid"] == pid]
        return max(beats, key=lambda beat: beat["time"], default=None)

    def find_longest_silence(self) -> float:
        """Find the longest time between two heartbeats of one process, seconds."""
        longest = 0.0
        for beats in self._beats.values():
            for one, next_ in itertools.pairwise(beats):
                if one["pid"] == next_["pid"]:
                    longest = max(longest, next_["time"] - one["time"])
        return longest

    def is_idle(self, records: int) -> bool:
        """Check whether both workers have read so many records and have nothing left to do."""
        beats = [self.find_beat(name) for name in self.processes]
        return all(
            beat is not None
            and beat["state"] == "running"
            and beat["behind"] == beat["in_hand"] == 0
            and beat["messages"] + beat["documents"] >= records
            for beat in beats
        )

    def take_sample(self) -> None:
        """Take a sample of each worker."""
        for name, process in self.processes.items():
            with suppress(OSError):
                self.samples[name].append(_read_sample(process.pid, self.station.folder, name))


def _read_sample(pid: int, folder: Path, name: str) -> Sample:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    state = sum(path.stat().st_size for path in (folder / "state").rglob("*") if path.is_file())
    return Sample(
        time=time.time(),
        memory=int(status["VmRSS"].split()[0]) / 1024,
        descriptors=len(os.listdir(f"/proc/{pid}/fd")),
        threads=int(status["Threads"]),
        state=state / 2**20,
        log=(folder / f"{name}.log").stat().st_size / 2**20,
    )


def summarize(samples: list[Sample]) -> Iterator[str]:
    """Yield a line for each quantity: its means over the four quarters of the time."""
    if len(samples) < 8:
        yield f"  only {len(samples)} samples"
        return
    quarter = len(samples) // 4
    parts = [samples[quarter * n : quarter * (n + 1)] for n in range(4)]
    for what in ("memory", "descriptors", "threads", "state", "log"):
        means = [sum(getattr(sample, what) for sample in part) / len(part) for part in parts]
        word = "flat" if means[3] <= FLAT * means[2] + 0.1 else f"x {means[3] / means[2]:.2f}"
        yield f"  {what:12s}" + "".join(f"{mean:10.1f}" for mean in means) + f"   {word}"


def produce(workers: WatchedWorkers, entries: Iterable[tuple[str, dict[str, Any]]]) -> int:
    """Publish entries with their present times; return how many."""
    station, count, run = workers.station, 0, ""
    for name, body in entries:
        if name == "start":
            body, run = {**body, "time": max(time.time(), station.newest_stamp)}, body["uid"]
        topic = station.settings.get_topic("control" if name == "bmm" else "documents")
        station.put_raw(topic, encode(name, body), "abcdef" if name == "bmm" else run)
        count += 1
    return count


@contextmanager
def run_workers(folder: Path, **settings: Any) -> Iterator[WatchedWorkers]:
    """Run a Kafka with the workers' topics; the workers are started by the caller."""
    from plugins.brokers import ApacheAdmin

    kafka = KafkaServer(folder / "kafka")
    kafka.start()
    workers: WatchedWorkers | None = None
    try:
        workers = WatchedWorkers(folder / "station", kafka, ApacheAdmin(kafka).create_topic, **settings)
        yield workers
    finally:
        if workers is not None:
            workers.close()
        kafka.stop()
