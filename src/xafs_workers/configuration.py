"""Loading of the settings: YAML file < environment (XAFS_WORKERS_...) < options."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from xafs_workers.logs import mask_passwords
from xafs_workers.settings import HIDDEN_VALUE_ERROR, Settings

CONFIG_FILES = (Path("/etc/xafs-workers/config.yaml"), Path("~/.config/xafs-workers/config.yaml"))


class ConfigurationError(ValueError):
    """Invalid configuration; the text names the file, the key and what is expected."""


def load(config: Path | None = None, options: dict[str, Any] | None = None) -> Settings:
    """Load the settings from the file, the environment and options.

    Parameters
    ----------
    config
        YAML file that must exist; without it the first existing one of `CONFIG_FILES`, if any.
    options
        Nested mapping of command-line options; it overrides file and environment.

    Raises
    ------
    ConfigurationError
        The file cannot be read, or a key is unknown or has a wrong value.
    """
    path = config or next((p.expanduser() for p in CONFIG_FILES if os.path.isfile(p.expanduser())), None)
    try:
        environment = EnvSettingsSource(Settings)()
        return Settings(**_merge(_merge(_read(path) if path else {}, environment), options or {}))
    except ValidationError as error:
        raise ConfigurationError(f"{path or 'environment'}: " + _format_errors(error)) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: got a {type(content).__name__} (expected a mapping of settings)")
    return content


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _format_errors(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}{_format_input(e)}" for e in error.errors())


def _format_input(problem: Any) -> str:
    return "" if problem["type"] == HIDDEN_VALUE_ERROR else f" (got {mask_passwords(repr(problem['input'])):.80})"
