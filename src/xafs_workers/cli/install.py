"""`xafs-workers install`: units of systemd and scripts, shown or written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xafs_workers.cli.options import ConfigOption, exit_with_error, load_settings_or_exit

if TYPE_CHECKING:
    from xafs_workers.install.plan import PlannedFile

NOT_WRITTEN = 1
"""Exit code: something could not be written."""

NEXT_STEPS = """
Next, as root:
  systemd-sysusers                     # makes the account, unless the facility has one (--account)
  systemctl daemon-reload
  systemctl enable --now xafs-workers-file-manager xafs-workers-plot-manager
  systemctl enable --now xafs-workers-web      # plots in browsers, on loopback unless web.host says otherwise
and as the beamline operator:
  systemctl --user enable --now xafs-workers-screen
Then `xafs-workers doctor --role file-manager` in the workers' account says what is still missing."""


def install(
    apply: Annotated[bool, typer.Option("--apply", help="write; without it only shown")] = False,
    target: Annotated[Path, typer.Option(help="root below which files are written")] = Path("/"),
    account: Annotated[
        str, typer.Option(help="account of the workers that write; must be allowed to write to the proposals")
    ] = "xafs-workers",
    replace: Annotated[bool, typer.Option("--replace", help="also files that were changed by hand")] = False,
    contents: Annotated[bool, typer.Option("--contents", help="show the whole files")] = False,
    config: ConfigOption = None,
) -> None:
    """Show what staff install (units of systemd, scripts, an account), or write it with --apply."""
    from xafs_workers.install.plan import build_install_plan

    settings = load_settings_or_exit(config)
    files = build_install_plan(settings, target=target, account=account)
    for file in files:
        typer.echo(f"{_describe_state(file, replace):<28} {file.path}")
        if contents:
            typer.echo(file.content)
        elif file.state == "differs" and not file.keeps_existing:
            typer.echo(file.format_difference())
    if not apply:
        typer.echo("\nNothing was written: --apply writes.")
        return
    for file in files:
        if file.state == "new" or (file.state == "differs" and replace and not file.keeps_existing):
            _write_file(file)
    typer.echo(NEXT_STEPS)


def _describe_state(file: PlannedFile, replace: bool) -> str:
    state = file.state
    if state == "same":
        return "is there"
    if state == "new":
        return "new"
    if file.keeps_existing:
        return "is there, yours"
    return "replaced" if replace else "differs, kept (--replace)"


def _write_file(file: PlannedFile) -> None:
    try:
        file.write()
    except OSError as error:
        exit_with_error(f"{file.path}: {error.strerror}: run this as root, or with --target", NOT_WRITTEN)
