"""The commands `dead-letters list`, `show` and `retry`: rejected records, and file actions among them sent again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
from xafs_workers.cli.send import JsonOption, TimeoutOption, ask_with
from xafs_workers.diagnostics.printable import dump_json, escape_unprintable, format_time

if TYPE_CHECKING:
    from xafs_workers.diagnostics.dead_letters import DeadLetters
    from xafs_workers.settings import Settings
    from xafs_workers.wire import DeadLetter


app = typer.Typer(
    rich_markup_mode=None, help="Show records that could not be used, or send them again.", no_args_is_help=True
)

SinceOption = Annotated[str, typer.Option("--since", metavar="12h|DATE", help="Records of this time or later.")]
RecordArgument = Annotated[str, typer.Argument(help="TOPIC/PARTITION/OFFSET, as `list` prints.", show_default=False)]
RecordsArgument = Annotated[list[str], typer.Argument(help="TOPIC/PARTITION/OFFSET each.", show_default=False)]


@dataclass(frozen=True, slots=True)
class _Context:
    settings: Settings
    letters: DeadLetters


@app.command("list")
def list_(
    since: SinceOption = "7d",
    as_json: JsonOption = False,
    config: ConfigOption = None,
    kafka: KafkaOption = None,
    beamline: BeamlineOption = None,
) -> None:
    """List dead letters: the record, when, what kind, and why."""
    try:
        begin = parse_time(since, time.time())
    except ValueError as error:
        exit_with_error(f"--since {error}", WRONG_USE)
    with _open_context(load_settings_or_exit(config, kafka, beamline)) as desk:
        found = desk.letters.list_since(begin)
    for letter in found:
        typer.echo(dump_json(_to_dict(letter)) if as_json else escape_unprintable(_format_line(letter)))
    if not as_json:
        typer.echo(f"{len(found)} dead letters since {format_time(begin)}")


@app.command()
def show(
    record: RecordArgument,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    kafka: KafkaOption = None,
    beamline: BeamlineOption = None,
) -> None:
    """Show one dead letter with the record's content."""
    with _open_context(load_settings_or_exit(config, kafka, beamline)) as desk:
        letter = _find_letter(desk, record)
        content = desk.letters.read_message(letter)
    if as_json:
        typer.echo(dump_json({**_to_dict(letter), "content": content}))
        return
    for name, value in _to_dict(letter).items():
        typer.echo(f"{name:<10} {escape_unprintable(value)}")
    shown = letter.excerpt[:200] if content is None else dump_json(content)
    typer.echo(f"{'content':<10} {shown}")


@app.command()
def retry(
    records: RecordsArgument,
    timeout: TimeoutOption = 60.0,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    kafka: KafkaOption = None,
    beamline: BeamlineOption = None,
) -> None:
    """Send file actions again, one after the other, under their original message ids, and print the answers.

    Exit code: that of the first one that did not end well (1: failed, 2: not sent again, 3: no answer).
    """
    from xafs_workers.diagnostics.dead_letters import RetryRefusedError
    from xafs_workers.producer.requests import RequestClient

    codes: list[int] = []
    with _open_context(load_settings_or_exit(config, kafka, beamline)) as desk:
        asker = RequestClient(desk.settings)
        for record in records:
            try:
                message = desk.letters.build_retry(_find_letter(desk, record))
            except RetryRefusedError as error:
                print_error(str(error))
                codes.append(WRONG_USE)
            else:
                codes.append(ask_with(asker, message, timeout, as_json=as_json))
        asker.close()
    raise typer.Exit(next((code for code in codes if code), 0))


@contextmanager
def _open_context(settings: Settings) -> Iterator[_Context]:
    from xafs_workers.consumer.source import SourceError
    from xafs_workers.diagnostics.dead_letters import DeadLetters
    from xafs_workers.producer.kafka_config import KafkaConfigError

    try:
        yield _Context(settings, DeadLetters(settings))
    except KafkaConfigError as error:
        exit_with_error(str(error), WRONG_USE)
    except SourceError as error:
        exit_unreadable(error)


def _find_letter(desk: _Context, record: str) -> DeadLetter:
    letters = [letter for letter in desk.letters.list_since(float("-inf")) if letter.record_id == record]
    if not letters:
        exit_with_error(
            f"{record}: no dead letter about this record (expected one that `dead-letters list` shows)", WRONG_USE
        )
    return letters[-1]


def _format_line(letter: DeadLetter) -> str:
    what = ".".join(filter(None, (letter.kind, letter.field))) or "-"
    return f"{format_time(letter.time)}  {letter.record_id}  {letter.worker}  {letter.outcome}  {what}: {letter.reason}"


def _to_dict(letter: DeadLetter) -> dict[str, Any]:
    about = {"record": letter.record_id, "time": format_time(letter.time), "worker": letter.worker}
    return {**about, **{name: getattr(letter, name) for name in ("outcome", "kind", "field", "reason")}}
