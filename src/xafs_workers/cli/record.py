"""The command `record`: control messages and documents to a file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xafs_workers.cli.options import (
    STOPPED,
    WRONG_USE,
    BeamlineOption,
    ConfigOption,
    KafkaOption,
    exit_with_error,
    load_settings_or_exit,
    parse_time,
)

if TYPE_CHECKING:
    from xafs_workers.recording.record import Topic


def record(  # noqa: PLR0913 - one parameter for each option
    file: Annotated[Path, typer.Argument(help="The new file, usually .jsonl or .jsonl.gz.", show_default=False)],
    *,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="Begin with the oldest record that the broker has.")
    ] = False,
    since: Annotated[
        str | None, typer.Option("--since", metavar="12h|DATE", help="Begin so far back.", show_default=False)
    ] = None,
    documents_only: Annotated[
        bool, typer.Option("--documents-only", help="For a beamline without a topic of control messages.")
    ] = False,
    config: ConfigOption = None,
    kafka: KafkaOption = None,
    beamline: BeamlineOption = None,
) -> None:
    """Record control messages and documents as they pass, until Ctrl-C.

    An existing file is never overwritten. The recording can be replayed with `xafs-workers replay`.
    """
    begin = _parse_begin(from_beginning, since)
    which: tuple[Topic, ...] = ("documents",) if documents_only else ("control", "documents")
    settings = load_settings_or_exit(config, kafka, beamline)
    from xafs_workers.consumer.source import SourceError
    from xafs_workers.logs import configure_logging
    from xafs_workers.producer.kafka_config import KafkaConfigError
    from xafs_workers.recording import service
    from xafs_workers.recording.session import SessionError
    from xafs_workers.runtime.lifecycle import stop_on_signals

    configure_logging(settings.logging.level, settings.logging.style)
    if file.exists():
        exit_with_error(f"{file}: exists already; a recording is never overwritten", WRONG_USE)
    try:
        written = service.record(file, settings, begin, stop_on_signals(), which)
    except (SessionError, KafkaConfigError) as error:
        exit_with_error(str(error), WRONG_USE)
    except (SourceError, OSError) as error:
        exit_with_error(f"recording ended: {error}", 1)
    if written is None:
        exit_with_error("stopped before the topics were there; nothing is recorded", STOPPED)
    counts = ", ".join(f"{written.record_counts[topic]} {topic}" for topic in ("control", "documents"))
    typer.echo(f"{file}: {counts}, {written.undecodable_count} of them undecodable, in {written.seconds:.0f} s")


def _parse_begin(from_beginning: bool, since: str | None) -> float | None:
    if from_beginning and since is not None:
        exit_with_error("--from-beginning and --since exclude each other", WRONG_USE)
    if from_beginning:
        return float("-inf")
    try:
        return None if since is None else parse_time(since, time.time())
    except ValueError as error:
        exit_with_error(f"--since {error}", WRONG_USE)
