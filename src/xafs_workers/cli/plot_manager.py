"""`xafs-workers plot-manager`: live plots in a window, or as pictures in the proposal folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xafs_workers.cli.options import WRONG_USE, check_kafka, exit_with_error, load_settings_or_exit


def run_plot_manager(  # noqa: PLR0913 - one parameter for each option
    headless: Annotated[bool, typer.Option("--headless", help="no window: pictures into the proposal folder")] = False,
    screen: Annotated[bool, typer.Option("--screen", help="a window, and no right to write (the default)")] = False,
    web: Annotated[bool, typer.Option("--web", help="in browsers, and no right to write")] = False,
    port: Annotated[int | None, typer.Option(help="of the browser view, else web.port", min=1, max=65535)] = None,
    large: Annotated[bool, typer.Option("--large", help="type that can be read at four metres")] = False,
    config: Annotated[Path | None, typer.Option(help="configuration file")] = None,
    kafka: Annotated[str | None, typer.Option(help="host:port of a broker")] = None,
    beamline: Annotated[str | None, typer.Option(help="prefix of topics and groups")] = None,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="read all that the broker still has, not from the stored offset")
    ] = False,
) -> None:
    """Follow both topics and draw what is asked for."""
    if headless + screen + web > 1:
        exit_with_error("--headless, --screen and --web are workers of their own: choose one", WRONG_USE)
    settings = load_settings_or_exit(config, kafka, beamline, **({"web": {"port": port}} if port is not None else {}))
    check_kafka(settings)
    if web:
        from xafs_workers.viewers import browser_worker as pages

        raise typer.Exit(pages.run(settings))
    if headless:
        from xafs_workers.plots import worker as worker

        raise typer.Exit(worker.run(settings, from_beginning=from_beginning))
    from xafs_workers.viewers import screen_worker as window

    raise typer.Exit(window.run(settings, large=large))
