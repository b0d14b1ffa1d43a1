"""Settings of the workers, a class for each section. Unknown keys are refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

HIDDEN_VALUE_ERROR = "not_shown"
"""Type of the error whose value is not shown."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Kafka(_Section):
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


class Storage(_Section):
    """Folders of a group's files."""

    proposals_root: Path = Field(
        default=Path("/nsls2/data3/bmm/proposals"),
        description="folder that contains <cycle>/<data_session>; must exist",
    )
    root_aliases: dict[str, str] = Field(
        default={"/nsls2/data/bmm/proposals": "/nsls2/data3/bmm/proposals"}, description="other names of the same root"
    )
    cycle: str | None = Field(default=None, description="cycle of runs whose start document names none")
    cycle_keys: tuple[str, ...] = Field(
        default=("cycle", "XDI.Facility.cycle"),
        description="keys of the outer folder in start documents, the first that exists is used; inner keys after dots",
    )
    session_keys: tuple[str, ...] = Field(
        default=("data_session",), description="keys of the group's folder in start documents"
    )
    commissioning_keys: tuple[str, ...] = Field(
        default=("XDI.Facility.commissioning",),
        description="keys that are true in start documents of commissioning; their outer folder is not the cycle",
    )
    commissioning_folder: str = Field(default="commissioning", description="outer folder of commissioning")
    copy_sources: tuple[Path, ...] = Field(
        default=(), description="folders, besides the proposals root, from which files may be copied"
    )
    copy_max_bytes: int = Field(default=20_000_000_000, gt=0, description="largest file that is copied, bytes")
    refused_path_seconds: float = Field(
        default=300.0,
        ge=0,
        description="how long a message waits whose path alone is refused (no permission), seconds; then it fails",
    )


class Columns(_Section):
    """Names of the data keys at this beamline."""

    i0: str = "I0"
    it: str = "It"
    ir: str = "Ir"
    iy: str = "Iy"
    pips: str = Field(default="Pips", description="current of the PIPS diode, which measures fluorescence")
    diode: str = Field(default="Diode", description="current of the photodiode, which measures a reflected beam")
    diffuse: tuple[str, ...] = Field(
        default=("diffuse", "dir"),
        description="diffuse scattering on an area detector: the first key that a run has",
    )
    specular: tuple[str, ...] = Field(
        default=("specular", "refl"), description="specular scattering: the first key that a run has"
    )
    area_total: str = Field(default="full", description="counts on the whole area detector, for maps")
    energy: str = "dcm_energy"
    dwell_time: str = Field(default="dwti_dwell_time", description="dwell time, seconds")
    downwards: tuple[str, ...] = Field(
        default=("xafs_y",), description="slow axes of maps that are drawn with positions growing downwards"
    )


class Detectors(_Section):
    """Channels of each fluorescence detector, in the order in which they are summed."""

    channels: dict[str, tuple[int, ...]] = {
        "1-element SDD": (8,),
        "4-element SDD": (1, 2, 3, 4),
        "7-element SDD": (1, 2, 3, 4, 5, 6, 7),
        "dante": (1, 2, 3, 4, 5, 6, 7),
    }
    column: str = Field(
        default="{element}{channel}",
        pattern=r"\{channel\}",
        description="data key of a channel's region of interest; {element} is optional",
    )
    regions_file: Path | None = Field(
        default=None,
        description="JSON file with `low` and `high` of each element's edges, in bins of 10 eV (e.g. rois.json of the "
        "profile): figures of spectra mark them; read again when the session sends `reset_rois`",
    )


class Goniometer(_Section):
    """Data keys and constants of reflectivity measured on the goniometer with a Mythen strip detector."""

    eta: str = Field(default="eta", description="angle of the sample, degrees")
    delta: str = Field(default="delta", description="angle of the detector, degrees")
    nu: str = Field(default="nu", description="second angle of the detector, degrees")
    direct: str = Field(default="dir", description="counts in the region of the direct beam")
    reflected: str = Field(default="refl", description="counts in the region of the reflected beam")
    largest: str = Field(default="max_counts", description="counts of the pixel with most counts")
    total: str = Field(default="mca_full", description="counts of all pixels")
    monitor: str = Field(default="monitor", description="counts of the beam monitor")
    attenuator: str = Field(default="attenuator_attenuation", description="setting of the attenuator, a whole number")
    image: str = Field(default="mythen-2_image", description="counts of each pixel")
    attenuator_factors: tuple[float, ...] = Field(
        default=(1.0, 6.67114, 44.16972, 273.1222, 1800.653, 11568.12, 92113.0, 468725.0, 1442273.0),
        description="factor of each setting of the attenuator, from 0 on, by which counts are multiplied",
    )
    count_limit: float = Field(
        default=120_000.0, gt=0, description="counts of one pixel above which the detector may be saturated"
    )
    pixel_width: float = Field(default=0.05, gt=0, description="width of a pixel, mm")


