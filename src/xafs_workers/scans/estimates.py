"""Positions estimated from the points of a line scan alone, and the height of its signal above the noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]

NOISE_FACTOR = 5.0
"""How many standard deviations of the noise high a signal must be, so that a motor may be moved to it."""

MAD_FACTOR = 1.4826
"""Standard deviation of normal noise divided by the median of its absolute values."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """Positions in the motor's unit; NaN where the data have none.

    Attributes
    ----------
    peak
        Position of the largest value.
    com
        Position of the point at the whole part of the centre-of-mass index sum(i y) / sum(y).
    half_height
        Middle of the outer crossings of half height above the smallest value.
    """

    peak: float
    com: float
    half_height: float

    def to_values(self) -> dict[str, float | None]:
        """Return the positions by name, None where there is none."""
        found = {"peak": self.peak, "com": self.com, "half_height": self.half_height}
        return {name: position if math.isfinite(position) else None for name, position in found.items()}


def compute_estimates(x: Array, y: Array) -> Estimates:
    """Estimate the position of a peak from finite points, shape (n,), in any order of x."""
    left, right = find_half_height(x, y - y.min())
    return Estimates(float(x[np.argmax(y)]), _compute_center_of_mass(x, y), (left + right) / 2.0)


def _compute_center_of_mass(x: Array, y: Array) -> float:
    total = float(y.sum())
    index = float((np.arange(len(y)) * y).sum()) / total if total else math.nan
    return float(x[int(index)]) if math.isfinite(index) and 0 <= index < len(x) else math.nan


def find_half_height(x: Array, y: Array) -> tuple[float, float]:
    """Find the outer crossings of half of the largest value, linearly interpolated; smaller position first.

    NaN where the signal does not fall to half before the scan's end.
    """
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    half = float(y.max()) / 2.0
    above = np.flatnonzero(y >= half)
    first, last = int(above[0]), int(above[-1])
    left = math.nan if first == 0 else interpolate_crossing(x, y, first - 1, half)
    right = math.nan if last == len(x) - 1 else interpolate_crossing(x, y, last, half)
    return left, right


def interpolate_crossing(x: Array, y: Array, i: int, level: float) -> float:
    """Interpolate where the line from point i to the next one crosses a level."""
    return float(x[i] + (level - y[i]) * (x[i + 1] - x[i]) / (y[i + 1] - y[i]))


def compute_noise(y: Array) -> float:
    """Estimate the standard deviation of the noise from the differences between neighbours, shape (n,), n >= 5.

    Third differences remove a smooth signal; the median of their sizes is not moved by few steep points.
    """
    order = 3 if len(y) >= 8 else 2
    variance = sum(math.comb(order, k) ** 2 for k in range(order + 1))
    return MAD_FACTOR * float(np.median(np.abs(np.diff(y, order)))) / math.sqrt(variance)


def compute_height(y: Array) -> float:
    """Compute by how much the largest value exceeds the mean of the lowest quarter of the values, shape (n,), n >= 5.

    A median of three neighbours removes single points, so that one bad reading is no peak.
    """
    medians = smooth(y)
    lowest = np.sort(y)[: max(1, len(y) // 4)]
    return float(medians.max() - lowest.mean())


def is_inverted(y: Array) -> bool:
    """Check whether a signal has a minimum inside the scan and no maximum: both of its ends are high."""
    medians = smooth(y)
    middle = (medians.max() + medians.min()) / 2.0
    return bool(min(medians[0], medians[-1]) > middle)


def smooth(y: Array) -> Array:
    """Compute the medians of three neighbours, shape (n - 2,)."""
    before, here, after = y[:-2], y[1:-1], y[2:]
    return np.maximum(np.minimum(before, here), np.minimum(np.maximum(before, here), after))
