"""The command `xafs-workers`."""

from __future__ import annotations

import sys

import typer

from xafs_workers.cli import config, demo, install, messages, plot_manager, record, replay
from xafs_workers.cli.missing import advice
from xafs_workers.cli.options import WRONG_USE

app = typer.Typer(
    help="Kafka workers of a synchrotron XAFS beamline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("plot-manager")(plot_manager.plot_manager)
app.command("messages")(messages.messages)
app.command("schema")(messages.schema)
app.command("lint")(messages.lint)
app.command("record")(record.record)
app.command("replay")(replay.replay)
app.command("demo")(demo.demo)
app.command("install")(install.install)
app.add_typer(config.app, name="config")


def run() -> None:
    """Run the command line."""
    try:
        app()
    except ModuleNotFoundError as error:
        if (what := advice(error)) is None:
            raise
        typer.echo(what, err=True)
        sys.exit(WRONG_USE)
