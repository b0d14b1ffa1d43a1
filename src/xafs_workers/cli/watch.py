"""`xafs-workers watch`: messages and documents, readable, as they pass."""

from __future__ import annotations

import time
from typing import Annotated

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
)


def watch(
    *,
    workers: Annotated[bool, typer.Option("--workers", help="Also answers, dead letters and heartbeats.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Whole messages and documents.")] = False,
    since: Annotated[
        str | None, typer.Option("--since", metavar="12h|DATE", help="Begin so far back.", show_default=False)
    ] = None,
    config: ConfigOption = None,
    kafka: KafkaOption = None,
    beamline: BeamlineOption = None,
) -> None:
    """Print what passes on the topics, a line for each record, until Ctrl-C."""
    settings = load_settings_or_exit(config, kafka, beamline)
    from xafs_workers.consumer.source import SourceError
    from xafs_workers.diagnostics import watch as watching
    from xafs_workers.logs import configure_logging
    from xafs_workers.producer.kafka_config import KafkaConfigError
    from xafs_workers.runtime.lifecycle import stop_on_signals

    configure_logging("warning", settings.logging.style)
    try:
        begin = None if since is None else parse_time(since, time.time())
        for line in watching.watch(settings, stop_on_signals(), workers=workers, since=begin, full=full):
            typer.echo(line)
    except (KafkaConfigError, ValueError) as error:
        exit_with_error(str(error), WRONG_USE)
    except SourceError as error:
        exit_unreadable(error)
