"""The demo: a broker, a catalog, workers and a beamline, simulated or recorded; all of it checked at the end."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from xafs_workers.demo.environment import DemoFailed, Place, configure, prepare, worker
from xafs_workers.demo.listener import PICTURES, Asked, Ears, asked_of, file_due_of
from xafs_workers.demo.report import report
from xafs_workers.logs import set_up
from xafs_workers.producer.kafka_config import KafkaConfig, read_kafka_config
from xafs_workers.runtime.lifecycle import need
from xafs_workers.settings import Settings
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.simulation.tiled_server import TiledServer

START_SECONDS = 60.0
PICTURE_SECONDS = 120.0
BEAMLINE = "demo"

Show = Callable[["Stage", Console], None]
"""What sends messages and documents, and counts in `Stage.asked` what must be answered."""


@dataclass
class Stage:
    """Everything that runs during a demo."""

    place: Place
    ears: Ears
    alive: Callable[[], bool]
    workers: tuple[str, ...]
    catalog: TiledServer | None = None
    asked: Asked = field(default_factory=Counter)
    due: Asked = field(default_factory=Counter)

    def note(self, body: Mapping[str, Any]) -> None:
        """Count a message that a worker of this demo has to answer."""
        asked = asked_of(self.workers, body)
        if asked is not None:
            self.asked[asked] += 1
        due = file_due_of(self.workers, body)
        if due is not None:
            self.due[due] += 1


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line chose."""

    output: Path
    kafka: str | None = None
    data: Path | None = None
    keep: bool = False
    pace: float = 1.0


def run(options: Options) -> int:
    """Run the demo; return 0 only if everything expected is there and no worker logged an error."""
    need("bluesky")
    set_up("warning")
    for number in (signal.SIGINT, signal.SIGTERM):  # in the background, a shell has a program ignore the first
        signal.signal(number, signal.default_int_handler)
    console = Console()
    try:
        with ExitStack() as stack:
            stage = _set_stage(options, stack, console)
            _show(options)(stage, console)
            _wait_for_answers(stage, console)
            if options.keep:
                _keep(stage, console)
        faults = report(stage, console)
    except (DemoFailed, KeyboardInterrupt) as failure:
        console.print(f"[bold red]demo failed[/]: {failure or 'interrupted'}")
        return 1
    return 1 if faults else 0


def _set_stage(options: Options, stack: ExitStack, console: Console) -> Stage:
    servers, beamline = stack.enter_context(_broker(options, console))
    place = prepare(options.output, servers, beamline)
    config = read_kafka_config(place.settings.kafka)
    _make_topics(config, place.settings, embedded=options.kafka is None)
    ears = Ears(config, place.settings)
    stack.callback(ears.close)
    catalog = None
    if options.data is None:
        catalog = stack.enter_context(TiledServer(place.folder / "tiled"))
        console.print(f"catalog: Tiled, at {catalog.uri}")
        about = {"uri": catalog.uri, "api_key_file": str(catalog.api_key_file)}
        place = configure(place.folder, servers, beamline, about, web_port=place.settings.web.port)
    # A recording is of another beamline: its plans ask for files of folders that are not here.
    names = ("headless", "web") if options.data is not None else ("headless", "file-manager", "web")
    processes = [stack.enter_context(worker(place, name)) for name in names]
    stage = Stage(place, ears, lambda: all(one.poll() is None for one in processes), names, catalog)
    pids = {process.pid for process in processes}
    ears.wait(
        "the first heartbeats", lambda: pids <= {beat["pid"] for beat in ears.heartbeats}, stage.alive, START_SECONDS
    )
    for name, process in zip(names, processes, strict=True):
        console.print(f"{name} worker: process {process.pid}")
    console.print(f"files: {place.folder}")
    console.print(f"live plots in a browser: [link]http://127.0.0.1:{place.settings.web.port}/[/]")
    return stage


@contextmanager
def _broker(options: Options, console: Console) -> Iterator[tuple[str, str]]:
    """Yield (address, prefix of the topics)."""
    if options.kafka is not None:
        console.print(f"broker: {options.kafka}")
        yield options.kafka, f"{BEAMLINE}-{threading.get_native_id()}"
        return
    with EmbeddedBroker() as broker:
        console.print(f"broker: embedded, at {broker.bootstrap_servers}")
        yield broker.bootstrap_servers, BEAMLINE


def _make_topics(config: KafkaConfig, settings: Settings, *, embedded: bool) -> None:
    """Make the topics: the embedded broker does it when asked for them, a real one by an administrator's request."""
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic

    names = [settings.topic(name) for name in ("control", "documents", "answers", "status", "dead_letters")]
    client = AdminClient({**config.for_producer(), "log_level": 3})
    if embedded:
        for name in names:
            client.list_topics(name, timeout=10)
        return
    for name, future in client.create_topics([NewTopic(name, 1) for name in names]).items():
        try:
            future.result(20)
        except Exception as error:
            raise DemoFailed(f"topic {name} cannot be made: {error}") from error


def _show(options: Options) -> Show:
    if options.data is not None:
        from xafs_workers.demo.replayed_session import Replayed

        return Replayed(options.data)
    from xafs_workers.demo.simulated_session import simulated

    return lambda stage, console: simulated(stage, console, options.pace)


def _wait_for_answers(stage: Stage, console: Console) -> None:
    pictures = sum(number for (kind, action), number in stage.asked.items() if kind in PICTURES and action == "stop")
    with console.status(f"waiting for the answers to {stage.asked.total()} messages, {pictures} of which end a scan"):
        stage.ears.wait("the answers", lambda: stage.ears.answered(stage.asked), stage.alive, PICTURE_SECONDS)


def _keep(stage: Stage, console: Console) -> None:
    console.print(f"everything keeps running; configuration: {stage.place.config}. Ctrl-C ends it.")
    try:
        while stage.alive():
            stage.ears.listen(1.0)
    except KeyboardInterrupt:
        console.print("ending")
