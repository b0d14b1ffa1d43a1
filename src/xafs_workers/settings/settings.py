"""All settings of all workers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from xafs_workers.settings.columns import Columns, Detectors, Goniometer, Metadata
from xafs_workers.settings.document_sources import Control, Sources
from xafs_workers.settings.files import Assets, Dossiers, Pictures, Storage
from xafs_workers.settings.profiles import DEFAULT_PROFILE, PLAIN_PROFILE, PROFILES, read_profile, select_unset
from xafs_workers.settings.services import Doctor, KeyStore, Metrics, Slack
from xafs_workers.settings.sources import Catalog, Kafka
from xafs_workers.settings.views import Screen, Web
from xafs_workers.settings.workers import Failover, Logging, Patience, Recovery, Reduction, Retention, Scans


class _ProfileSource(PydanticBaseSettingsSource):
    """Source of the settings that the profile adds to the given ones."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """Return no single value: `__call__` returns all."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the profile's settings that are not given."""
        name = self.current_state.get("profile", DEFAULT_PROFILE)
        known = name if name in PROFILES else PLAIN_PROFILE  # an unknown name is refused by its field
        return select_unset(read_profile(known), self.current_state, self.settings_cls)


class Settings(BaseSettings):
    """All settings of all workers."""

    model_config = SettingsConfigDict(
        env_prefix="XAFS_WORKERS_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    profile: Literal["bmm", "plain"] = Field(
        default=DEFAULT_PROFILE,
        description="settings of a beamline below those of this file: bmm, or plain for none; "
        "a table or mapping of this file replaces the profile's",
    )
    beamline: str = Field(default="beamline", description="prefix of topics and consumer groups")
    kafka: Kafka = Kafka()
    sources: Sources = Sources()
    control: Control = Control()
    storage: Storage = Storage()
    columns: Columns = Columns()
    metadata: Metadata = Metadata()
    detectors: Detectors = Detectors()
    goniometer: Goniometer = Goniometer()
    scans: Scans = Scans()
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
    assets: Assets = Assets()
    catalog: Catalog = Catalog()
    logging: Logging = Logging()
    state_directory: Path | None = Field(
        default=None,
        description="folder of ledger and outboxes; else $STATE_DIRECTORY, else ~/.local/state/xafs-workers",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources of the settings, the first one has priority."""
        return init_settings, env_settings, _ProfileSource(settings_cls)

    @model_validator(mode="before")
    @classmethod
    def _move_kafka(cls, given: Any) -> Any:
        """Take `sources.kafka` as the section `kafka`; the options of the command line may add to it."""
        sources = given.get("sources") if isinstance(given, dict) else None
        if not isinstance(sources, dict) or not isinstance(sources.get("kafka"), dict):
            return given
        defaults = Kafka().model_dump()
        top = {key: value for key, value in dict(given.get("kafka", {})).items() if value != defaults.get(key)}
        return {**given, "kafka": {**defaults, **sources["kafka"], **top}}

    @model_validator(mode="after")
    def _check_failover(self) -> Self:
        if self.failover.enabled and (not self.has_kafka_control or self.sources.names != ("kafka",)):
            raise PydanticCustomError(
                "failover", "failover needs documents and control messages from Kafka alone (expected no other source)"
            )
        return self

    @property
    def has_kafka_documents(self) -> bool:
        """Whether documents come from Kafka, alone or beside other sources."""
        return "kafka" in self.sources.names

    @property
    def has_kafka_control(self) -> bool:
        """Whether control messages, answers and heartbeats pass through Kafka."""
        return not self.control.is_local and (self.has_kafka_documents or self.kafka != Kafka())

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
