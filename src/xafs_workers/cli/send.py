"""The command `send`: one control message, and the workers' answer."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xafs_workers.cli.options import (
    WRONG_USE,
    BeamlineOption,
    ConfigOption,
    KafkaOption,
    exit_with_error,
    load_settings_or_exit,
    print_error,
)
from xafs_workers.diagnostics.printable import dump_json, escape_unprintable

if TYPE_CHECKING:
    from xafs_workers.producer.requests import RequestClient
    from xafs_workers.settings import Settings
    from xafs_workers.wire import Answer

FAILED = 1
"""Exit code: the worker answered that it failed."""
NO_ANSWER = 3
"""Exit code: no worker answered in time; what became of the message is not known."""

TimeoutOption = Annotated[float, typer.Option("--timeout", min=0.1, help="How long to wait for the answer, seconds.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


def send(  # noqa: PLR0913 - one parameter for each option
    message: Annotated[str, typer.Argument(help="JSON, or as in Python: \"{'close': 'all'}\".", show_default=False)],
    *,
    wait: Annotated[bool, typer.Option(" /--no-wait", help="Only send.", show_default=False)] = True,
    timeout: TimeoutOption = 30.0,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    kafka: KafkaOption = None,
    beamline: BeamlineOption = None,
) -> None:
    """Check a control message, send it, and print what its worker answers.

    Each kind has one worker that acts on it and answers. Exit code 0: done; 1: the worker failed; 2: the message is
    refused and was not sent; 3: no answer in time.
    """
    settings = load_settings_or_exit(config, kafka, beamline)
    from xafs_workers.logs import configure_logging

    configure_logging("error", settings.logging.style)
    body = check_message(message)
    if wait:
        raise typer.Exit(ask(settings, body, timeout, as_json=as_json))
    _send_only(settings, body)


def check_message(text: str) -> dict[str, Any]:
    """Return a message that the workers accept, or print what is wrong and exit with 2."""
    from xafs_workers.messages.base import InvalidMessage
    from xafs_workers.messages.parsing import parse

    try:
        body = _parse_message(text)
        parse(body)
    except InvalidMessage as error:
        exit_with_error(f"not sent: {error}", WRONG_USE)
    except ValueError as error:
        exit_with_error(f"not sent: {error}", WRONG_USE)
    return body


def ask(settings: Settings, body: Mapping[str, Any], timeout: float, *, as_json: bool = False) -> int:
    """Send a message, print the answer, and return the exit code."""
    from xafs_workers.producer.control_requests import RequestError
    from xafs_workers.producer.kafka_config import KafkaConfigError
    from xafs_workers.producer.requests import RequestClient

    try:
        asker = RequestClient(settings)
    except (KafkaConfigError, RequestError) as error:
        exit_with_error(str(error), WRONG_USE)
    try:
        return ask_with(asker, body, timeout, as_json=as_json)
    finally:
        asker.close()


def ask_with(asker: RequestClient, body: Mapping[str, Any], timeout: float, *, as_json: bool = False) -> int:
    """Send a message, print the answer, and return the exit code."""
    from xafs_workers.producer.answers import NoAnswer

    try:
        answer = asker.ask(body, timeout)
    except NoAnswer as error:
        if as_json:
            typer.echo(dump_json({"state": "none", "reason": str(error)}))
        print_error(str(error))
        return NO_ANSWER
    if as_json:
        typer.echo(dump_json(answer.to_dict()))
    else:
        _print_answer(answer)
    return FAILED if answer.state == "failed" else 0


def _print_answer(answer: Answer) -> None:
    if answer.state == "failed":
        typer.secho(escape_unprintable(f"{answer.worker}: failed: {answer.reason}"), fg="red")
    elif answer.state == "value":
        typer.echo(dump_json(answer.value))
    else:
        reason = f": {answer.reason}" if answer.reason else ""
        typer.echo(escape_unprintable(f"{answer.worker}: {answer.state}{reason}"))
    for path in answer.paths:
        typer.echo(f"  {escape_unprintable(path)}")


def _send_only(settings: Settings, body: Mapping[str, Any]) -> None:
    from xafs_workers.producer.control_requests import RequestError
    from xafs_workers.producer.kafka_config import KafkaConfigError
    from xafs_workers.producer.send import DeliveryError, open_sender

    try:
        sender = open_sender(settings)
        sender.send(body)
        sender.flush()
    except (KafkaConfigError, RequestError) as error:
        exit_with_error(str(error), WRONG_USE)
    except DeliveryError as error:
        exit_with_error(str(error), NO_ANSWER)
    typer.echo("sent")


def _parse_message(text: str) -> dict[str, Any]:
    """Return a mapping written as JSON or as Python writes one; ValueError for anything else."""
    try:
        content = json.loads(text)
    except ValueError:
        try:
            content = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
            raise ValueError(f"got {text[:80]!r} (expected a message as JSON or as a Python dict)") from error
    if not isinstance(content, dict):
        raise ValueError(f"got a {type(content).__name__} (expected a mapping with the name of a kind among its keys)")
    return content
