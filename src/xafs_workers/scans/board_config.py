"""What a board needs to know of the beamline: names of columns, channels of detectors, times and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xafs_workers.settings import Columns, Detectors, Reduction, Settings


@dataclass(frozen=True, slots=True)
class BoardConfig:
    """Constants of a board, taken from the settings once.

    Attributes
    ----------
    settling_time
        Time after an end message in which the run's stop document may still come, seconds.
    expiry_time
        Age at which open state is given up, seconds.
    array_bytes, all_array_bytes
        Memory that array-valued data (spectra) of one run, and of all runs, may take.
    fetching_enabled
        Whether runs that did not come as documents are fetched from a catalog.
    """

    columns: Columns = field(default_factory=Columns)
    channels: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: Detectors().channels)
    channel_column: str = "{element}{channel}"
    scan_limit: int = 50
    run_limit: int = 50
    settling_time: float = 2.0
    expiry_time: float = 24 * 3600.0
    reduction: Reduction = field(default_factory=Reduction)
    array_bytes: int = 64 * 1024 * 1024
    all_array_bytes: int = 256 * 1024 * 1024
    fetching_enabled: bool = False

    @classmethod
    def from_settings(cls, settings: Settings, *, fetching_enabled: bool = False) -> BoardConfig:
        """Return the configuration of a board; `fetching_enabled`: its worker asks the catalog, where there is one."""
        return cls(
            fetching_enabled=fetching_enabled and settings.catalog.configured,
            columns=settings.columns,
            channels=settings.detectors.channels,
            channel_column=settings.detectors.column,
            scan_limit=settings.retention.scans,
            run_limit=settings.retention.runs,
            expiry_time=settings.retention.open_hours * 3600.0,
            reduction=settings.reduction,
        )
