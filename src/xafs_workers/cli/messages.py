"""The commands `messages`, `schema` and `lint`: descriptions of messages, and checks of those in a file."""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, cast

import typer

from xafs_workers.cli.options import ConfigOption, load_settings_or_exit

if TYPE_CHECKING:
    from xafs_workers.messages.schema import ActionDescription, FieldDescription
    from xafs_workers.settings import Storage

WRONG_USE = 2
"""Exit code: the command line cannot be used."""


def show_messages(
    kind: Annotated[str | None, typer.Argument(help="A kind; without it all are listed.", show_default=False)] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Describe all kinds, as a page of the manual.")] = False,
) -> None:
    """List the kinds of control messages, or describe one: its actions, their fields and an example of each."""
    if markdown:
        from xafs_workers.cli.manual import render_messages_page

        typer.echo(render_messages_page(), nl=False)
        return
    from xafs_workers.messages.schema import describe_kind, list_kind_names

    if kind is None:
        described = [describe_kind(name) for name in list_kind_names()]
        values = [", ".join(action.value for action in each.actions) for each in described]
        rows = [
            [each.kind, value, ", ".join(each.owners), each.summary]
            for each, value in zip(described, values, strict=True)
        ]
        _show_table(["kind", "value", "owner", "meaning"], rows)
        return
    if kind not in list_kind_names():
        typer.echo(f"{kind}: no such kind (expected one of {', '.join(list_kind_names())})", err=True)
        raise typer.Exit(WRONG_USE)
    for action in describe_kind(kind).actions:
        _show_action(kind, action)


def print_schema() -> None:
    """Print the JSON Schema of all control messages."""
    from xafs_workers.messages.schema import build_json_schema

    typer.echo(json.dumps(build_json_schema(), indent=2, ensure_ascii=False))


def lint(
    file: Annotated[
        Path,
        typer.Argument(help="JSON lines: messages, or [name, document]; - is the standard input.", show_default=False),
    ],
    tag: Annotated[str, typer.Option(help="Name that marks a control message.")] = "bmm",
    config: ConfigOption = None,
) -> None:
    """Check control messages and documents in a recording or a file of JSON lines; exit with 1 if any is refused.

    A line is `["bmm", {...}]`, a bare message `{...}`, or `[name, document]`. A recording of `record` may be gzipped.
    Absolute paths are compared with `storage` of the configuration file, if there is one: proposals root, folders to
    copy from. What depends on files, on rights or on earlier messages is not checked.
    """
    storage = _load_storage(config)
    try:
        with sys.stdin.buffer if str(file) == "-" else _open_file(file) as content:
            lines, refused = _check_lines(content, str(file), tag, storage)
    except (OSError, EOFError, zlib.error) as error:
        typer.echo(f"{file}: {getattr(error, 'strerror', None) or error} (expected a readable file)", err=True)
        raise typer.Exit(WRONG_USE) from error
    typer.echo(f"{lines} lines, {refused} refused")
    if storage is None:
        typer.echo("paths were not checked: there is no configuration file (--config)", err=True)
    if refused:
        raise typer.Exit(1)


def _open_file(path: Path) -> IO[bytes]:
    """Open a file of lines, gzipped or not."""
    with path.open("rb") as file:
        is_zipped = file.read(2) == b"\x1f\x8b"
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_zipped else path.open("rb")


def _load_storage(config: Path | None) -> Storage | None:
    """Load the settings of folders, None where there is no configuration file."""
    from xafs_workers.configuration import find_config_file

    return load_settings_or_exit(config, None, None).storage if config or find_config_file() else None


def _check_lines(content: Iterable[bytes], name: str, tag: str, storage: Storage | None) -> tuple[int, int]:
    """Print what is wrong, and return how many lines there are and how many are refused."""
    number = refused = 0
    split = _split_line
    for number, line in enumerate(content, start=1):
        if number == 1 and (header := _parse_header(line)) is not None:
            tag, split = header.get("tag", tag), _split_recorded
            continue
        fault = _find_fault(line, tag, split, storage)
        if fault is not None:
            refused += 1
            typer.echo(f"{name}:{number}: {fault}")
    return number, refused


