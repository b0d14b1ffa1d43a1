"""The demo: a broker, a catalog, workers and a beamline, simulated or recorded; all of it checked at the end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from confluent_kafka import Producer
from rich.console import Console

from xafs_workers.consumer.topic_admin import AdminRequestError, create_topics
from xafs_workers.demo.environment import DemoError, configure, prepare, run_worker
from xafs_workers.demo.listener import PICTURE_KINDS, WorkerListener
from xafs_workers.demo.report import report
from xafs_workers.demo.stage import DemoStage
from xafs_workers.logs import configure_logging
from xafs_workers.producer.kafka_config import KafkaConfig, read_kafka_config
from xafs_workers.runtime.lifecycle import require_module
from xafs_workers.settings import Settings
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.simulation.tiled_server import TiledServer

START_TIMEOUT = 60.0
ANSWERS_TIMEOUT = 120.0
BEAMLINE = "demo"
SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Signals that end the demo."""

SessionRunner = Callable[[DemoStage, Console], None]
"""Function that sends messages and documents, and counts in `DemoStage.expected_answers` what must be answered."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Options of the command line."""

    output: Path
    kafka: str | None = None
    data: Path | None = None
    keep: bool = False
    pace: float = 1.0


def run(options: DemoOptions) -> int:
    """Run the demo; return 0 only if all expected results exist and no worker logged an error."""
    require_module("bluesky")
    configure_logging("warning")
    handler = build_interrupt_handler()
    for number in SIGNALS:  # in the background, a shell has a program ignore the first
        signal.signal(number, handler)
    console = Console()
    try:
        with ExitStack() as stack:
            stage = _prepare_stage(options, stack, console)
            _choose_session(options)(stage, console)
            _wait_for_answers(stage, console)
            if options.keep:
                _keep_running(stage, console)
        faults = report(stage, console)
    except (DemoError, KeyboardInterrupt) as failure:
        console.print(f"[bold red]demo failed[/]: {failure or 'interrupted'}")
        return 1
    return 1 if faults else 0


def build_interrupt_handler() -> Callable[[int, FrameType | None], None]:
    """Build a handler that interrupts the demo at the first signal only, so that its workers are stopped."""
    received: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if len(received) == 1:
            raise KeyboardInterrupt(signal.Signals(number).name)

    return interrupt


def _prepare_stage(options: DemoOptions, stack: ExitStack, console: Console) -> DemoStage:
    servers, beamline = stack.enter_context(_open_broker(options, console))
    place = prepare(options.output, servers, beamline)
    config = read_kafka_config(place.settings.kafka)
    _create_topics(config, place.settings, embedded=options.kafka is None)
    listener = WorkerListener(config, place.settings)
    stack.callback(listener.close)
    catalog = None
    if options.data is None:
        catalog = stack.enter_context(TiledServer(place.folder / "tiled"))
        console.print(f"catalog: Tiled, at {catalog.uri}")
        about = {"uri": catalog.uri, "api_key_file": str(catalog.api_key_file)}
        place = configure(place.folder, servers, beamline, about, web_port=place.settings.web.port)
    # A recording is of another beamline: its plans ask for files of folders that are not here.
    names = ("headless", "web") if options.data is not None else ("headless", "file-manager", "web")
    processes = [stack.enter_context(run_worker(place, name)) for name in names]
    stage = DemoStage(place, listener, lambda: all(one.poll() is None for one in processes), names, catalog)
    pids = {process.pid for process in processes}
    listener.wait_for(
        "the first heartbeats",
        lambda: pids <= {beat["pid"] for beat in listener.heartbeats},
        stage.is_alive,
        START_TIMEOUT,
    )
    for name, process in zip(names, processes, strict=True):
        console.print(f"{name} worker: process {process.pid}")
    console.print(f"files: {place.folder}")
    console.print(f"live plots in a browser: [link]http://127.0.0.1:{place.settings.web.port}/[/]")
    return stage


@contextmanager
def _open_broker(options: DemoOptions, console: Console) -> Iterator[tuple[str, str]]:
    """Yield (address, prefix of the topics)."""
    if options.kafka is not None:
        console.print(f"broker: {options.kafka}")
        yield options.kafka, f"{BEAMLINE}-{threading.get_native_id()}"
        return
    with EmbeddedBroker() as broker:
        console.print(f"broker: embedded, at {broker.bootstrap_servers}")
        yield broker.bootstrap_servers, BEAMLINE


def _create_topics(config: KafkaConfig, settings: Settings, *, embedded: bool) -> None:
    """Make the topics: the embedded broker does it when asked for them, a real one by an administrator's request."""
    names = [settings.get_topic(name) for name in ("control", "documents", "answers", "status", "dead_letters")]
    if embedded:
        client = Producer({**config.get_producer_properties(), "log_level": 3})
        for name in names:
            client.list_topics(name, timeout=10)
        return
    try:
        refused = create_topics(config, dict.fromkeys(names, 1))
    except AdminRequestError as error:
        raise DemoError(f"the topics cannot be made: {error}") from error
    for name, reason in refused.items():
        raise DemoError(f"topic {name} cannot be made: {reason}")


def _choose_session(options: DemoOptions) -> SessionRunner:
    if options.data is not None:
        from xafs_workers.demo.replayed_session import ReplayedSession

        return ReplayedSession(options.data)
    from xafs_workers.demo.simulated_session import run_simulated_session

    return lambda stage, console: run_simulated_session(stage, console, options.pace)


def _wait_for_answers(stage: DemoStage, console: Console) -> None:
    pictures = sum(
        number
        for (kind, action), number in stage.expected_answers.items()
        if kind in PICTURE_KINDS and action == "stop"
    )
    with console.status(
        f"waiting for the answers to {stage.expected_answers.total()} messages, {pictures} of which end a scan"
    ):
        stage.listener.wait_for(
            "the answers",
            lambda: stage.listener.has_all_answers(stage.expected_answers),
            stage.is_alive,
            ANSWERS_TIMEOUT,
        )


def _keep_running(stage: DemoStage, console: Console) -> None:
    console.print(f"everything keeps running; configuration: {stage.environment.config}. Ctrl-C ends it.")
    try:
        while stage.is_alive():
            stage.listener.listen(1.0)
    except KeyboardInterrupt:
        console.print("ending")
