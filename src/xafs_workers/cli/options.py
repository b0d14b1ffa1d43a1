"""Options that several commands share, and the settings they make."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from xafs_workers.settings import Settings

WRONG_USE = 2
"""Exit code: the command line or the configuration cannot be used."""
STOPPED = 130
"""Exit code: ended by a signal before the work was done."""

ConfigOption = Annotated[Path | None, typer.Option("--config", help="Configuration file (YAML).", show_default=False)]
KafkaOption = Annotated[
    str | None, typer.Option("--kafka", metavar="HOST:PORT[,HOST:PORT]", help="Brokers.", show_default=False)
]
BeamlineOption = Annotated[str | None, typer.Option("--beamline", help="Prefix of the topics.", show_default=False)]


def load_settings_or_exit(
    config: Path | None = None, kafka: str | None = None, beamline: str | None = None, **more: Any
) -> Settings:
    """Read the settings; print what is wrong with them and exit with 2 if they cannot be used.

    Parameters
    ----------
    config
        A configuration file; without it the usual ones.
    kafka
        Brokers, instead of the configured ones.
    beamline
        Prefix of the topics, instead of the configured one.
    more
        Other settings by name, nested mappings for parts (``storage={"cycle": "2025-1"}``). None means not given.
    """
    from xafs_workers.configuration import ConfigurationError, load
    from xafs_workers.logs import configure_logging_once

    configure_logging_once()  # standard output is for results alone
    given = {**more, "beamline": beamline, "kafka": {"bootstrap_servers": kafka}}
    try:
        return load(config, drop_none(given))
    except ConfigurationError as error:
        exit_with_error(str(error), WRONG_USE)


def check_kafka(settings: Settings) -> None:
    """Check that the Kafka configuration can be used, before a worker starts its threads.

    Raises
    ------
    KafkaConfigError
        It cannot.
    """
    from xafs_workers.producer.kafka_config import check_client_properties, read_kafka_config

    if settings.has_kafka_control or settings.has_kafka_documents:
        check_client_properties(read_kafka_config(settings.kafka))


def drop_none(options: dict[str, Any]) -> dict[str, Any]:
    """Return options without those that were not given."""
    kept = {key: drop_none(value) if isinstance(value, dict) else value for key, value in options.items()}
    return {key: value for key, value in kept.items() if value is not None and value != {}}


def print_error(reason: str) -> None:
    """Print a reason on standard error without passwords; it may quote a record, so controls are escaped."""
    from xafs_workers.diagnostics.printable import escape_unprintable
    from xafs_workers.logs import mask_passwords

    shown = escape_unprintable(mask_passwords(reason), keep="\n")
    typer.secho(f"xafs-workers: {shown}", err=True, fg="red")


def exit_with_error(reason: str, code: int) -> NoReturn:
    """Print the reason on standard error and exit with `code`."""
    print_error(reason)
    raise typer.Exit(code)


def exit_unreadable(error: Exception) -> NoReturn:
    """Print why the topics cannot be read and what to do, and exit with 2."""
    exit_with_error(f"{error}; `xafs-workers doctor` names the cause and the remedy", WRONG_USE)


UNIT_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def parse_time(text: str, now: float) -> float:
    """Return a time given as a duration before now (``90s``, ``30m``, ``12h``, ``2d``) or as a date (ISO 8601).

    Raises
    ------
    ValueError
        It is neither.
    """
    number = text.strip().rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text.strip()[len(number) :]
    try:
        if unit in UNIT_SECONDS and float(number) >= 0:
            return now - float(number) * UNIT_SECONDS[unit]
        return datetime.fromisoformat(text.strip()).astimezone().timestamp()
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"{text!r}: not a time (expected a duration such as 12h, or a date such as 2025-03-03T08:00)"
        ) from error
