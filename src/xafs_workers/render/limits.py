"""Axis limits: tight for a picture, with headroom while a measurement grows."""

from __future__ import annotations

from math import isnan
from typing import NamedTuple

import numpy as np

from xafs_workers.figures.model import Array

MARGIN_X = 0.02
MARGIN_Y = 0.06
MARKED_MARGINS = (0.05, 0.1)
"""Margins of x and y where a panel has marks, which are larger than points."""

MAX_MAGNITUDE = 1e200  # larger values overflow in the arithmetic of an axis
_FLAT_TOLERANCE = 1e-9  # relative; a smaller span is rounding noise
_MIN_USED_FRACTION = 0.3  # limits shrink again when the data fill less than this fraction of them
_EARLY_HEADROOM = 1.0  # doubles the limits: the first points span little, and each growth redraws the panel
_HEADROOM = 0.4
_EARLY_POINTS = 30
_QUICK_POINTS = 10
_MIN_POINTS = 5  # fewer points do not show yet how far they scatter, so limits do not shrink to them

Interval = tuple[float, float]


class Extent(NamedTuple):
    """Smallest rectangle that contains some points."""

    left: float
    right: float
    bottom: float
    top: float


def compute_extent(x: Array, y: Array) -> Extent | None:
    """Return the extent of the points that can be drawn, None if there are none.

    A point can be drawn if both coordinates are finite and smaller than `MAX_MAGNITUDE`.
    """
    if len(x) and len(x) == len(y):
        extent = Extent(float(x.min()), float(x.max()), float(y.min()), float(y.max()))
        if all(-MAX_MAGNITUDE < limit < MAX_MAGNITUDE for limit in extent):  # the usual case; False for NaN
            return extent
    good = (np.abs(x) < MAX_MAGNITUDE) & (np.abs(y) < MAX_MAGNITUDE)
    if not good.any():
        return None
    x, y = x[good], y[good]
    return Extent(float(x.min()), float(x.max()), float(y.min()), float(y.max()))


def compute_interval(z: Array) -> Interval | None:
    """Return the smallest and the largest value that can be drawn, None if there is none."""
    span = _compute_raw_interval(z)
    if span is not None and max(map(abs, span)) >= MAX_MAGNITUDE:
        span = _compute_raw_interval(z[np.abs(z) < MAX_MAGNITUDE])
    return span


def is_drawable(z: Array) -> bool:
    """Check whether every value is NaN or can be drawn."""
    span = _compute_raw_interval(z)
    return span is None or max(map(abs, span)) < MAX_MAGNITUDE


def _compute_raw_interval(z: Array) -> Interval | None:
    """Return the smallest and the largest value, infinity included; None if all are NaN."""
    if not z.size:
        return None
    low, high = float(np.fmin.reduce(z, axis=None)), float(np.fmax.reduce(z, axis=None))
    return None if isnan(low) else (low, high)  # fmin returns NaN only if all values are NaN


def merge_extents(extents: list[Extent]) -> Extent | None:
    """Return the extent that contains all the given extents, None for an empty list."""
    if not extents:
        return None
    columns = tuple(zip(*extents, strict=True))
    return Extent(min(columns[0]), max(columns[1]), min(columns[2]), max(columns[3]))


def fit_interval(low: float, high: float, margin: float) -> Interval:
    """Return the interval from `low` to `high`, enlarged on both sides by `margin` times its length.

    Equal values get a margin of 5 % of their magnitude, zero gets a margin of 1.
    """
    size = max(abs(low), abs(high))
    span = high - low
    if span <= _FLAT_TOLERANCE * size or span < 1.0 / MAX_MAGNITUDE:
        pad = 0.05 * size if size > 1.0 / MAX_MAGNITUDE else 1.0
    else:
        pad = margin * span
    return low - pad, high + pad


def choose_headroom(points: int, since: int) -> float:
    """Return the headroom for a panel whose longest curve has so many points.

    Limits grow by at least this fraction, so their number of changes is at most logarithmic in the span.

    Parameters
    ----------
    since
        Number of points since the limits changed last. If they are few, the signal changes quickly, as at an edge.
    """
    return _EARLY_HEADROOM if points < _EARLY_POINTS or since < _QUICK_POINTS else _HEADROOM


def has_enough_points(points: int) -> bool:
    """Check whether a curve is long enough for limits to shrink to it."""
    return points >= _MIN_POINTS


def expand_interval(
    current: Interval | None, low: float, high: float, *, margin: float, headroom: float, can_shrink: bool = True
) -> Interval:
    """Return limits that contain `low` to `high`, changing the current limits only where the data exceed them.

    Parameters
    ----------
    current
        Present limits in ascending order, None at first.
    headroom
        Fraction of the new span that is added on a side where the data exceed the present limits.
    can_shrink
        Whether limits that are far too wide are fitted to the data again.
    """
    fresh = fit_interval(low, high, margin)
    if current is None or (can_shrink and (high - low) < _MIN_USED_FRACTION * (current[1] - current[0])):
        return fresh
    room = headroom * (fresh[1] - fresh[0])
    return (current[0] if low >= current[0] else low - room, current[1] if high <= current[1] else high + room)


def fit_to_scale(extent: Extent, width: float, height: float, smallest: float) -> tuple[float, float]:
    """Return the size of axes within `width` and `height` on which both directions have the same scale.

    Parameters
    ----------
    smallest
        Where an axis would be shorter than this, the whole size is returned, and the scales differ.
    """
    across, up = extent.right - extent.left, extent.top - extent.bottom
    if not (across > 0.0 and up > 0.0):
        return width, height
    scale = min(width / across, height / up)
    size = scale * across, scale * up
    return size if min(size) >= smallest else (width, height)
