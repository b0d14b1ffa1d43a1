"""The commands `waiting list` and `waiting drop`: messages that wait in the workers, and one of them given up."""

from __future__ import annotations

import dataclasses
import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from xafs_workers.cli.options import (
    WRONG_USE,
    BeamlineOption,
    ConfigOption,
    KafkaOption,
    exit_unreadable,
    exit_with_error,
    load_settings_or_exit,
)
from xafs_workers.cli.send import JsonOption

if TYPE_CHECKING:
    from xafs_workers.diagnostics.waiting_messages import WaitingMessage
    from xafs_workers.settings import Settings

NOT_DROPPED = 3
"""Exit code: no worker had such a message."""
LOOK_BACK = 3600.0
"""Greatest age of the heartbeats that are read, seconds."""

app = typer.Typer(
    rich_markup_mode=None, help="Show the messages that wait in the workers, or drop one.", no_args_is_help=True
)


@app.command("list")
def list_(
    as_json: JsonOption = False,
    config: ConfigOption = None,
    kafka: KafkaOption = None,
    beamline: BeamlineOption = None,
) -> None:
    """List what waits: the message, since when, in which worker, and for what."""
    found = _read_waiting(load_settings_or_exit(config, kafka, beamline))
    for one in found:
        line = json.dumps(dataclasses.asdict(one), ensure_ascii=True) if as_json else _format_line(one)
        typer.echo(line)
    if not as_json:
        typer.echo(f"{len(found)} messages wait")


@app.command()
def drop(
    message: Annotated[str, typer.Argument(help="Message id or record, as `list` prints.", show_default=False)],
    worker: Annotated[str | None, typer.Option("--worker", help="file-manager or headless; without it both.")] = None,
    timeout: Annotated[float, typer.Option("--timeout", min=0.1, help="How long to wait, seconds.")] = 10.0,
    config: ConfigOption = None,
    kafka: KafkaOption = None,
    beamline: BeamlineOption = None,
) -> None:
    """Drop one message that waits, on the machine and in the account of its worker.

    It is answered `failed` and becomes a dead letter, so `dead-letters retry` sends it again. Exit code 0: dropped;
    2: no worker's state folder is here; 3: no worker had it.
    """
    settings = load_settings_or_exit(config, kafka, beamline)
    from xafs_workers.diagnostics.waiting_messages import DURABLE_WORKERS, drop_message, find_state_folders

    if worker is not None and worker not in DURABLE_WORKERS:
        exit_with_error(f"--worker {worker}: unknown (expected one of {', '.join(DURABLE_WORKERS)})", WRONG_USE)
    folders = find_state_folders(settings, worker)
    if not folders:
        place = settings.find_state_folder()
        exit_with_error(
            f"no worker's state in {place} (expected its machine and account, or state_directory)", WRONG_USE
        )
    try:
        dropped = drop_message(folders, message, timeout)
    except OSError as error:
        exit_with_error(f"{error.filename}: {error.strerror} (expected the worker's account)", WRONG_USE)
    if not dropped:
        exit_with_error(
            f"{message}: no worker here had it within {timeout:g} s; `waiting list` shows what waits", NOT_DROPPED
        )
    typer.echo("dropped")


def _read_waiting(settings: Settings) -> list[WaitingMessage]:
    from xafs_workers.consumer.source import SourceError
    from xafs_workers.diagnostics.waiting_messages import list_waiting_messages
    from xafs_workers.diagnostics.worker_status import HeartbeatListener
    from xafs_workers.logs import configure_logging
    from xafs_workers.producer.kafka_config import KafkaConfigError

    configure_logging("error", settings.logging.style)
    try:
        listener = HeartbeatListener(settings, LOOK_BACK)
    except KafkaConfigError as error:
        exit_with_error(str(error), WRONG_USE)
    except SourceError as error:
        exit_unreadable(error)
    try:
        listener.read_recent()
        return list_waiting_messages(listener.worker_table.list_workers(time.time()), time.time())
    except SourceError as error:
        exit_unreadable(error)
    finally:
        listener.close()


def _format_line(one: WaitingMessage) -> str:
    moment = datetime.fromtimestamp(one.since).astimezone().isoformat(timespec="seconds")
    who = one.record if one.record == one.message else f"{one.record} ({one.message})"
    why = ", ".join(filter(None, (one.reason, one.progress)))
    return _replace_unprintable(f"{moment}  {who}  {one.worker} on {one.host}  {one.what}: {why}  [{one.queue}]")


def _replace_unprintable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
