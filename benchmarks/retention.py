"""Check that memory and figures do not grow over many line scans through a broker, the follower and a window."""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from benchmarks.feeds import LINE_START, Document_, line_scan
from xafs_workers.consumer.roles import SCREEN
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.settings import Settings
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.wire import encode

POINTS = 20
STEPS = 10
TIMEOUT = 120.0
GROWTH = 10.0
"""Largest growth of memory in the second half, MB: stored scans fill up, and memory pages come and go."""


@dataclass(frozen=True)
class Sample:
    """Memory, figures and stored scans after a number of scans."""

    scans: int
    megabytes: float
    tabs: int
    widgets: int
    kept_scans: int
    kept_runs: int


def entries_of(number: int) -> Iterator[Document_]:
    """Yield the messages and documents of one line scan."""
    run = line_scan(POINTS, number)
    yield "bmm", LINE_START
    yield from run.all
    yield "bmm", {"linescan": "stop"}


def resident() -> float:
    """Read the resident memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def samples(scans: int) -> Iterator[Sample]:
    """Send scans, and yield a sample after each tenth of them."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from xafs_workers.frontends.screen.window import Window, WindowCallbacks
    from xafs_workers.sources.connections import Connections
    from xafs_workers.viewers.follower import Follower

    application = QApplication.instance() or QApplication([])
    settings = Settings(beamline=f"b{uuid.uuid4().hex[:8]}")
    with EmbeddedBroker(settings) as broker:
        config = KafkaConfig(broker.bootstrap_servers)
        follower = Follower(settings, Connections(settings, config), SCREEN)
        window = Window(WindowCallbacks(follower.build_feed, lambda click: None))
        follower.start()
        window.start()
        _wait(application, lambda: not follower.build_feed().waits_for)
        sent = _Sender(settings, config)
        for step in range(STEPS):
            first = step * (scans // STEPS) + 1
            for number in range(first, first + scans // STEPS):
                sent.send(entries_of(number))
                _wait(application, lambda number=number: f"run-{number}" in follower.build_feed().board.runs)
            board = follower.build_feed().board
            widgets = len(QApplication.allWidgets())
            yield Sample(
                (step + 1) * (scans // STEPS),
                resident(),
                window.tabs.count(),
                widgets,
                len(board.scans),
                len(board.runs),
            )
        window.hide()
        follower.stop()


class _Sender:
    """Publishes messages and documents as a beamline does."""

    def __init__(self, settings: Settings, config: KafkaConfig):
        self._settings, self._producer = settings, Producer(config.get_producer_properties())
        self._stamp = 0

    def send(self, entries: Iterator[Document_]) -> None:
        """Send entries, and wait until all are delivered."""
        for name, body in entries:
            self._stamp = max(self._stamp + 1, int(time.time() * 1000))
            topic = self._settings.get_topic("control" if name == "bmm" else "documents")
            self._producer.produce(topic, value=encode(name, body), key="k", timestamp=self._stamp)
        self._producer.flush(TIMEOUT)


def _wait(application: Any, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"condition not met within {TIMEOUT:.0f} s")
        application.processEvents()


def main() -> int:
    """Print a table; return 1 if memory or widgets grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=int, default=1000)
    found: list[Sample] = []
    print("scans   memory  tabs  widgets  scans kept  runs kept")
    for one in samples(parser.parse_args().scans):
        found.append(one)
        print(
            f"{one.scans:5d}  {one.megabytes:6.1f} MB  {one.tabs:3d}  {one.widgets:7d}  {one.kept_scans:10d}"
            f"  {one.kept_runs:9d}",
            flush=True,
        )
    settled, last = found[len(found) // 2], found[-1]
    flat = last.megabytes - settled.megabytes <= GROWTH and last.widgets <= 1.2 * settled.widgets
    print("flat" if flat else "NOT FLAT")
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
