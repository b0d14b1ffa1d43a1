"""All settings of all workers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from xafs_workers.settings.columns import Columns, Detectors, Goniometer, Metadata
from xafs_workers.settings.files import Dossiers, Pictures, Storage
from xafs_workers.settings.services import Doctor, KeyStore, Metrics, Slack
from xafs_workers.settings.sources import Catalog, Kafka
from xafs_workers.settings.views import Screen, Web
from xafs_workers.settings.workers import Failover, Logging, Patience, Recovery, Reduction, Retention, Scans


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