class Screen(_Section):
    """The on-screen plot manager."""

    large: bool = Field(default=False, description="large type, readable at four metres")
    stale_seconds: float = Field(
        default=10.0,
        gt=0,
        description="age of the newest record, seconds, from which data of a running scan are marked as stale",
    )


class Web(_Section):
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


class ReplyKeys(_Section):
    """Keys under which plans look for the results of analyses; each of several gets the same text."""

    peak_position: tuple[str, ...] = Field(
        default=("BMM:peak_position", "BMM:peakposition"),
        description="position of a peak, an edge or a slot, as a number in text",
    )
    spinner_height_run: tuple[str, ...] = Field(
        default=("BMM:ga:xy_uid",), description="uid of the last linear scan of a glancing angle alignment"
    )
    spinner_pitch_run: tuple[str, ...] = Field(
        default=("BMM:ga:pitch_uid",), description="uid of the last pitch scan of a glancing angle alignment"
    )
    spinner_fluorescence_run: tuple[str, ...] = Field(
        default=("BMM:ga:fluo_uid",), description="uid of the fluorescence scan of a glancing angle alignment"
    )
    peak_statistics: tuple[str, ...] = Field(
        default=("BMM:xrd:peak_stats",), description="statistics of a peak, as the text of a Python dict"
    )
    mythen_calibration: tuple[str, ...] = Field(
        default=("BMM:xrd:mythen_calibration",), description="geometry of the Mythen detector, as the text of a dict"
    )


class KeyStore(_Section):
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


class Camera(_Section):
    """A camera whose picture a dossier shows."""

    name: str = Field(description="caption of its picture")
    files: tuple[str, ...] = Field(description="fields of XDI._snapshots with the picture's name, the first is used")
    uids: tuple[str, ...] = Field(default=(), description="fields of XDI._snapshots with the uid of its run")


class Dossiers(_Section):
    """Pages of dossiers."""

    cameras: tuple[Camera, ...] = Field(
        default=(
            Camera(name="XAS web camera", files=("webcam_file",), uids=("webcam_uid",)),
            Camera(name="analog pinhole camera", files=("analog_file",), uids=("anacam_uid", "analog_uid")),
            Camera(name="USB camera #1", files=("usb1_file",), uids=("usbcam1_uid", "usb1_uid")),
            Camera(name="USB camera #2", files=("usb2_file",), uids=("usbcam2_uid", "usb2_uid")),
            Camera(name="GigE camera #8", files=("cam8_file",), uids=("cam8_uid",)),
            Camera(name="GigE camera #9", files=("cam9_file",), uids=("cam9_uid",)),
        ),
        description="cameras whose pictures are shown, in this order; a picture that a run has not is left out",
    )


class Slack(_Section):
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


class Metrics(_Section):
    """Prometheus endpoints."""

    host: str = Field(default="127.0.0.1", description="address on which they listen")
    ports: dict[str, int] = Field(default={}, description="port of each worker that has one, e.g. file-manager: 9181")


class Doctor(_Section):
    """Expectations of `xafs-workers doctor`."""

    least_free_bytes: int = Field(
        default=1_000_000_000, ge=0, description="free space on a disk below this is a fault, bytes"
    )
    one_account: bool = Field(
        default=False,
        description="true if all workers share an account, as on a laptop: write permissions are then not checked",
    )


class Retention(_Section):
    """Number of ended scans and runs kept in memory."""

    scans: int = Field(default=50, ge=1, description="number of ended scans whose figures stay")
    runs: int = Field(default=50, ge=1, description="number of finished runs that belong to no scan")
    open_hours: float = Field(default=24.0, gt=0, description="open scans older than this are closed and dropped")


