"""`xafs-workers install`: units of systemd and scripts, shown or written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xafs_workers.cli.options import (
    WRONG_USE,
    BeamlineOption,
    ConfigOption,
    KafkaOption,
    exit_unreadable,
    exit_with_error,
    load_settings_or_exit,
)

if TYPE_CHECKING:
    from xafs_workers.install.plan import PlannedFile
    from xafs_workers.settings import Settings

NOT_WRITTEN = 1
"""Exit code: something could not be written."""

NEXT_STEPS = """
The units may write below {root} alone: after a change of storage.proposals_root, run this again with --replace.
Next, as root:
  systemd-sysusers                     # makes the account, unless the facility has one (--account)
  systemctl daemon-reload
  systemctl enable --now xafs-workers-file-manager xafs-workers-plot-manager
  systemctl enable --now xafs-workers-web      # plots in browsers, on loopback unless web.host says otherwise
and as the beamline operator:
  systemctl --user enable --now xafs-workers-screen
Then `xafs-workers doctor --role file-manager` in the workers' account says what is still missing."""


def install(  # noqa: PLR0913 - one parameter for each option
    apply: Annotated[bool, typer.Option("--apply", help="write; without it only shown")] = False,
    target: Annotated[Path, typer.Option(help="root below which files are written")] = Path("/"),
    account: Annotated[
        str, typer.Option(help="account of the workers that write; must be allowed to write to the proposals")
    ] = "xafs-workers",
    replace: Annotated[bool, typer.Option("--replace", help="also files that were changed by hand")] = False,
    topics: Annotated[bool, typer.Option("--topics", help="the Kafka topics in place of files")] = False,
    contents: Annotated[bool, typer.Option("--contents", help="show the whole files")] = False,
    config: ConfigOption = None,
    kafka: KafkaOption = None,
    beamline: BeamlineOption = None,
) -> None:
    """Show what staff install (units of systemd, scripts, an account), or write it with --apply.

    With --topics: the topics that the workers need, and with --apply those made that are missing, with one partition.
    """
    from xafs_workers.install.plan import build_install_plan

    settings = load_settings_or_exit(config, kafka, beamline)
    if topics:
        _install_topics(settings, apply=apply)
        return
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
    typer.echo(NEXT_STEPS.format(root=settings.storage.proposals_root))


def _install_topics(settings: Settings, *, apply: bool) -> None:
    """Show the topics and whether each exists, and make the missing ones."""
    from xafs_workers.consumer.topic_admin import AdminRequestError
    from xafs_workers.install.topics import BrokerAwayError, explain_refusal, make_topics, plan_topics
    from xafs_workers.logs import configure_logging
    from xafs_workers.producer.kafka_config import read_kafka_config

    configure_logging("error", settings.logging.style)
    if not settings.has_kafka_control:
        exit_with_error("no topics are needed: control messages do not come from Kafka", WRONG_USE)
    kafka_config = read_kafka_config(settings.kafka)
    try:
        planned = plan_topics(settings, kafka_config)
        for topic in planned:
            typer.echo(f"{'is there' if topic.exists else 'missing':<9} {topic.name:<40} {topic.purpose}")
        missing = [topic.name for topic in planned if not topic.exists]
        if not apply or not missing:
            typer.echo("\nNothing was made: --apply makes the missing topics." if missing else "\nAll topics exist.")
            return
        refused = make_topics(kafka_config, planned)
    except (BrokerAwayError, AdminRequestError) as error:
        exit_unreadable(error)
    for name in missing:
        typer.echo(f"{'refused' if name in refused else 'made':<9} {name}")
    if refused:
        exit_with_error(explain_refusal(refused), NOT_WRITTEN)


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
