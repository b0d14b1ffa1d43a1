"""The command `xafs-workers`."""

from __future__ import annotations

import typer

from xafs_workers.cli import config, demo, install, messages, plot_manager, record, replay, status, watch

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
app.command("status")(status.status)
app.command("watch")(watch.watch)
app.command("install")(install.install)
app.add_typer(config.app, name="config")


def run() -> None:
    """Run the command line."""
    app()
