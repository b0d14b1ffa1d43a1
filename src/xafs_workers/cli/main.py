"""The command `xafs-workers`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from xafs_workers import __version__
from xafs_workers.cli import (
    adopt,
    config,
    dead_letters,
    demo,
    doctor,
    file_manager,
    install,
    messages,
    plot_manager,
    record,
    regenerate,
    replay,
    send,
    status,
    waiting,
    watch,
)
from xafs_workers.cli.faults import GuardedGroup
from xafs_workers.cli.missing import format_advice
from xafs_workers.cli.options import WRONG_USE

app = typer.Typer(
    cls=GuardedGroup,
    help="Kafka workers of a synchrotron XAFS beamline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # markup would swallow [brackets], and shows flags as <bool>
)


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"xafs-workers {__version__}")
        raise typer.Exit


@app.callback()
def set_up(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Accept the options that belong to no command."""


app.command("file-manager")(file_manager.run_file_manager)
app.command("plot-manager")(plot_manager.run_plot_manager)
app.command("messages")(messages.show_messages)
app.command("schema")(messages.print_schema)
app.command("lint")(messages.lint)
app.command("record")(record.record)
app.command("replay")(replay.replay)
app.command("send")(send.send)
app.command("regenerate")(regenerate.regenerate)
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(waiting.app, name="waiting")
app.command("demo")(demo.run_demo)
app.command("status")(status.show_status)
app.command("watch")(watch.watch)
app.command("adopt")(adopt.run_adopt)
app.command("doctor")(doctor.run_doctor)
app.command("install")(install.install)
app.add_typer(config.app, name="config")


def run() -> None:
    """Run the command line."""
    try:
        app()
    except ModuleNotFoundError as error:
        if (what := format_advice(error)) is None:
            raise
        typer.echo(what, err=True)
        sys.exit(WRONG_USE)