class Patience(_Section):
    """Times for which the workers that write files wait, of their own running time with all topics read."""

    documents: float = Field(
        default=3600.0,
        gt=0,
        description="how long documents of an ended scan, or of a run that a message names, are waited for, seconds; "
        "then the message fails",
    )


class Recovery(_Section):
    """Recovery of open scans at start."""

    look_back_hours: float = Field(
        default=12.0, gt=0, description="screen and browser: how far back they search for open scans"
    )


class Failover(_Section):
    """Two instances of the file manager, or of the headless plot manager: one acts, the other takes over."""

    enabled: bool = Field(
        default=False, description="true: instances of a worker share a ledger on Kafka, and only one of them acts"
    )
    takeover_seconds: float = Field(
        default=10.0,
        ge=3,
        le=25,
        description="time without a sign of life of the instance that acts after which another takes over, seconds",
    )
    ledger_topic: str = Field(
        default="{beamline}.workers.{worker}.ledger",
        description="topic of one partition with lease and ledger of a worker; {beamline} and {worker} are replaced",
    )


class Pictures(_Section):
    """Pictures in the proposal folder."""

    also: tuple[Literal["pdf", "svg"], ...] = Field(default=(), description="additional formats of each picture")
    dots_per_inch: int = Field(default=120, ge=50, le=600)


class Reduction(_Section):
    """Reduction of XAFS sequences while they are measured."""

    target_noise: float | None = Field(
        default=1e-3,
        gt=0,
        description="epsilon_k that the merge should reach, for the advice `about n more`; null: no advice",
    )
    interim_above: int = Field(
        default=5, ge=1, description="sequences with more repetitions than this get interim pictures"
    )
    interim_every: int = Field(default=3, ge=1, description="number of repetitions between interim pictures")
    task_seconds: float = Field(
        default=60.0, gt=0, description="time limit of a reduction, seconds; a longer one is killed and repeated"
    )
    idle_seconds: float = Field(
        default=600.0, gt=0, description="Larch's process ends after so long without a task; the next one starts it"
    )


class Catalog(_Section):
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


class Logging(_Section):
    """Level and form of logs."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    style: Literal["text", "json"] = "text"
    heartbeat_seconds: float = Field(
        default=10.0, gt=0, description="interval of heartbeats; a log line at least each minute"
    )


class Settings(BaseSettings):
    """All settings of all workers."""

    model_config = SettingsConfigDict(
        env_prefix="XAFS_WORKERS_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    beamline: str = Field(default="bmm", description="prefix of topics and consumer groups")
    kafka: Kafka = Kafka()
    storage: Storage = Storage()
    columns: Columns = Columns()
    detectors: Detectors = Detectors()
    goniometer: Goniometer = Goniometer()
    retention: Retention = Retention()
    patience: Patience = Patience()
    recovery: Recovery = Recovery()
    failover: Failover = Failover()
    pictures: Pictures = Pictures()
    screen: Screen = Screen()
    web: Web = Web()
    key_store: KeyStore = KeyStore()
    slack: Slack = Slack()
    dossiers: Dossiers = Dossiers()
    metrics: Metrics = Metrics()
    doctor: Doctor = Doctor()
    reduction: Reduction = Reduction()
    catalog: Catalog = Catalog()
    logging: Logging = Logging()
    state_directory: Path | None = Field(
        default=None,
        description="folder of ledger and outboxes; else $STATE_DIRECTORY, else ~/.local/state/xafs-workers",
    )

    def get_topic(self, which: Literal["control", "documents", "answers", "status", "dead_letters"]) -> str:
        """Return the name of a topic at this beamline."""
        return getattr(self.kafka, f"{which}_topic").format(beamline=self.beamline)

    def get_ledger_topic(self, worker: str) -> str:
        """Return the name of the topic with the shared ledger of a worker."""
        return self.failover.ledger_topic.format(beamline=self.beamline, worker=worker)

    def find_state_folder(self) -> Path:
        """Return the state folder of the workers (not created)."""
        given = self.state_directory or os.environ.get("STATE_DIRECTORY", "").split(":")[0]
        return Path(given or "~/.local/state/xafs-workers").expanduser()
