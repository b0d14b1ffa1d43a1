"""Settings of the workers, a class for each section. Unknown keys are refused."""

from xafs_workers.settings.columns import Columns, Detectors, DetectorTable, Goniometer, Metadata
from xafs_workers.settings.document_sources import (
    Control,
    CurveKeys,
    HttpControl,
    RecordedDocuments,
    Sources,
    TiledDocuments,
    ZmqControl,
    ZmqDocuments,
)
from xafs_workers.settings.files import Assets, Camera, Dossiers, Pictures, Storage
from xafs_workers.settings.section import HIDDEN_VALUE_ERROR, Section
from xafs_workers.settings.services import Doctor, KeyStore, Metrics, ReplyKeys, Slack
from xafs_workers.settings.settings import Settings
from xafs_workers.settings.sources import Catalog, Kafka
from xafs_workers.settings.views import Screen, Web
from xafs_workers.settings.workers import Failover, Logging, Patience, Recovery, Reduction, Retention, Scans

__all__ = [
    "HIDDEN_VALUE_ERROR",
    "Assets",
    "Camera",
    "Catalog",
    "Columns",
    "Control",
    "CurveKeys",
    "DetectorTable",
    "Detectors",
    "Doctor",
    "Dossiers",
    "Failover",
    "Goniometer",
    "HttpControl",
    "Kafka",
    "KeyStore",
    "Logging",
    "Metadata",
    "Metrics",
    "Patience",
    "Pictures",
    "RecordedDocuments",
    "Recovery",
    "Reduction",
    "ReplyKeys",
    "Retention",
    "Scans",
    "Screen",
    "Section",
    "Settings",
    "Slack",
    "Sources",
    "Storage",
    "TiledDocuments",
    "Web",
    "ZmqControl",
    "ZmqDocuments",
]