@dataclass(frozen=True, slots=True)
class Fault:
    """Reason why a line is refused."""

    kind: str
    field: str
    reason: str

    def __str__(self) -> str:
        where = (name if name.isprintable() else ascii(name) for name in (self.kind, self.field) if name)
        return ": ".join((*where, self.reason))


def _find_fault(
    line: bytes, tag: str, split: Callable[[bytes, str], tuple[str, Any]], storage: Storage | None
) -> Fault | None:
    """Find the fault of a line, None if it has none."""
    from xafs_workers.diagnostics.message_paths import find_path_fault
    from xafs_workers.messages.base import InvalidMessage
    from xafs_workers.messages.documents import InvalidDocument, check_document
    from xafs_workers.messages.parsing import parse

    if not line.strip():
        return Fault("", "", "blank line (expected a message or a document)")
    try:
        name, body = split(line, tag)
        if name == tag:
            message = parse(body)
            if storage is not None and (reason := find_path_fault(message, storage)):
                return Fault(message.kind, "", reason)
        else:
            check_document(name, body)
    except InvalidMessage as error:
        return Fault(error.kind, error.field, str(error))
    except InvalidDocument as error:
        return Fault(error.name, error.field, str(error))
    except (ValueError, RecursionError) as error:
        return Fault("", "", f"not JSON: {error!s:.200}")
    return None


def _parse_header(line: bytes) -> dict[str, Any] | None:
    """Return the header with which a recording begins, None where the line is none."""
    if b'"xafs-workers"' not in line[:40]:
        return None
    try:
        content = json.loads(line)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _split_recorded(line: bytes, tag: str) -> tuple[str, Any]:
    """Return name and body of a line of a recording."""
    from xafs_workers.messages.base import InvalidMessage
    from xafs_workers.recording.json_codec import from_json
    from xafs_workers.recording.record import parse_own_form

    content = json.loads(line, object_hook=from_json)
    try:
        record = parse_own_form(content)
    except ValueError as error:
        raise InvalidMessage("", "", str(error)) from error
    if record.body is None:
        raise InvalidMessage("", "", f"undecodable record {record.topic}/{record.partition}/{record.offset}")
    return record.name or tag, record.body


def _split_line(line: bytes, tag: str) -> tuple[str, Any]:
    """Return name and body of a line; a bare mapping is a control message."""
    from xafs_workers.messages.base import InvalidMessage, format_value

    content = json.loads(line)
    if isinstance(content, dict):
        return tag, content
    if isinstance(content, list) and len(content) == 2 and isinstance(content[0], str):
        return content[0], content[1]
    raise InvalidMessage("", "", f"got {format_value(content)} (expected [name, mapping] or a bare mapping)")


def _show_action(kind: str, action: ActionDescription) -> None:
    typer.echo(f"{kind}: {action.value}    ({action.owner})")
    typer.echo(f"  {action.summary}")
    if action.not_acted_on:
        typer.echo(f"  No worker acts on it: {action.not_acted_on}.")
    if action.fields:
        rows = [_build_row(field) for field in action.fields]
        _show_table(["field", "type", "unit", "needed", "meaning"], rows, indent="  ")
    typer.echo(f"  example: {json.dumps(dict(action.example), ensure_ascii=False)}")
    typer.echo("")


def _build_row(field: FieldDescription) -> list[str]:
    needed = "yes" if field.required else f"no: {json.dumps(field.default)}"
    return [field.name, field.type, field.unit, needed, field.description]


def _show_table(header: list[str], rows: list[list[str]], *, indent: str = "") -> None:
    """Print a table: ruled and wrapped to the width of a terminal, else plain columns for other programs."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        typer.echo("\n".join(_format_plain([header, *rows], indent)))
        return
    from rich.padding import Padding
    from rich.table import Table

    table = Table(*header)
    for row in rows:
        table.add_row(*row)
    console.print(Padding(table, (0, 0, 0, len(indent))))


def _format_plain(rows: list[list[str]], indent: str) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield (indent + "  ".join(cells)).rstrip()
