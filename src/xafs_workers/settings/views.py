"""Settings of the window and of the browser view."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from xafs_workers.settings.section import Section


class Screen(Section):
    """The on-screen plot manager."""

    large: bool = Field(default=False, description="large type, readable at four metres")
    dark: bool | None = Field(
        default=None, description="true: light lines on a dark background; empty: as the windows of the desktop"
    )
    stale_seconds: float = Field(
        default=10.0,
        gt=0,
        description="age of the newest record, seconds, from which data of a running scan are marked as stale",
    )


class Web(Section):
    """The browser view."""

    host: str = Field(
        default="127.0.0.1", description="address on which it listens; 0.0.0.0: all addresses of this computer"
    )
    port: int = Field(default=5006, ge=1, le=65535)
    prefix: str = Field(
        default="", pattern=r"^[\w./-]*$", description="path under which a reverse proxy serves it, e.g. /xafs"
    )
    origins: tuple[str, ...] = Field(
        default=(), description="host[:port] of other addresses that browsers use, e.g. that of a proxy"
    )
    proxied: bool = Field(
        default=False, description="true behind a reverse proxy that passes host and scheme (X-Forwarded-... headers)"
    )
    token_file: Path | None = Field(
        default=None,
        description="file with the token that viewers need; else $XAFS_WORKERS_WEB_TOKEN; "
        "without one every user who reaches the port has access",
    )
    pluck: bool = Field(default=False, description="true: a click picks a position, as on the screen")
    stale_seconds: float = Field(
        default=10.0,
        gt=0,
        description="age of the newest record, seconds, from which data of a running scan are marked as stale",
    )

    @field_validator("origins")
    @classmethod
    def _hosts(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if "/" in origin or "*" in origin:
                raise PydanticCustomError("origin", "expected host[:port], without scheme, path or *")
        return origins
