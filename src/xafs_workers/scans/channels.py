"""Search for dead and saturated fluorescence channels, by comparing each with the median of all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import ChannelSelection, find_fluorescence_channels
from xafs_workers.scans.runs import Run

Array = np.ndarray[Any, np.dtype[np.float64]]

MIN_CHANNELS = 3
"""Smallest number of channels in which one that differs can be found."""

MIN_POINTS = 20

DEAD_FRACTION = 0.05
"""Largest counts of a dead channel, relative to the median channel's."""

SATURATED_FRACTION = 0.5
"""Largest rise over the edge of a saturated channel, relative to the median channel's rise."""

MIN_RISE = 0.2
"""Smallest rise of the median channel, relative to its level, from which saturation can be judged."""


@dataclass(frozen=True, slots=True)
class BadChannel:
    """A channel and its fault: ``dead`` or ``saturated``."""

    column: str
    state: str

    def __str__(self) -> str:
        return f"channel {self.column} looks {self.state}"


def find_bad_channels(run: Run, config: BoardConfig, selection: ChannelSelection) -> tuple[BadChannel, ...]:
    """Find the channels of a run that differ from the others, by their counts divided by I0."""
    found = find_fluorescence_channels(run, config, selection)
    columns, i0 = found.columns, config.columns.i0
    if len(columns) < MIN_CHANNELS or i0 not in run.points:
        return ()
    return run.points.compute_once(("bad channels", columns), lambda: _compare_channels(run, columns, config))


def _compare_channels(run: Run, columns: tuple[str, ...], config: BoardConfig) -> tuple[BadChannel, ...]:
    signals = np.array([spectra.compute_ratio(run, config, column, config.columns.i0) for column in columns])
    signals = signals[:, np.isfinite(signals).all(axis=0)]
    if signals.shape[1] < MIN_POINTS:
        return ()
    levels = np.median(signals, axis=1)
    dead = levels <= DEAD_FRACTION * np.median(levels)
    rises = _compute_rises(signals)
    usual = np.median(rises[~dead]) if (~dead).any() else 0.0
    flat = (rises < SATURATED_FRACTION * usual) & (usual > MIN_RISE)
    states = (
        "dead" if is_dead else "saturated" if is_flat else "" for is_dead, is_flat in zip(dead, flat, strict=True)
    )
    return tuple(BadChannel(column, state) for column, state in zip(columns, states, strict=True) if state)


def _compute_rises(signals: Array) -> Array:
    """Compute the rise of each channel from its low to its high values, relative to the high ones."""
    low, high = np.percentile(signals, [5, 95], axis=1)
    return np.where(high > 0, (high - low) / np.where(high > 0, high, 1.0), 0.0)
