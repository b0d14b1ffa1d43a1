"""Delay from the publication of an event to its pixels, by Kafka, ZMQ and Tiled's websocket.

`python -m benchmarks.sources`: one line scan for each source, its events published one after the other; the loop of a
viewer draws each on Agg. Kafka is the embedded broker, the proxy and the Tiled server are real. What the publication of
an event costs the plan is shown beside.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from bluesky.callbacks.zmq import Publisher
from confluent_kafka import Producer

from benchmarks.canvases import WINDOW, Agg
from xafs_workers.consumer.loop import Loop
from xafs_workers.consumer.loop_callbacks import LoopCallbacks
from xafs_workers.consumer.record_parser import RecordParser
from xafs_workers.consumer.roles import SCREEN
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.logs import configure_logging
from xafs_workers.registry import discover_all
from xafs_workers.render.matplotlib.drawing import Drawing
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import AwaitedMessages
from xafs_workers.settings import Settings
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.simulation.tiled_server import TiledServer, create_tiled_writer
from xafs_workers.sources.connections import Connections
from xafs_workers.sources.local_topics import LocalTopics
from xafs_workers.wire import encode

EVENTS = 60
PAUSE_SECONDS = 0.05
PATIENCE = 120.0
Publish = Callable[[str, dict[str, Any]], object]


class NullHandler:
    """Handler of a viewer, which acts on nothing."""

    def on_message(self, control: Any, board: Board) -> None:
        """Do nothing."""

    def poll(self, board: Board) -> None:
        """Do nothing."""

    def pending(self) -> tuple[()]:
        """Return nothing."""
        return ()

    awaited = AwaitedMessages()


class Viewer:
    """A viewer's loop in the main thread; it draws the newest scan after each turn that brought points."""

    def __init__(self, settings: Settings):
        discover_all()
        connections = Connections.from_settings(settings)
        self.source = connections.open_source(SCREEN.name, is_durable=False)
        self.source.metadata.wait_for_topics(threading.Event())
        ports = LoopCallbacks(NullHandler(), lambda record, bad: None, joiner=connections.build_joiner())
        board = Board(BoardConfig.from_settings(settings))
        self.loop = Loop(self.source, SCREEN, RecordParser(settings), board, ports)
        positions = {place: high for place, (_, high) in self.source.metadata.fetch_watermarks().items()}
        self.source.assign(positions)
        self.loop.begin(positions, positions)
        self.drawing = Drawing(Agg().canvas(WINDOW))
        self.drawn: dict[int, float] = {}

    def turn(self) -> None:
        """Do a turn, and draw if there are new points."""
        self.loop.step(0.05)
        runs = [run for run in self.loop.board.runs.values() if len(run.points)]
        if runs and len(runs[-1].points) > len(self.drawn) and self.loop.board.scans:
            self.drawing.show(build_figure(self.loop.board, self.loop.board.scans[-1]))
            now = time.perf_counter()
            for number in runs[-1].points.sequence_numbers:
                self.drawn.setdefault(number, now)


