"""The commands `dead-letters list`, `show` and `retry`: what could not be used, and the file actions among it again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xafs_workers.cli.options import WRONG_USE, BeamlineOption, ConfigOption, KafkaOption, leave, moment, settings_from
from xafs_workers.cli.send import JsonOption, TimeoutOption, ask_with

if TYPE_CHECKING:
    from xafs_workers.diagnostics.dead_letters import DeadLetters
    from xafs_workers.settings import Settings
    from xafs_workers.wire import DeadLetter

UNREADABLE = 1
"""Exit code: Kafka could not be read."""

app = typer.Typer(help="What could not be used, and why.", no_args_is_help=True)

SinceOption = Annotated[str, typer.Option("--since", metavar="12h|DATE", help="Records of this time or later.")]
RecordArgument = Annotated[str, typer.Argument(help="TOPIC/PARTITION/OFFSET, as `list` prints.", show_default=False)]
RecordsArgument = Annotated[list[str], typer.Argument(help="TOPIC/PARTITION/OFFSET each.", show_default=False)]


@dataclass(frozen=True, slots=True)
class _Desk:
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
        begin = moment(since, time.time())
    except ValueError as error:
        leave(f"--since {error}", WRONG_USE)
    with _desk(settings_from(config, kafka, beamline)) as desk:
        found = desk.letters.since(begin)
    for letter in found:
        typer.echo(json.dumps(_as_json(letter), ensure_ascii=False) if as_json else _line(letter))
    if not as_json:
        typer.echo(f"{len(found)} dead letters since {_time(begin)}")


@app.command()
def show(
    record: RecordArgument,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    kafka: KafkaOption = None,
    beamline: BeamlineOption = None,
) -> None:
    """Show one dead letter with the record's content."""
    with _desk(settings_from(config, kafka, beamline)) as desk:
        letter = _found(desk, record)
        content = desk.letters.message_of(letter)
    if as_json:
        typer.echo(json.dumps({**_as_json(letter), "content": content}, ensure_ascii=False, default=repr))
        return
    for name, value in _as_json(letter).items():
        typer.echo(f"{name:<10} {value}")
    shown = letter.excerpt[:200] if content is None else json.dumps(content, ensure_ascii=False, default=repr)
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
    from xafs_workers.diagnostics.dead_letters import NotSentAgain
    from xafs_workers.producer.requests import Asker

    codes: list[int] = []
    with _desk(settings_from(config, kafka, beamline)) as desk:
        asker = Asker(desk.settings)
        for record in records:
            try:
                message = desk.letters.again(_found(desk, record))
            except NotSentAgain as error:
                typer.secho(f"xafs-workers: {error}", err=True, fg="red")
                codes.append(WRONG_USE)
            else:
                codes.append(ask_with(asker, message, timeout, as_json=as_json))
        asker.close()
    raise typer.Exit(next((code for code in codes if code), 0))


@contextmanager
def _desk(settings: Settings) -> Iterator[_Desk]:
    from xafs_workers.consumer.source import SourceError
    from xafs_workers.diagnostics.dead_letters import DeadLetters
    from xafs_workers.producer.kafka_config import KafkaConfigError

    try:
        yield _Desk(settings, DeadLetters(settings))
    except KafkaConfigError as error:
        leave(str(error), WRONG_USE)
    except SourceError as error:
        leave(str(error), UNREADABLE)


def _found(desk: _Desk, record: str) -> DeadLetter:
    letters = [letter for letter in desk.letters.since(float("-inf")) if letter.record == record]
    if not letters:
        leave(f"{record}: no dead letter about this record: expected one that `dead-letters list` shows", WRONG_USE)
    return letters[-1]


def _line(letter: DeadLetter) -> str:
    what = ".".join(filter(None, (letter.kind, letter.field))) or "-"
    return f"{_time(letter.time)}  {letter.record}  {letter.worker}  {letter.outcome}  {what}: {letter.reason}"


def _as_json(letter: DeadLetter) -> dict[str, Any]:
    about = {"record": letter.record, "time": _time(letter.time), "worker": letter.worker}
    return {**about, **{name: getattr(letter, name) for name in ("outcome", "kind", "field", "reason")}}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")
