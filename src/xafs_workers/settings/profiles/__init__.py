"""Profiles: settings of one beamline, below those of the configuration file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel

SectionT = TypeVar("SectionT", bound=BaseModel)

DEFAULT_PROFILE = "bmm"

PLAIN_PROFILE = "plain"
"""Profile that sets nothing."""


PROFILES = (DEFAULT_PROFILE, PLAIN_PROFILE)


@cache
def read_profile(name: str) -> Mapping[str, Any]:
    """Read the settings of a profile, nested as in a configuration file."""
    if name == PLAIN_PROFILE:
        return {}
    return yaml.safe_load((Path(__file__).parent / f"{name}.yaml").read_text(encoding="utf-8"))


@cache
def build_default_section(name: str, section: type[SectionT]) -> SectionT:
    """Build a section of the settings as it is in the default profile."""
    return section.model_validate(read_profile(DEFAULT_PROFILE).get(name, {}))


def select_unset(profile: Mapping[str, Any], given: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Select what a profile adds to given settings: in sections each key that is not given, else whole values."""
    added: dict[str, Any] = {}
    for key, value in profile.items():
        if key not in given:
            added[key] = value
            continue
        inner = model.model_fields[key].annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel) and isinstance(given[key], Mapping):
            added[key] = select_unset(value, given[key], inner)
    return added
