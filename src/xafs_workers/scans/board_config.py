"""Configuration of a board: names of columns, channels of detectors, times and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xafs_workers.scans.arrays import ArrayStore
from xafs_workers.settings import (
    Columns,
    Detectors,
    Goniometer,
    KeyStore,
    Metadata,
    Reduction,
    ReplyKeys,
    Scans,
    Settings,
)
from xafs_workers.settings.profiles import build_default_section

Region = tuple[float, float]
"""First and last energy of a region of interest, eV."""

Regions = Mapping[tuple[str, str], Region]
"""Regions of interest of the fluorescence detectors by element and edge, such as `("Fe", "K")`."""


@dataclass(frozen=True, slots=True)
class BoardConfig:
    """Constants of a board, from the settings.

    Attributes
    ----------
    settling_time
        Time after an end message in which a viewer expects the run's stop document, seconds.
    waits_for_documents
        True for a worker that writes: a scan settles by its documents alone, not by the clock.
    document_patience
        Time, as `ReadingState.attended` counts it, after which documents are no longer waited for, seconds.
    expiry_time
        Age at which an open scan expires, seconds.
    array_bytes, all_array_bytes
        Memory limits of the array-valued data (spectra) of one run, and of all runs, bytes.
    array_store
        Place of what exceeds the limit of one run; None: it is dropped.
    reply_time
        Time for which plans wait for the result of an analysis, seconds.
    reply_keys
        Keys under which they look for it.
    fetching_enabled
        True if runs whose documents are missing are fetched from a catalog.
    regions
        Regions that figures of spectra mark.
    implied_forms
        Forms of the scans that runs without a message become by their documents.
    sequence_gap
        Longest time between two repetitions of a sequence without messages, seconds.
    session_keys
        Places in start documents that name the folder of a session.
    ignored_plans
        Patterns of the names of plans whose runs are readings.
    """

    columns: Columns = field(default_factory=lambda: build_default_section("columns", Columns))
    metadata: Metadata = field(default_factory=Metadata)
    detectors: Detectors = field(default_factory=lambda: build_default_section("detectors", Detectors))
    goniometer: Goniometer = field(default_factory=lambda: build_default_section("goniometer", Goniometer))
    scan_limit: int = 50
    run_limit: int = 50
    settling_time: float = 2.0
    waits_for_documents: bool = False
    document_patience: float = 3600.0
    expiry_time: float = 24 * 3600.0
    reduction: Reduction = field(default_factory=Reduction)
    array_bytes: int = 64 * 1024 * 1024
    all_array_bytes: int = 256 * 1024 * 1024
    array_store: ArrayStore | None = None
    reply_time: float = 13.0
    reply_keys: ReplyKeys = field(default_factory=lambda: build_default_section("key_store", KeyStore).replies)
    fetching_enabled: bool = False
    regions: Regions = field(default_factory=dict[tuple[str, str], Region])
    implied_forms: frozenset[str] = frozenset()
    sequence_gap: float = 900.0
    session_keys: tuple[str, ...] = ()
    ignored_plans: tuple[str, ...] = field(default_factory=lambda: Scans().ignore)

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        *,
        fetching_enabled: bool = False,
        waits_for_documents: bool = False,
        array_store: ArrayStore | None = None,
    ) -> BoardConfig:
        """Build the configuration of a board; runs are fetched if `fetching_enabled` and a catalog is configured."""
        return cls(
            waits_for_documents=waits_for_documents,
            array_store=array_store,
            document_patience=settings.patience.documents,
            fetching_enabled=fetching_enabled and settings.catalog.configured,
            columns=settings.columns,
            metadata=settings.metadata,
            detectors=settings.detectors,
            goniometer=settings.goniometer,
            scan_limit=settings.retention.scans,
            run_limit=settings.retention.runs,
            expiry_time=settings.retention.open_hours * 3600.0,
            reduction=settings.reduction,
            reply_time=settings.key_store.reply_seconds,
            reply_keys=settings.key_store.replies,
            implied_forms=settings.scans.implied_forms,
            sequence_gap=settings.scans.sequence_gap,
            session_keys=(*settings.storage.cycle_keys, *settings.storage.session_keys),
            ignored_plans=settings.scans.ignore,
        )
