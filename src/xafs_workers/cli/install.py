"""`xafs-workers install`: units of systemd and scripts, shown or written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xafs_workers.cli.options import ConfigOption, leave, settings_from

if TYPE_CHECKING:
    from xafs_workers.install.plan import File

NOT_WRITTEN = 1
"""Exit code: something could not be written."""

AFTERWARDS = """
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
    from xafs_workers.install.plan import planned

    settings = settings_from(config)
    files = planned(settings, target=target, account=account)
    for file in files:
        typer.echo(f"{_what(file, replace):<28} {file.path}")
        if contents:
            typer.echo(file.content)
        elif file.state == "differs" and not file.once:
            typer.echo(file.difference())
    if not apply:
        typer.echo("\nNothing was written: --apply writes.")
        return
    for file in files:
        if file.state == "new" or (file.state == "differs" and replace and not file.once):
            _write(file)
    typer.echo(AFTERWARDS)


def _what(file: File, replace: bool) -> str:
    state = file.state
    if state == "same":
        return "is there"
    if state == "new":
        return "new"
    if file.once:
        return "is there, yours"
    return "replaced" if replace else "differs, kept (--replace)"


def _write(file: File) -> None:
    try:
        file.write()
    except OSError as error:
        leave(f"{file.path}: {error.strerror}: run this as root, or with --target", NOT_WRITTEN)
