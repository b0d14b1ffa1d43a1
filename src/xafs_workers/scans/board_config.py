"""What a board needs to know of the beamline: names of columns, channels of detectors, times and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xafs_workers.settings import Columns, Detectors, Reduction, Settings


@dataclass(frozen=True, slots=True)
class Rules:
    """Constants of a board, taken from the settings once.

    Attributes
    ----------
    settle
        Time after an end message in which the run's stop document may still come, seconds.
    release
        Age at which open state is given up, seconds.
    array_bytes, all_array_bytes
        Memory that array-valued data (spectra) of one run, and of all runs, may take.
    fetches
        Whether runs that did not come as documents are fetched from a catalog.
    """

    columns: Columns = field(default_factory=Columns)
    channels: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: Detectors().channels)
    channel_column: str = "{element}{channel}"
    keep_scans: int = 50
    keep_runs: int = 50
    settle: float = 2.0
    release: float = 24 * 3600.0
    reduction: Reduction = field(default_factory=Reduction)
    array_bytes: int = 64 * 1024 * 1024
    all_array_bytes: int = 256 * 1024 * 1024
    fetches: bool = False

    @classmethod
    def from_settings(cls, settings: Settings, *, fetches: bool = False) -> Rules:
        """Take from the settings what a board needs; `fetches`: its worker asks the catalog, where there is one."""
        return cls(
            fetches=fetches and settings.catalog.configured,
            columns=settings.columns,
            channels=settings.detectors.channels,
            channel_column=settings.detectors.column,
            keep_scans=settings.retention.scans,
            keep_runs=settings.retention.runs,
            release=settings.retention.open_hours * 3600.0,
            reduction=settings.reduction,
        )
