"""`xafs-workers adopt`: a configuration suggested from a recorded or running session."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xafs_workers.cli.options import WRONG_USE, exit_with_error, print_error

if TYPE_CHECKING:
    from xafs_workers.diagnostics.adoption.adoption import Adoption
    from xafs_workers.settings import Settings


def run_adopt(  # noqa: PLR0913 - one parameter for each option
    *,
    recording: Annotated[
        Path | None, typer.Option("--recording", metavar="FILE", help="A recording, or lines of [name, document].")
    ] = None,
    kafka: Annotated[
        str | None, typer.Option("--kafka", metavar="HOST:PORT", help="Brokers; with --beamline or --topic.")
    ] = None,
    beamline: Annotated[str | None, typer.Option("--beamline", help="Prefix of the topics on Kafka.")] = None,
    topic: Annotated[str | None, typer.Option("--topic", help="Topic of the documents on Kafka.")] = None,
    tiled: Annotated[str | None, typer.Option("--tiled", metavar="URI", help="A Tiled server.")] = None,
    path: Annotated[str, typer.Option("--path", help="Path of the runs on the Tiled server.")] = "",
    zmq: Annotated[
        str | None, typer.Option("--zmq", metavar="ADDRESS", help="Output address of a bluesky-0MQ-proxy.")
    ] = None,
    prefix: Annotated[str, typer.Option("--prefix", help="Prefix of the ZMQ publisher.")] = "",
    runs: Annotated[int, typer.Option("--runs", min=1, help="So many of the newest finished runs are read.")] = 5,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.0, help="Longest wait for a run that finishes, seconds.")
    ] = 60.0,
    files: Annotated[
        Path | None,
        typer.Option("--files", metavar="FOLDER", help="Folder, here, of the data files that documents name."),
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="The new configuration file.")] = Path("config.yaml"),
    figures: Annotated[
        Path | None,
        typer.Option("--figures", metavar="FOLDER", help="New folder of the figures; else <output>-figures."),
    ] = None,
) -> None:
    """Suggest a configuration from the newest finished runs, and draw the figures that it makes.

    Reads a recording, or a source while plans run or after they have run; nothing is sent. Each setting has its
    reason; what could not be proved is a question. No file is overwritten. The exit code is 1 if an energy axis is
    needed and none was found.
    """
    given = {"recording": recording, "kafka": kafka, "tiled": tiled, "zmq": zmq}
    chosen = [name for name, value in given.items() if value is not None]
    if len(chosen) != 1:
        names = " and ".join(f"--{name}" for name in chosen) or "none of them"
        exit_with_error(f"{names} given (expected one of --recording, --kafka, --tiled, --zmq)", WRONG_USE)
    if kafka is not None and beamline is None and topic is None:
        exit_with_error(
            "--kafka without a topic (expected --beamline, the prefix of the topics, or --topic)", WRONG_USE
        )
    folder = figures or output.with_name(f"{output.stem}-figures")
    for place in (output, folder):
        if place.exists():
            exit_with_error(f"{place}: exists already; nothing is overwritten", WRONG_USE)
    _check_writable(output.parent)
    _check_writable(next(parent for parent in folder.parents if parent.exists()))
    options: dict[str, Any] = {
        "recording": {"sources": {"recording": {"file": recording}}},
        "kafka": {"beamline": beamline, "kafka": {"bootstrap_servers": kafka, "documents_topic": topic}},
        "tiled": {"sources": {"tiled": {"uri": tiled, "path": path}}},
        "zmq": {"sources": {"zmq": {"address": zmq, "prefix": prefix}}},
    }
    settings = _build_settings(options[chosen[0]])
    _adopt(settings, runs, seconds, files or (recording.parent if recording else None), output, folder)


def _check_writable(folder: Path) -> None:
    """Check a folder before anything is read, since what ZMQ sends comes only once."""
    if not folder.is_dir():
        exit_with_error(f"{folder}: no such folder (expected an existing one)", WRONG_USE)
    if not os.access(folder, os.W_OK | os.X_OK):
        exit_with_error(f"{folder}: no right to write into this folder", WRONG_USE)


def _build_settings(options: dict[str, Any]) -> Settings:
    """Build the settings of the source that the options name."""
    from pydantic import ValidationError

    from xafs_workers.cli.options import drop_none
    from xafs_workers.settings import Settings

    try:
        return Settings(profile="plain", **drop_none(options))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        exit_with_error(problems, WRONG_USE)


def _adopt(settings: Settings, runs: int, seconds: float, files: Path | None, output: Path, folder: Path) -> None:
    from xafs_workers.diagnostics.adoption.adoption import adopt
    from xafs_workers.diagnostics.adoption.collect import CollectionError, RunSelection, collect
    from xafs_workers.diagnostics.adoption.drawings import draw_figures
    from xafs_workers.diagnostics.adoption.report import render_table
    from xafs_workers.logs import configure_logging
    from xafs_workers.runtime.lifecycle import stop_on_signals

    configure_logging("error")
    typer.echo(f"reading {settings.sources.names[0]} (Ctrl-C: go on with what has been read)", err=True)
    try:
        data = collect(settings, RunSelection(runs, seconds), stop_on_signals())
    except CollectionError as error:
        exit_with_error(str(error), WRONG_USE)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # from here on Ctrl-C ends the command
    if not data.documents:
        also = f"; {data.refused}" if data.refused else ""
        exit_with_error(f"{settings.sources.names[0]}: no run has finished in it (expected one or more){also}", 1)
    if data.refused:
        print_error(data.refused)
    found = adopt(data, settings, files)
    typer.echo(render_table(found.suggestions))
    try:
        _write_config(found, output)
        drawn = draw_figures(found.board, folder)
    except OSError as error:
        exit_with_error(f"{error.filename or output}: {error.strerror or error}", WRONG_USE)
    typer.echo(
        f"\n{output}: written\n{folder}: {len(drawn)} figure{'s' if len(drawn) != 1 else ''}"
        + "".join(f"\n  {file.name}" for file in drawn)
    )
    if found.missing:
        exit_with_error("no energy axis was found: " + "; ".join(found.missing), 1)


def _write_config(found: Adoption, output: Path) -> None:
    """Write the configuration to a new file.

    Raises
    ------
    OSError
        The file exists, or cannot be written.
    """
    from xafs_workers import __version__
    from xafs_workers.diagnostics.adoption.config_text import render_config
    from xafs_workers.diagnostics.adoption.trial import list_runs

    runs = [
        f"  {run.uid[:8]} {run.start.get('plan_name', '')} (scan {run.start.get('scan_id', '?')})"
        for run in list_runs(found.board)
    ]
    heading = [
        f"Suggested by xafs-workers {__version__} adopt, from {found.data.source}:",
        *runs,
        "",
        "Lines that begin with `# ?` are questions.",
    ]
    with output.open("x", encoding="utf-8") as file:
        file.write(render_config(found.suggestions, heading))
