"""Settings of services outside of the workers."""

from __future__ import annotations

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from xafs_workers.settings.section import HIDDEN_VALUE_ERROR, Section


class ReplyKeys(Section):
    """Keys under which plans look for the results of analyses; each of several gets the same text."""

    peak_position: tuple[str, ...] = Field(
        default=(),
        description="position of a peak, an edge or a slot, as a number in text",
    )
    spinner_height_run: tuple[str, ...] = Field(
        default=(), description="uid of the last linear scan of a glancing angle alignment"
    )
    spinner_pitch_run: tuple[str, ...] = Field(
        default=(), description="uid of the last pitch scan of a glancing angle alignment"
    )
    spinner_fluorescence_run: tuple[str, ...] = Field(
        default=(), description="uid of the fluorescence scan of a glancing angle alignment"
    )
    peak_statistics: tuple[str, ...] = Field(
        default=(), description="statistics of a peak, as the text of a Python dict"
    )
    mythen_calibration: tuple[str, ...] = Field(
        default=(), description="geometry of the Mythen detector, as the text of a dict"
    )


class KeyStore(Section):
    """Redis server from which today's plans read picked positions and replies."""

    url: str | None = Field(
        default=None,
        description="address as redis://host:port/db, or rediss:// for TLS; db is the number of the database of the "
        "keys `BMM:*`; without it nothing is written",
    )
    password_file: Path | None = Field(
        default=None, description="file with the password alone; it is read again where the server refuses the old one"
    )
    ca_file: Path | None = Field(
        default=None, description="certificates of the authorities that may vouch for the server; else the system's"
    )
    replies: ReplyKeys = ReplyKeys()
    reply_seconds: float = Field(
        default=13.0,
        gt=0,
        description="how long plans wait for the result of an analysis, seconds; later it is refused, because the plan "
        "has given up",
    )

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        if self.password_file is not None and self.url is not None and urlsplit(self.url).password is not None:
            raise PydanticCustomError(
                HIDDEN_VALUE_ERROR, "the password is in url and in password_file: use one of them"
            )
        return self


class Slack(Section):
    """Slack posts. Without a token nothing is posted."""

    token_file: Path | None = Field(default=None, description="file with the bot token; else $SLACK_BOT_TOKEN")
    base_url: str = Field(default="https://slack.com/api/", description="address of Slack's methods")
    channels: dict[str, str] = Field(default={}, description="channel id of a data session, e.g. pass-123456: C0123456")
    lookup_url: str | None = Field(
        default=None,
        description="address of the facility's list of a proposal's channels, for sessions not in `channels`; "
        "{session} and {number}, its digits, are replaced; returns a JSON list of name and conversation_id, or of "
        "channel_name and channel_id",
    )
    lookup_name: str = Field(
        default="{session}-{beamline}", description="name of the proposal's channel in that list, for posts"
    )
    staff_channel: str | None = Field(
        default=None, description="channel id for posts of no proposal; without it these are not posted"
    )
    timeout: float = Field(default=15.0, ge=1, description="time limit of one request, seconds")

    @field_validator("base_url", "lookup_url")
    @classmethod
    def _an_address(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise PydanticCustomError("address", "expected an address that begins with https:// or http://")
        return url

    @field_validator("base_url")
    @classmethod
    def _with_slash(cls, url: str) -> str:
        return url if url.endswith("/") else url + "/"


class Metrics(Section):
    """Prometheus endpoints."""

    host: str = Field(default="127.0.0.1", description="address on which they listen")
    ports: dict[str, int] = Field(default={}, description="port of each worker that has one, e.g. file-manager: 9181")


class Doctor(Section):
    """Expectations of `xafs-workers doctor`."""

    least_free_bytes: int = Field(
        default=1_000_000_000, ge=0, description="free space on a disk below this is a fault, bytes"
    )
    one_account: bool = Field(
        default=False,
        description="true if all workers share an account, as on a laptop: write permissions are then not checked",
    )
