"""Fluorescence channels that are dead or saturated: each compared with the others, robustly."""

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
"""To tell the one that differs."""

MIN_POINTS = 20

DEAD_FRACTION = 0.05
"""Of the median channel's counts."""

SATURATED_FRACTION = 0.5
"""Of the median channel's rise over the edge, relative to its own level: one that is saturated stays flat."""

MIN_RISE = 0.2
"""Of the median channel; where there is hardly any rise nothing can be told from it."""


@dataclass(frozen=True, slots=True)
class BadChannel:
    """A channel and what is wrong with it: ``dead`` or ``saturated``."""

    column: str
    state: str

    def __str__(self) -> str:
        return f"channel {self.column} looks {self.state}"


def find_bad_channels(run: Run, rules: BoardConfig, wish: ChannelSelection) -> tuple[BadChannel, ...]:
    """Return the channels of a run that differ from the others, by their counts over I0."""
    found = find_fluorescence_channels(run, rules, wish)
    columns, i0 = found.columns, rules.columns.i0
    if len(columns) < MIN_CHANNELS or i0 not in run.points:
        return ()
    return run.points.compute_once(("bad channels", columns), lambda: _compare_channels(run, columns, i0))


def _compare_channels(run: Run, columns: tuple[str, ...], i0: str) -> tuple[BadChannel, ...]:
    signals = np.array([spectra.compute_ratio(run.points, column, i0) for column in columns])
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
    """Return how far each channel spreads from its low to its high values, relative to the high ones."""
    low, high = np.percentile(signals, [5, 95], axis=1)
    return np.where(high > 0, (high - low) / np.where(high > 0, high, 1.0), 0.0)
