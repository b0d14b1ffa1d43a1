"""`xafs-workers file-manager`: every file action that plans ask for."""

from __future__ import annotations

from typing import Annotated

import typer

from xafs_workers.cli.options import BeamlineOption, ConfigOption, KafkaOption, check_kafka, load_settings_or_exit


def run_file_manager(
    config: ConfigOption = None,
    kafka: KafkaOption = None,
    beamline: BeamlineOption = None,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="read all that the broker still has, not from the stored offset")
    ] = False,
) -> None:
    """Write data files, copies, dossiers and logs into the groups' folders, and answer requests."""
    settings = load_settings_or_exit(config, kafka, beamline)
    check_kafka(settings)
    from xafs_workers.filemanager import worker as worker

    raise typer.Exit(worker.run(settings, from_beginning=from_beginning))
