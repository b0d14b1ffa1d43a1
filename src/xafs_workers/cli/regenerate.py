"""The command `regenerate`: the data file of a finished run, written again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from xafs_workers.cli.options import (
    WRONG_USE,
    BeamlineOption,
    ConfigOption,
    KafkaOption,
    exit_with_error,
    load_settings_or_exit,
)
from xafs_workers.cli.send import JsonOption, TimeoutOption, ask

if TYPE_CHECKING:
    from xafs_workers.settings import Settings


def regenerate(  # noqa: PLR0913 - one parameter for each option
    uid: Annotated[str, typer.Argument(help="uid of the run.", show_default=False)],
    *,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file where it differs.")] = False,
    filename: Annotated[
        str | None, typer.Option(help="Data file, relative to the proposal folder; else the run's own name.")
    ] = None,
    timeout: TimeoutOption = 60.0,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    kafka: KafkaOption = None,
    beamline: BeamlineOption = None,
) -> None:
    """Ask the file manager to write the data file of a finished run again.

    The file's name is read from the run's start document in Tiled (settings: catalog). Exit codes as of `send`.
    """
    settings = load_settings_or_exit(config, kafka, beamline)
    from xafs_workers.producer.legacy_api import build_regeneration_message

    try:
        message = build_regeneration_message(_read_start(settings, uid), filename=filename, overwrite=overwrite)
    except ValueError as error:
        exit_with_error(str(error), WRONG_USE)
    raise typer.Exit(ask(settings, message, timeout, as_json=as_json))


def _read_start(settings: Settings, uid: str) -> dict[str, Any]:
    from xafs_workers.catalog.errors import CatalogError
    from xafs_workers.catalog.tiled_runs import TiledRuns

    if not settings.catalog.configured:
        exit_with_error("no catalog is configured (expected catalog.profile or catalog.uri in the settings)", WRONG_USE)
    runs = TiledRuns(settings.catalog)
    try:
        return dict(runs.find_run(uid).run.start)
    except CatalogError as error:
        exit_with_error(str(error), WRONG_USE)
    finally:
        runs.close()
