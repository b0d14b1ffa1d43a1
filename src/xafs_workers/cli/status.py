"""`xafs-workers status`: a table of all workers, live or once."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xafs_workers.cli.options import WRONG_USE, BeamlineOption, ConfigOption, KafkaOption, leave, moment, settings_from

if TYPE_CHECKING:
    from rich.table import Table

    from xafs_workers.diagnostics.worker_status import Listener, Worker

NOT_WELL = 1
"""Exit code: a worker is stale, waits, or none was heard; or no broker answers."""
COLUMNS = ("worker", "host", "state", "up", "heard", "behind", "waits for", "last message", "last file", "last error")
STYLES = {"running": "green", "recovering": "yellow", "stale": "bold red", "died": "bold red", "stopped": "dim"}


def status(
    *,
    once: Annotated[bool, typer.Option("--once", help="Print once; exit code 1 unless all are well.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Once, as JSON, for other programs.")] = False,
    since: Annotated[str, typer.Option("--since", metavar="12h|DATE", help="Whose heartbeats are looked for.")] = "1h",
    config: ConfigOption = None,
    kafka: KafkaOption = None,
    beamline: BeamlineOption = None,
) -> None:
    """Show how all workers are: from their heartbeats, until Ctrl-C or once."""
    settings = settings_from(config, kafka, beamline)
    from xafs_workers.consumer.source import SourceError
    from xafs_workers.diagnostics.worker_status import Listener
    from xafs_workers.logs import set_up
    from xafs_workers.producer.kafka_config import KafkaConfigError

    set_up("error", settings.logging.style)
    try:
        listener = Listener(settings, max(0.0, time.time() - moment(since, time.time())))
    except (KafkaConfigError, ValueError) as error:
        leave(str(error), WRONG_USE)
    try:
        listener.begin()
        if not (once or as_json):
            _live(listener)
            return
        workers, now = listener.colleagues.all(time.time()), time.time()
        _print(workers, now, as_json=as_json)
    except SourceError as error:
        leave(str(error), NOT_WELL)
    finally:
        listener.close()
    if not workers or not all(worker.is_well(now) for worker in workers):
        raise typer.Exit(NOT_WELL)


def _print(workers: list[Worker], now: float, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([worker.as_dict(now) for worker in workers], indent=2, default=str))
        return
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=220)
    console.print(table_of(workers, now))


def _live(listener: Listener) -> None:
    from rich.live import Live

    from xafs_workers.runtime.lifecycle import stop_on_signals

    stop = stop_on_signals()
    with Live(table_of([], time.time()), auto_refresh=False, screen=False) as live:
        while not stop.is_set():
            for _ in listener.listen(0.5):
                pass
            now = time.time()
            live.update(table_of(listener.colleagues.all(now), now), refresh=True)


def table_of(workers: list[Worker], now: float) -> Table:
    """Return the table of workers."""
    from rich.table import Table
    from rich.text import Text

    caption = None if workers else "no worker was heard: are they running, and on this status topic?"
    table = Table(*COLUMNS, caption=caption)
    for worker in workers:
        state = worker.state(now)
        style = STYLES.get(state, "yellow") if worker.is_well(now) or state in ("stale", "died") else "yellow"
        cells = (_printable(cell) for cell in _cells(worker.beat, state, worker.age(now)))
        table.add_row(*(Text(cell, style=style if place == 2 else "") for place, cell in enumerate(cells)))
    return table


def _cells(beat: Mapping[str, Any], state: str, age: float) -> tuple[str, ...]:
    files = beat.get("last_files") or [""]
    return (
        f"{beat.get('worker')} {beat.get('version', '')}",
        f"{beat.get('host', '?')} ({beat.get('pid', '?')})",
        state,
        _span(beat.get("uptime")),
        f"{_span(age)} ago",
        _behind(beat),
        str(beat.get("waits_for") or ""),
        _message(beat.get("last_message")),
        str(files[-1]).rpartition("/")[2],
        _trouble(beat.get("last_error")),
    )


def _behind(beat: Mapping[str, Any]) -> str:
    records = beat.get("behind")
    return f"{records} ({_span(beat.get('behind_seconds'))})" if records else ""


def _message(told: Any) -> str:
    return f"{_at(told.get('time'))} {told.get('kind')} {told.get('action')}" if isinstance(told, Mapping) else ""


def _trouble(told: Any) -> str:
    if not isinstance(told, Mapping):
        return ""
    return f"{_at(told.get('time'))} {told.get('event')} {told.get('reason') or ''}".rstrip()[:120]


def _at(when: Any) -> str:
    return f"{datetime.fromtimestamp(when).astimezone():%H:%M:%S}" if isinstance(when, int | float) else ""


def _span(seconds: Any) -> str:
    if not isinstance(seconds, int | float):
        return ""
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
