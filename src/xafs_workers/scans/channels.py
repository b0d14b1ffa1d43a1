"""Search for bad fluorescence channels, by comparing each with the median of the others."""

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

DEAD_LEVEL = 0.05
"""Largest level of a dead channel, relative to the median channel's."""

WEAK_LEVEL, STRONG_LEVEL = 0.5, 2.0
"""Levels, relative to the median channel's, beyond which a channel is weak or too strong."""

MAX_MISFIT, MAX_MISFIT_RATIO = 0.025, 3.0
"""Largest misfit of shape, and largest ratio to the median misfit of all channels."""

SATURATED_FRACTION = 0.5
"""Largest rise over the edge of a saturated channel, relative to the rise of the others."""

TOP_FRACTION = 0.85
"""Part of the others' range above which a clipped channel no longer follows them."""

CLIPPED_SLOPE = 0.3
"""Largest slope of a clipped channel at the top, relative to its slope below."""


@dataclass(frozen=True, slots=True)
class BadChannel:
    """A channel and its fault.

    Attributes
    ----------
    state
        ``dead``, ``weak``, ``too strong``, ``saturated, or set to another line``, ``clipped``, ``different in shape``.
    """

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


def describe_channels(run: Run, config: BoardConfig, selection: ChannelSelection) -> tuple[str, ...]:
    """Describe what is wrong with the channels of a run: those that look bad, and those that are missing."""
    found = find_fluorescence_channels(run, config, selection)
    bad = tuple(map(str, find_bad_channels(run, config, selection)))
    if not found.missing:
        return bad
    return (found.describe_missing(), *bad)


@dataclass(frozen=True, slots=True, eq=False)
class ReducedSum:
    """Sum of the good channels divided by I0, on the level of the sum of all.

    Attributes
    ----------
    columns
        Bad channels, which are not in the sum.
    values
        Shape (n,).
    """

    columns: tuple[str, ...]
    values: Array


def compute_sum_without_bad(run: Run, config: BoardConfig, selection: ChannelSelection) -> ReducedSum | None:
    """Compute the sum of a run's channels without the bad ones; None if none is bad, or all are."""
    bad = tuple(one.column for one in find_bad_channels(run, config, selection))
    every = find_fluorescence_channels(run, config, selection).columns
    good = tuple(column for column in every if column not in bad)
    if not bad or not good:
        return None
    return run.points.compute_once(("sum without", bad, good), lambda: _scale_sum(run, config, every, good, bad))


def _scale_sum(
    run: Run, config: BoardConfig, every: tuple[str, ...], good: tuple[str, ...], bad: tuple[str, ...]
) -> ReducedSum:
    whole, rest = (spectra.compute_fluorescence(run, config, columns) for columns in (every, good))
    usual = float(np.nanmedian(rest))
    return ReducedSum(bad, rest * (float(np.nanmedian(whole)) / usual if usual else 1.0))


def _compare_channels(run: Run, columns: tuple[str, ...], config: BoardConfig) -> tuple[BadChannel, ...]:
    signals = np.array([spectra.compute_ratio(run, config, column, config.columns.i0) for column in columns])
    signals = signals[:, np.isfinite(signals).all(axis=0)]
    if signals.shape[1] < MIN_POINTS:
        return ()
    states = judge_channels(signals)
    return tuple(BadChannel(column, state) for column, state in zip(columns, states, strict=True) if state)


def judge_channels(signals: Array) -> tuple[str, ...]:
    """Judge channels by their signals, shape (channels, points); return the fault of each, '' for none.

    A channel's shape is compared with that of the others: the residual of a straight line through its signal against
    the median of theirs, smoothed, relative to the line's rise over the others' range.
    """
    levels = np.median(signals, axis=1)
    usual = float(np.median(levels))
    dead = levels <= DEAD_LEVEL * usual
    misfits = np.full(len(signals), np.nan)
    alive: list[int] = np.flatnonzero(~dead).tolist()
    for at in alive:
        others = [one for one in alive if one != at]
        if len(others) > 1:
            misfits[at] = _compute_misfit(signals[at], _compute_rest(signals[others], levels[others]))
    known = misfits[np.isfinite(misfits)]
    limit = max(MAX_MISFIT, MAX_MISFIT_RATIO * float(np.median(known))) if len(known) else np.inf
    return tuple(
        "dead" if dead[at] else _name_fault(signals, levels, at, alive, is_odd=bool(misfits[at] > limit))
        for at in range(len(signals))
    )


def _name_fault(signals: Array, levels: Array, at: int, alive: list[int], *, is_odd: bool) -> str:
    level = levels[at] / np.median(levels)
    if is_odd:
        others = [one for one in alive if one != at]
        return _name_shape(signals[at], _compute_rest(signals[others], levels[others]))
    return "weak" if level < WEAK_LEVEL else "too strong" if level > STRONG_LEVEL else ""


def _compute_rest(signals: Array, levels: Array) -> Array:
    """Compute the median of channels, each divided by its median."""
    return np.median(signals / levels[:, None], axis=0)


def _compute_misfit(signal: Array, rest: Array) -> float:
    slope, offset = np.polyfit(rest, signal, 1)
    window = max(1, round(len(signal) / 40))
    smooth = np.convolve(signal - slope * rest - offset, np.full(window, 1.0 / window), mode="valid")
    low, high = np.percentile(rest, [5, 95])
    rise = abs(slope) * (high - low)
    return float(np.std(smooth) / rise) if rise > 0 else np.inf


def _name_shape(signal: Array, rest: Array) -> str:
    if _compute_rise(signal) < SATURATED_FRACTION * _compute_rise(rest):
        return "saturated, or set to another line"
    low, high = np.percentile(rest, [5, 95])
    top = rest > low + TOP_FRACTION * (high - low)
    if min(np.count_nonzero(top), np.count_nonzero(~top)) > 2:
        below, above = (float(np.polyfit(rest[part], signal[part], 1)[0]) for part in (~top, top))
        if above < CLIPPED_SLOPE * below:
            return "clipped"
    return "different in shape"


def _compute_rise(signal: Array) -> float:
    """Compute the rise of a signal from its low to its high values, relative to the high ones."""
    low, high = np.percentile(signal, [5, 95])
    return float((high - low) / high) if high > 0 else 0.0
