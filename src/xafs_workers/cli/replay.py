"""The command `replay`: a recording back to Kafka."""

from __future__ import annotations

import math
import sys
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
)

if TYPE_CHECKING:
    from threading import Event

    from xafs_workers.recording.replayer import ReplaySummary
    from xafs_workers.recording.service import ReplayOptions
    from xafs_workers.recording.session import Session
    from xafs_workers.recording.validation import ValidationReport
    from xafs_workers.settings import Settings


def replay(  # noqa: PLR0913 - one parameter for each option
    file: Annotated[Path, typer.Argument(help="A recording, gzipped or not.", show_default=False)],
    *,
    speed: Annotated[
        str, typer.Option("--speed", metavar="1|10|max", help="Any positive number, or as fast as possible.")
    ] = "1",
    longest_gap: Annotated[
        float, typer.Option("--longest-gap", min=0.0, help="Longer recorded gaps are shortened to this, seconds.")
    ] = 30.0,
    fresh_uids: Annotated[
        bool, typer.Option("--fresh-uids", help="New uids, so that a recording can be replayed again.")
    ] = False,
    data_session: Annotated[
        str | None, typer.Option("--data-session", help="Proposal that gets the files.", show_default=False)
    ] = None,
    cycle: Annotated[str | None, typer.Option("--cycle", help="Cycle that gets the files.", show_default=False)] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse also because of warnings.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replay in spite of errors.")] = False,
    config: ConfigOption = None,
    kafka: KafkaOption = None,
    beamline: BeamlineOption = None,
) -> None:
    """Check a recording and send it to Kafka again.

    Problems are listed with their lines; documents that contradict their schema or each other end the replay before
    it begins (see --force). Record times are new: they end now.
    """
    pace = _parse_speed(speed)
    settings = load_settings_or_exit(config, kafka, beamline)
    from xafs_workers.logs import configure_logging
    from xafs_workers.recording.service import ReplayOptions
    from xafs_workers.recording.session import Session, SessionError

    configure_logging(settings.logging.level, settings.logging.style)
    options = ReplayOptions(pace, longest_gap, strict, force, fresh_uids, data_session, cycle)
    try:
        session = Session(file)
    except SessionError as error:
        exit_with_error(str(error), WRONG_USE)
    from xafs_workers.runtime.lifecycle import stop_on_signals

    _replay_session(session, settings, options, stop_on_signals())


def _parse_speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not (speed > 0 and math.isfinite(speed)):
        exit_with_error(f"--speed {text!r}: not a speed (expected a positive number or max)", WRONG_USE)
    return speed


def _replay_session(session: Session, settings: Settings, options: ReplayOptions, stop: Event) -> None:
    from xafs_workers.consumer.source import SourceError
    from xafs_workers.producer.kafka_config import KafkaConfigError
    from xafs_workers.recording import service

    terminal = sys.stderr.isatty()
    found = service.check(session, options, stop, terminal=terminal)
    _list_problems(session.path, found)
    if stop.is_set():
        raise typer.Exit(STOPPED)
    if options.should_refuse(found):
        exit_with_error(f"{session.path}: not replayed (--force replays it nevertheless)", 1)
    try:
        summary = service.replay(session, found, settings, options, stop, terminal=terminal)
    except KafkaConfigError as error:
        exit_with_error(str(error), WRONG_USE)
    except (service.KafkaUnreachableError, SourceError) as error:
        exit_with_error(str(error), 1)
    _print_summary(session.path, summary, found)


def _list_problems(path: Path, found: ValidationReport) -> None:
    for problem in found.problems:
        colour = "red" if problem.severity == "error" else "yellow"
        typer.secho(f"{path}:{problem.line}: {problem.severity}: {problem.text}", err=True, fg=colour)
    more = found.severity_counts.total() - len(found.problems)
    if more:
        typer.secho(f"{path}: {more} more problems", err=True, fg="yellow")


def _print_summary(path: Path, summary: ReplaySummary, found: ValidationReport) -> None:
    counts = ", ".join(f"{summary.delivered[topic]} {topic}" for topic in ("control", "documents"))
    rate = summary.delivered.total() / max(summary.seconds, 1e-3)
    typer.echo(f"{path}: {counts} of {found.total} records delivered in {summary.seconds:.1f} s ({rate:.0f}/s)")
    for reason in summary.reasons:
        typer.secho(f"{path}:{reason}", err=True, fg="red")
    if summary.failed:
        exit_with_error(f"{summary.failed} records were not delivered", 1)
    if summary.is_stopped:
        exit_with_error("stopped before the end", STOPPED)
