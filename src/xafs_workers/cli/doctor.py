"""`xafs-workers doctor`: checks of an installation, each with its remedy."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from xafs_workers.cli.options import WRONG_USE, BeamlineOption, ConfigOption, KafkaOption, exit_with_error

if TYPE_CHECKING:
    from xafs_workers.diagnostics.doctor.finding import Finding, RoleName

ROLES = ("file-manager", "headless", "screen", "web")
COLOURS = {"ok": "green", "warning": "yellow", "fault": "red"}


def run_doctor(
    *,
    role: Annotated[
        str | None, typer.Option("--role", help=f"Which worker runs in this account: {', '.join(ROLES)}.")
    ] = None,
    session: Annotated[
        str | None, typer.Option("--session", help="Data session to look at; without it the newest.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For other programs.")] = False,
    config: ConfigOption = None,
    kafka: KafkaOption = None,
    beamline: BeamlineOption = None,
) -> None:
    """Examine everything a worker needs, in the account and on the machine where it runs.

    Each line reports ok, or what is wrong and what to do. The exit code is 1 if anything is at fault.
    """
    if role is not None and role not in ROLES:
        exit_with_error(f"--role {role}: unknown (expected one of {', '.join(ROLES)})", WRONG_USE)
    findings = []
    for finding in _run_checks(config, kafka, beamline, role, session):
        findings.append(finding)
        if not as_json:
            _print_finding(finding)
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
    if any(finding.level == "fault" for finding in findings):
        raise typer.Exit(1)


def _run_checks(
    config: Path | None, kafka: str | None, beamline: str | None, role: str | None, session: str | None
) -> Iterator[Finding]:
    from xafs_workers.cli.options import drop_none
    from xafs_workers.configuration import ConfigurationError, load
    from xafs_workers.diagnostics.doctor.examine import examine
    from xafs_workers.diagnostics.doctor.finding import Case, report_fault
    from xafs_workers.logs import configure_logging

    configure_logging("error")
    try:
        settings = load(config, drop_none({"beamline": beamline, "kafka": {"bootstrap_servers": kafka}}))
    except ConfigurationError as error:
        remedy = "correct it; `xafs-workers config schema` describes every key, `config show` prints what is in force"
        yield report_fault("configuration", str(error), remedy)
        return
    yield from examine(Case(settings, cast("RoleName | None", role), session))


def _print_finding(finding: Finding) -> None:
    level = typer.style(f"{finding.level:<8}", fg=COLOURS[finding.level])
    typer.echo(f"{level} {finding.check:<14} {_replace_unprintable(finding.text)}")
    if finding.remedy:
        typer.echo(f"{'':8} {'':14} → {_replace_unprintable(finding.remedy)}")


def _replace_unprintable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
