"""Settings of Kafka and of the catalog of finished runs."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from xafs_workers.settings.section import HIDDEN_VALUE_ERROR, Section


class Kafka(Section):
    """Kafka cluster and topics. `{beamline}` in a topic's name is replaced."""

    config_file: Path | None = Field(
        default=None,
        description="kafka.yml of the facility; else $BLUESKY_KAFKA_CONFIG_PATH, else /etc/bluesky/kafka.yml",
    )
    bootstrap_servers: str | None = Field(default=None, description="host:port[,host:port]; overrides that of the file")
    control_topic: str = Field(default="{beamline}.test", description="control messages")
    documents_topic: str = Field(default="{beamline}.bluesky.runengine.documents", description="Bluesky documents")
    answers_topic: str = Field(default="{beamline}.workers.answers", description="answers of workers")
    status_topic: str = Field(default="{beamline}.workers.status", description="heartbeats")
    dead_letters_topic: str = Field(
        default="{beamline}.workers.dead-letters", description="records that could not be used, with the reason"
    )
    tag: str = Field(default="bmm", description="first element of a control message on the wire")
    key: str = Field(default="abcdef", description="constant Kafka key of control messages, which keeps their order")
    max_record_bytes: int = Field(
        default=8 * 1024 * 1024, gt=0, description="larger records become dead letters, bytes"
    )


class Catalog(Section):
    """Catalog of finished runs (Tiled), by profile or uri, and waiting times. Without either there is no catalog."""

    profile: str | None = Field(default=None, description="name of a Tiled profile of this account or machine")
    uri: str | None = Field(default=None, description="address of the Tiled server; overrides the profile's")
    path: str = Field(default="", description="path of the runs below that address, e.g. bmm/raw")
    api_key_file: Path | None = Field(default=None, description="file with the API key; else $TILED_API_KEY")
    timeout: float = Field(default=15.0, gt=0, description="time limit of one request, seconds")
    appears_within: float = Field(
        default=20.0,
        ge=0,
        description="screen and browser: wait for an unknown run, seconds (others: patience.documents)",
    )
    complete_within: float = Field(
        default=180.0,
        ge=0,
        description="screen and browser: wait for an incomplete run, seconds (others: patience.documents)",
    )
    outage: float | None = Field(
        default=600.0, ge=0, description="how long to wait for an unreachable server, seconds; null: without limit"
    )
    time_zone: str = Field(
        default="America/New_York", description="time zone of the dates in messages that search for runs"
    )
    session_name: str = Field(
        default="pass-{number}", pattern=r"\{number\}", description="data session of a proposal's number"
    )
    cache_bytes: int = Field(default=256 * 1024 * 1024, ge=0, description="memory for runs that were read, bytes")

    @field_validator("uri")
    @classmethod
    def _without_key(cls, uri: str | None) -> str | None:
        if uri is not None and ("api_key=" in uri or "@" in uri):
            raise PydanticCustomError(HIDDEN_VALUE_ERROR, "no key or password may be part of it: use api_key_file")
        return uri

    @field_validator("time_zone")
    @classmethod
    def _a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise PydanticCustomError("zone", "expected the name of a time zone, e.g. America/New_York") from None
        return name

    @property
    def configured(self) -> bool:
        """Whether a catalog is configured."""
        return bool(self.profile or self.uri)
