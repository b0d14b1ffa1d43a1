"""`xafs-workers status`: a table of all workers, live or once."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xafs_workers.cli.options import (
    WRONG_USE,
    BeamlineOption,
    ConfigOption,
    KafkaOption,
    exit_unreadable,
    exit_with_error,
    load_settings_or_exit,
    parse_time,
    print_error,
)
from xafs_workers.diagnostics.printable import dump_json, escape_unprintable, format_time

if TYPE_CHECKING:
    from rich.table import Table

    from xafs_workers.diagnostics.worker_status import HeartbeatListener, WorkerStatus

UNHEALTHY = 1
"""Exit code: a worker is not healthy, or an expected one sent no heartbeat."""
COLUMNS = (
    "worker",
    "host",
    "state",
    "up",
    "heard",
    "sources",
    "behind",
    "waits for",
    "last message",
    "last file",
    "last error",
)
WIDE = 160
"""Width of a terminal, in characters, from which on all columns are beside each other."""
NO_WORKER = "no worker was heard: are they running, and on this status topic?"
GONE = ("stale", "died")
STYLES = {
    "running": "green",
    "recovering": "yellow",
    "standby": "cyan",
    "stale": "bold red",
    "died": "bold red",
    "stopped": "dim",
}


def show_status(  # noqa: PLR0913 - one parameter for each option
    *,
    once: Annotated[bool, typer.Option("--once", help="Print once; exit code 1 unless all are healthy.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Once, as JSON, for other programs.")] = False,
    since: Annotated[str, typer.Option("--since", metavar="12h|DATE", help="Whose heartbeats are looked for.")] = "1h",
    expect: Annotated[
        str | None, typer.Option("--expect", metavar="NAMES", help="Workers that must run; else file-manager,headless.")
    ] = None,
    config: ConfigOption = None,
    kafka: KafkaOption = None,
    beamline: BeamlineOption = None,
) -> None:
    """Show the state of all workers from their heartbeats, until Ctrl-C or once.

    Once: exit code 1 if a worker of --expect sent no heartbeat or was stopped, or any worker is stale, died, recovers,
    or cannot read a source. A viewer that was closed, and a worker that waits for something else, are no faults.
    """
    settings = load_settings_or_exit(config, kafka, beamline)
    from xafs_workers.consumer.source import SourceError
    from xafs_workers.diagnostics.worker_status import WRITERS, HeartbeatListener, list_problems
    from xafs_workers.logs import configure_logging
    from xafs_workers.producer.kafka_config import KafkaConfigError

    configure_logging("error", settings.logging.style)
    try:
        listener = HeartbeatListener(settings, max(0.0, time.time() - parse_time(since, time.time())))
    except (KafkaConfigError, ValueError) as error:
        exit_with_error(str(error), WRONG_USE)
    except SourceError as error:
        exit_unreadable(error)
    try:
        listener.read_recent()
        if not (once or as_json):
            _show_live(listener)
            return
        workers, now = listener.worker_table.list_workers(time.time()), time.time()
        _print_table(workers, now, as_json=as_json)
    except SourceError as error:
        exit_unreadable(error)
    finally:
        listener.close()
    problems = list_problems(workers, now, WRITERS if expect is None else expect.replace(",", " ").split())
    for problem in problems if workers else [NO_WORKER] if as_json else []:
        print_error(f"not healthy: {problem}")
    if problems or not workers:
        raise typer.Exit(UNHEALTHY)


def _print_table(workers: list[WorkerStatus], now: float, *, as_json: bool) -> None:
    if as_json:
        typer.echo(dump_json([worker.as_dict(now) for worker in workers], indent=2))
        return
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=220)
    console.print(build_table(workers, now, width=console.width))


def _show_live(listener: HeartbeatListener) -> None:
    from rich.live import Live

    from xafs_workers.runtime.lifecycle import stop_on_signals

    stop = stop_on_signals()
    with Live(build_table([], time.time()), auto_refresh=False, screen=False) as live:
        while not stop.is_set():
            for _ in listener.listen(0.5):
                pass
            now = time.time()
            live.update(build_table(listener.worker_table.list_workers(now), now, live.console.width), refresh=True)


def build_table(workers: list[WorkerStatus], now: float, width: int = 220) -> Table:
    """Return the table of workers; below `WIDE` columns of text it has a block of lines for each worker."""
    from rich.table import Table
    from rich.text import Text

    if width < WIDE:
        return _build_narrow_table(workers, now)

    table = Table(*COLUMNS, caption=None if workers else NO_WORKER)
    for worker in workers:
        state = worker.determine_state(now)
        style = STYLES.get(state, "yellow") if worker.is_well(now) or state in GONE else "yellow"
        cells = map(escape_unprintable, _format_cells(worker.heartbeat, state, worker.compute_age(now)))
        table.add_row(*(Text(cell, style=style if place == 2 else "") for place, cell in enumerate(cells)))
    return table


def _build_narrow_table(workers: list[WorkerStatus], now: float) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table("worker", "state", "details", caption=None if workers else NO_WORKER, expand=True)
    for worker in workers:
        state = worker.determine_state(now)
        cells = _format_cells(worker.heartbeat, state, worker.compute_age(now))
        name, host, shown, *others = map(escape_unprintable, cells)
        details = "\n".join(f"{title}: {cell}" for title, cell in zip(COLUMNS[3:], others, strict=True) if cell)
        style = STYLES.get(state, "yellow") if worker.is_well(now) or state in GONE else "yellow"
        table.add_row(f"{name}\n{host}", Text(shown, style=style), Text(details))
    return table


def _format_cells(beat: Mapping[str, Any], state: str, age: float) -> tuple[str, ...]:
    files = beat.get("last_files")
    last_file = str(files[-1]) if isinstance(files, list) and files else ""
    return (
        f"{beat.get('worker')} {beat.get('version', '')}",
        f"{beat.get('host', '?')} ({beat.get('pid', '?')})",
        f"{state} (leader)" if beat.get("failover") == "leader" else state,
        _format_span(beat.get("uptime")),
        f"{_format_span(age)} ago",
        _format_sources(beat.get("sources")),
        _format_behind(beat),
        str(beat.get("waits_for", "")),
        _format_message(beat.get("last_message")),
        last_file.rpartition("/")[2],
        _format_error(beat.get("last_error")),
    )


def _format_behind(beat: Mapping[str, Any]) -> str:
    records = beat.get("behind")
    if not isinstance(records, int):
        return ""
    return f"{records} ({_format_span(beat.get('behind_seconds'))})" if records else ""


def _format_sources(sources: Any) -> str:
    """Return each source with its promise; Kafka alone, as everywhere, needs no word."""
    if not isinstance(sources, list):
        return ""
    named = [(str(one.get("name")), str(one.get("promise"))) for one in sources if isinstance(one, Mapping)]
    return "kafka" if named == [("kafka", "at-least-once")] else ", ".join(f"{name} {how}" for name, how in named)


def _format_message(message: Any) -> str:
    return (
        f"{_format_clock(message.get('time'))} {message.get('kind')} {message.get('action')}"
        if isinstance(message, Mapping)
        else ""
    )


def _format_error(error: Any) -> str:
    if not isinstance(error, Mapping):
        return ""
    return f"{_format_clock(error.get('time'))} {error.get('event')} {error.get('reason') or ''}".rstrip()[:120]


def _format_clock(when: Any) -> str:
    return "" if when is None else format_time(when, "%H:%M:%S")


def _format_span(seconds: Any) -> str:
    if not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return ""
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
