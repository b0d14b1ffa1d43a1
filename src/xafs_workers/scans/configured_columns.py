"""The data keys of a spectrum, by the settings."""

from __future__ import annotations

from xafs_workers.scans.board_config import BoardConfig


def list_column_keys(config: BoardConfig) -> tuple[str, ...]:
    """List the configured data keys of a spectrum."""
    columns = config.columns
    keys = (columns.energy, columns.bragg, columns.i0, columns.it, columns.ir, columns.iy, columns.dwell_time)
    return tuple(filter(None, keys))
