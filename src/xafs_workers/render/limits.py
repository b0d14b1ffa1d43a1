"""Limits of axes: exact for a picture, with headroom while a measurement grows."""

from __future__ import annotations

from math import isnan
from typing import NamedTuple

import numpy as np

from xafs_workers.figures.model import Array

HEADROOM_X = 0.25
HEADROOM_Y = 0.15
MARGIN_X = 0.02
MARGIN_Y = 0.06

HUGE = 1e200  # beyond it, the arithmetic of an axis overflows
_FLAT = 1e-9  # relative: below it, a span is rounding noise
_SPARSE = 0.3  # limits of which less than this part is used are drawn in again

Span = tuple[float, float]


class Extent(NamedTuple):
    """The rectangle that holds some points."""

    left: float
    right: float
    bottom: float
    top: float


def of_points(x: Array, y: Array) -> Extent | None:
    """Return the extent of the points whose both coordinates are finite, None if there are none."""
    if len(x) and len(x) == len(y):
        extent = Extent(float(x.min()), float(x.max()), float(y.min()), float(y.max()))
        if all(-HUGE < limit < HUGE for limit in extent):  # as a rule; NaN is not
            return extent
    good = (np.abs(x) < HUGE) & (np.abs(y) < HUGE)
    if not good.any():
        return None
    x, y = x[good], y[good]
    return Extent(float(x.min()), float(x.max()), float(y.min()), float(y.max()))


def of_values(z: Array) -> Span | None:
    """Return the least and greatest value that can be drawn, None if there is none."""
    span = _between(z)
    if span is not None and max(map(abs, span)) >= HUGE:
        span = _between(z[np.abs(z) < HUGE])
    return span


def drawable(z: Array) -> bool:
    """Tell whether each value is NaN or can be drawn."""
    span = _between(z)
    return span is None or max(map(abs, span)) < HUGE


def _between(z: Array) -> Span | None:
    """Return the least and greatest value, infinity too; None if there is none."""
    if not z.size:
        return None
    low, high = float(np.fmin.reduce(z, axis=None)), float(np.fmax.reduce(z, axis=None))
    return None if isnan(low) else (low, high)  # fmin gives NaN where there is nothing else


def union(extents: list[Extent]) -> Extent | None:
    """Return the extent of all, None of none."""
    if not extents:
        return None
    columns = tuple(zip(*extents, strict=True))
    return Extent(min(columns[0]), max(columns[1]), min(columns[2]), max(columns[3]))


def fitted(low: float, high: float, margin: float) -> Span:
    """Return `low` to `high` with a margin, a fraction of their distance, on both sides.

    Equal values get 5 % of their size on both sides, zero gets 1.
    """
    size = max(abs(low), abs(high))
    span = high - low
    if span <= _FLAT * size or span < 1.0 / HUGE:
        pad = 0.05 * size if size > 1.0 / HUGE else 1.0
    else:
        pad = margin * span
    return low - pad, high + pad


def grown(now: Span | None, low: float, high: float, *, margin: float, headroom: float) -> Span:
    """Return limits that hold `low` to `high`: those of `now` if they do, else with headroom where they do not.

    Parameters
    ----------
    now
        Ascending limits in force, None at first.
    headroom
        Fraction of the new span that is added on a side that was exceeded.
    """
    fresh = fitted(low, high, margin)
    if now is None or (high - low) < _SPARSE * (now[1] - now[0]):
        return fresh
    room = headroom * (fresh[1] - fresh[0])
    return (now[0] if low >= now[0] else low - room, now[1] if high <= now[1] else high + room)
