"""Loading of the settings: YAML file < environment (XAFS_WORKERS_...) < options."""

from __future__ import annotations

import difflib
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


def find_config_file() -> Path | None:
    """Find the configuration file that is used where none is named: the first existing one of `CONFIG_FILES`."""
    return next((path.expanduser() for path in CONFIG_FILES if os.path.isfile(path.expanduser())), None)


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
    path = config or find_config_file()
    try:
        environment = EnvSettingsSource(Settings)()
        return Settings(**_merge(_merge(_read(path) if path else {}, environment), options or {}))
    except ValidationError as error:
        raise ConfigurationError(f"{path or 'environment'}: " + _format_errors(error)) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {describe_unreadable(error)}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: got a {type(content).__name__} (expected a mapping of settings)")
    return content


def describe_unreadable(error: OSError | yaml.YAMLError | UnicodeDecodeError) -> str:
    """Describe in one line why a YAML file cannot be read."""
    if isinstance(error, OSError):
        return f"{(error.strerror or str(error)).lower()} (expected a readable YAML file)"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: not YAML: {error.problem}"
    return f"not YAML: {error}".splitlines()[0]


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _format_errors(error: ValidationError) -> str:
    return "; ".join(map(_format_problem, error.errors()))


def _format_problem(problem: Any) -> str:
    key = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        return f"{key}: unknown key{_suggest_key(problem['loc'])}"
    return f"{key}: {problem['msg']}{_format_input(problem)}"


def _suggest_key(place: tuple[int | str, ...]) -> str:
    """Suggest the key that is nearest to an unknown one, '' where none is near."""
    model: Any = Settings
    for part in place[:-1]:
        field = getattr(model, "model_fields", {}).get(part)
        model = field.annotation if field is not None else None
    near = difflib.get_close_matches(str(place[-1]), getattr(model, "model_fields", {}), n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""


def _format_input(problem: Any) -> str:
    return "" if problem["type"] == HIDDEN_VALUE_ERROR else f" (got {mask_passwords(repr(problem['input'])):.80})"
