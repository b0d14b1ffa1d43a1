"""`xafs-workers plot-manager`: live plots, as pictures in the proposal folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xafs_workers.cli.options import settings_from


def plot_manager(
    headless: Annotated[bool, typer.Option("--headless", help="no window: pictures into the proposal folder")] = False,
    config: Annotated[Path | None, typer.Option(help="configuration file")] = None,
    kafka: Annotated[str | None, typer.Option(help="host:port of a broker")] = None,
    beamline: Annotated[str | None, typer.Option(help="prefix of topics and groups")] = None,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="read all that the broker still has, not from the stored offset")
    ] = False,
) -> None:
    """Follow both topics and draw what is asked for."""
    if not headless:
        typer.echo("plot-manager: choose --headless", err=True)
        raise typer.Exit(2)
    settings = settings_from(config, kafka, beamline)
    from xafs_workers.workers.headless import run

    raise typer.Exit(run(settings, from_beginning=from_beginning))
