"""Base of the sections of the settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

HIDDEN_VALUE_ERROR = "not_shown"
"""Type of the error whose value is not shown."""


class Section(BaseModel):
    """A section of the settings: it refuses unknown keys and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)