def build_documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the documents of a line scan, whose times are those of their making."""
    uid, stream = str(uuid.uuid4()), str(uuid.uuid4())
    keys = {key: {"dtype": "number", "shape": [], "source": "", "object_name": key} for key in ("xafs_x", "I0", "It")}
    yield "start", {"uid": uid, "time": time.time(), "scan_id": 1, "motors": ["xafs_x"], "num_points": EVENTS}
    more = {"object_keys": {key: [key] for key in keys}, "hints": {}, "configuration": {}}
    yield (
        "descriptor",
        {"uid": stream, "run_start": uid, "time": time.time(), "name": "primary", "data_keys": keys, **more},
    )
    for number in range(1, EVENTS + 1):
        data = {"xafs_x": float(number), "I0": 100.0, "It": 50.0 + number % 7}
        event = {"uid": str(uuid.uuid4()), "descriptor": stream, "seq_num": number, "time": time.time(), "data": data}
        yield "event", {**event, "timestamps": dict.fromkeys(data, time.time()), "filled": {}}
    stop = {"uid": str(uuid.uuid4()), "run_start": uid, "time": time.time(), "exit_status": "success", "reason": ""}
    yield "stop", {**stop, "num_events": {"primary": EVENTS}}


def measure(settings: Settings, publish: Publish, send: Callable[[bytes], object]) -> tuple[list[float], list[float]]:
    """Return for each event the delay to its pixels, and how long its publication took, seconds."""
    viewer = Viewer(settings)
    published: dict[int, tuple[float, float]] = {}

    def run_plan() -> None:
        for name, document in build_documents():
            begun = time.perf_counter()
            publish(name, document)
            if name == "event":
                published[document["seq_num"]] = (begun, time.perf_counter())
                time.sleep(PAUSE_SECONDS)

    _turn_until(viewer, lambda: viewer.loop.caught_up and not viewer.source.waits_for)
    send(encode("bmm", {"linescan": "start", "motor": "xafs_x", "detector": "It"}))
    _turn_until(viewer, lambda: bool(viewer.loop.board.scans))
    plan = threading.Thread(target=run_plan)
    plan.start()
    _turn_until(viewer, lambda: len(viewer.drawn) == EVENTS and not plan.is_alive())
    viewer.source.close()
    delays = [viewer.drawn[number] - begun for number, (begun, _) in published.items()]
    return delays, [ended - begun for begun, ended in published.values()]


def _turn_until(viewer: Viewer, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        viewer.turn()
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(viewer.drawn)} of {EVENTS} events drawn")


def measure_kafka(folder: Path, stack: ExitStack) -> tuple[list[float], list[float]]:
    """Measure with the embedded broker."""
    names = Settings()
    broker = stack.enter_context(EmbeddedBroker(names))
    settings = Settings(kafka={"bootstrap_servers": broker.bootstrap_servers})  # type: ignore[arg-type]
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "linger.ms": 0, "log_level": 3})

    def send(topic: str, value: bytes) -> None:
        producer.produce(topic, value=value, key="k")
        producer.flush(5.0)

    documents, control = settings.get_topic("documents"), settings.get_topic("control")
    return measure(settings, lambda name, body: send(documents, encode(name, body)), lambda value: send(control, value))


def measure_zmq(folder: Path, stack: ExitStack) -> tuple[list[float], list[float]]:
    """Measure with Bluesky's proxy."""
    ports = (_find_port(), _find_port())
    command = [str(Path(sys.executable).parent / "bluesky-0MQ-proxy")]
    addresses = [f"--in-address=127.0.0.1:{ports[0]}", f"--out-address=127.0.0.1:{ports[1]}"]
    proxy = subprocess.Popen([*command, *addresses], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.callback(proxy.kill)
    publisher = Publisher(f"127.0.0.1:{ports[0]}", prefix=b"any", serializer=lambda body: encode("", body)[2:])
    stack.callback(publisher.close)
    sources = {"zmq": {"address": f"tcp://127.0.0.1:{ports[1]}", "prefix": "any"}}
    return _measure_local(folder, sources, publisher)


def measure_tiled(folder: Path, stack: ExitStack) -> tuple[list[float], list[float]]:
    """Measure with a Tiled server, a table append for each event."""
    server = TiledServer(folder / "server")
    server.start()
    stack.callback(server.kill)
    writer = create_tiled_writer(server.uri, server.api_key, batch_size=1)
    sources = {"tiled": {"uri": server.uri.removesuffix("/api/v1"), "api_key_file": str(server.api_key_file)}}
    return _measure_local(folder, sources, writer)


def _measure_local(folder: Path, sources: dict[str, Any], publish: Publish) -> tuple[list[float], list[float]]:
    settings = Settings(sources=sources, state_directory=folder / "state")  # type: ignore[arg-type]
    with LocalTopics.open(settings) as topics:
        return measure(settings, publish, lambda value: topics.append(settings.get_topic("control"), value))


def _find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    """Print the delays of each source, and their ratios to Kafka's."""
    configure_logging("error", "text")
    print(f"{'source':8}{'median':>10}{'p95':>10}{'p95 / Kafka':>13}{'publication p95':>17}")
    base = 0.0
    for name, run in (("kafka", measure_kafka), ("zmq", measure_zmq), ("tiled", measure_tiled)):
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            delays, costs = run(Path(folder), stack)
        p95 = float(np.percentile(delays, 95))
        base = base or p95
        median, cost = 1e3 * float(np.median(delays)), 1e3 * float(np.percentile(costs, 95))
        print(f"{name:8}{median:7.1f} ms{1e3 * p95:7.1f} ms{p95 / base:13.2f}{cost:14.1f} ms", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
