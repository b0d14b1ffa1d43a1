"""A beamline of one case: topics, proposal folder, Slack, and both durable workers as processes."""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from benchmarks.outages.forks import ForkServer, WorkerProcess
from benchmarks.outages.session import SessionEntry
from helpers.slack_server import TOKEN, SlackServer
from xafs_workers.configuration import load
from xafs_workers.consumer.source import KafkaSource, RawRecord
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.wire import decode, encode

COMMANDS = {"file-manager": ("file-manager",), "headless": ("plot-manager", "--headless")}
"""Commands of the workers by their names."""
BOTH = tuple(COMMANDS)
PROPOSAL = "2026-3/pass-123456"
PARTITIONS = 4
PATIENCE = 600.0
"""Limit of one wait, seconds: other work may share the machine."""
TOPICS = ("control", "documents", "answers", "status", "dead_letters")


class Site:
    """Both workers, what they read and what they make. It is used in a with statement."""

    def __init__(self, folder: Path, bootstrap_servers: str, name: str):
        self.folder, self.name = folder, name
        self.proposals = folder / "proposals"
        self.slack = SlackServer()
        self.answers: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.dead_letters: list[dict[str, Any]] = []
        self.beats: dict[str, list[dict[str, Any]]] = {worker: [] for worker in BOTH}
        self.kills = 0
        self._processes: dict[str, WorkerProcess] = {}
        self._starts = 0
        (self.proposals / PROPOSAL).mkdir(parents=True)
        (self.proposals / PROPOSAL / "given.ini").write_text("[scan]\nelement = Fe\n")
        (folder / "token").write_text(TOKEN)
        self._config = folder / "config.yaml"
        self._config.write_text(yaml.safe_dump(self._build_settings(bootstrap_servers)))
        self.settings = load(self._config)
        self._kafka = KafkaConfig(bootstrap_servers)
        self._create_topics()
        # As the sender of a facility, which reaches every broker again: nothing is lost and nothing is sent twice.
        steady = {"enable.idempotence": True, "message.timeout.ms": 1_800_000, "log_level": 0}
        steady["reconnect.backoff.max.ms"] = 500  # a broker that was killed is reached before it is killed again
        steady["topic.metadata.refresh.interval.ms"] = 2000  # new partitions are used at once
        self._producer = Producer({**self._kafka.get_producer_properties(), **steady})
        self._ears = KafkaSource(self._kafka, [self.get_topic(one) for one in TOPICS[2:]], f"ears {name}")
        marks = self._ears.metadata.fetch_watermarks()
        self._ears.assign({partition: low for partition, (low, _) in marks.items()})

    def _build_settings(self, bootstrap_servers: str) -> dict[str, Any]:
        return {
            "beamline": self.name,
            "kafka": {"bootstrap_servers": bootstrap_servers},
            "storage": {"proposals_root": str(self.proposals), "root_aliases": {}},
            "state_directory": str(self.folder / "state"),
            "logging": {"style": "json", "heartbeat_seconds": 0.5},
            "slack": {
                "token_file": str(self.folder / "token"),
                "base_url": self.slack.base_url,
                "channels": {PROPOSAL.rpartition("/")[2]: "C1"},
            },
        }

    def __enter__(self) -> Site:
        self.slack.__enter__()
        self._forks = ForkServer(self.folder / "forks.txt")
        return self

    def __exit__(self, *problem: object) -> None:
        for worker in BOTH:
            self.kill(worker, counted=False)
        self._forks.close()
        self._ears.close()
        self.slack.__exit__(*problem)

    def get_topic(self, name: str) -> str:
        """Return the full name of a topic."""
        return self.settings.get_topic(name)  # type: ignore[arg-type]

    def _create_topics(self) -> None:
        client = AdminClient({"bootstrap.servers": self._kafka.bootstrap_servers, "log_level": 0})
        for future in client.create_topics([NewTopic(self.get_topic(one), PARTITIONS, 1) for one in TOPICS]).values():
            future.result(PATIENCE)
        wanted = {self.get_topic(one) for one in TOPICS}
        wait_until(lambda: wanted <= client.list_topics(timeout=30).topics.keys(), "the broker lists the topics")

    def add_partitions(self, count: int) -> None:
        """Give the topics of messages and documents more partitions."""
        client = AdminClient({"bootstrap.servers": self._kafka.bootstrap_servers, "log_level": 0})
        wanted = [NewPartitions(self.get_topic(one), count) for one in TOPICS[:2]]
        for future in client.create_partitions(wanted).values():
            future.result(PATIENCE)

    # ---- workers

    def start(self, *workers: str, ready: bool = True) -> None:
        """Start workers; with `ready`, wait until each has read what was there."""
        for worker in workers or BOTH:
            log = self.folder / f"{worker}-{self._starts}.log"
            self._processes[worker] = self._forks.start((*COMMANDS[worker], "--config", str(self._config)), log)
            self._starts += 1
        if ready:
            self.wait(lambda: all(self.has_caught_up(one) for one in workers or BOTH), "the workers have caught up")

    def has_started(self, worker: str) -> bool:
        """Check whether the running process of a worker has sent a heartbeat."""
        beats = self.beats[worker]
        return bool(beats) and beats[-1]["pid"] == self._processes[worker].pid

    def has_caught_up(self, worker: str) -> bool:
        """Check whether the running process of a worker has read all that was there when it started."""
        return self.has_started(worker) and self.beats[worker][-1]["state"] == "running"

    def kill(self, worker: str, *, counted: bool = True) -> None:
        """Kill a worker with SIGKILL, if it runs."""
        process = self._processes.pop(worker, None)
        if process is not None:
            process.kill()
            self.kills += counted

    def pause(self, *workers: str) -> None:
        """Stop workers with SIGSTOP."""
        for worker in workers:
            self._processes[worker].send_signal(signal.SIGSTOP)

    def resume(self, *workers: str) -> None:
        """Let stopped workers go on."""
        for worker in workers:
            self._processes[worker].send_signal(signal.SIGCONT)

    # ---- records

    def publish(self, entries: Iterable[SessionEntry], began: float) -> None:
        """Send records with their times, without waiting for the broker."""
        for entry in entries:
            topic = self.get_topic("control" if entry.is_message else "documents")
            key = self.settings.kafka.key if entry.is_message else entry.run
            self._producer.produce(
                topic, encode(entry.name, entry.body), key, timestamp=round(1000 * (began + entry.seconds + entry.skew))
            )
            self._producer.poll(0)

    def wait_for_delivery(self) -> None:
        """Wait until the broker has taken some of the records that are left, or there are none."""
        left = len(self._producer)
        self.wait(
            lambda: self._producer.poll(0) >= 0 and len(self._producer) < max(left, 1), "the broker takes records"
        )

    def wait_for_heartbeats(self) -> None:
        """Wait until each worker has sent one more heartbeat."""
        counts = {worker: len(self.beats[worker]) for worker in BOTH}
        self.wait(lambda: all(len(self.beats[one]) > counts[one] for one in BOTH), "heartbeats of both workers")

    def flush(self) -> None:
        """Wait until the broker has everything."""
        assert self._producer.flush(PATIENCE) == 0, "the broker did not take all records"

    def listen(self, seconds: float = 0.05) -> None:
        """Take answers, dead letters and heartbeats, for some seconds."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for record in self._ears.poll(min(left, 0.5)):
                if isinstance(record, RawRecord):
                    self._take(*decode(record.value))

    def _take(self, tag: str, body: dict[str, Any]) -> None:
        if tag == "answer" and "message_id" in body:
            self.answers[body["message_id"]].append(body)
        elif tag == "dead-letter":
            self.dead_letters.append(body)
        elif tag == "status" and body["worker"] in self.beats:
            self.beats[body["worker"]].append(body)

    def wait(self, condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
        """Take records until a condition holds; no worker may end by itself meanwhile."""

        def is_met() -> bool:
            self.listen()
            for worker, process in self._processes.items():
                assert process.is_alive(), f"{worker} ended by itself: {self.read_log(worker)}"
            return condition()

        wait_until(is_met, what, patience)

    def list_unanswered(self, ids: Iterable[str]) -> list[str]:
        """Return the messages without an answer that ends them."""
        return [one for one in ids if all(answer["state"] == "accepted" for answer in self.answers.get(one, ()))]

    def list_wrong_heartbeats(self) -> list[str]:
        """Return heartbeats of workers that read what they missed, but report that nothing is left to read."""
        beats = [beat for beats in self.beats.values() for beat in beats if beat["state"] == "recovering"]
        return [f"{beat['worker']} {beat['pid']}" for beat in beats if not beat["behind"] and not beat["waits_for"]]

    def read_log(self, worker: str) -> str:
        """Return the end of a worker's newest log."""
        newest = max(self.folder.glob(f"{worker}-*.log"), key=lambda path: path.stat().st_mtime)
        return newest.read_text()[-3000:]


def wait_until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"not within {patience:.0f} s: {what}"
        time.sleep(0.02)
