"""Statistics of a peak from its points alone: largest value, centre of mass, width at half height."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.scans.estimates import interpolate_crossing

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class PeakStatistics:
    """Statistics of a peak; positions in the motor's unit, None where the data do not give one.

    Attributes
    ----------
    com
        Position at the fractional index sum(i y) / sum(y), linearly interpolated.
    fwhm, fwhm_center
        Distance and middle of the two crossings of half height next to the largest value.
    peak, peakpos
        Largest value and its position.
    """

    com: float | None
    fwhm: float | None
    fwhm_center: float | None
    peak: float
    peakpos: float

    def to_values(self) -> dict[str, float | None]:
        """Return the statistics by the names that plans use."""
        return {
            "com": self.com,
            "fwhm": self.fwhm,
            "fwhm_center": self.fwhm_center,
            "peak": self.peak,
            "peakpos": self.peakpos,
        }


def compute_peak_statistics(x: Array, y: Array) -> PeakStatistics:
    """Compute the statistics of finite points, shape (n,), in any order of x; no background is subtracted.

    A peak that does not fall to half of its height on one side has no width and no middle, nor has one below zero.
    """
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    largest = int(np.argmax(y))
    half = float(y[largest]) / 2.0
    below = np.flatnonzero(y < half)
    left, right = below[below < largest], below[below > largest]
    fwhm = center = None
    if half > 0.0 and len(left) and len(right):
        low = interpolate_crossing(x, y, int(left[-1]), half)
        high = interpolate_crossing(x, y, int(right[0]) - 1, half)
        fwhm, center = high - low, (high + low) / 2.0
    return PeakStatistics(compute_center_of_mass(x, y), fwhm, center, float(y[largest]), float(x[largest]))


def compute_center_of_mass(x: Array, y: Array) -> float | None:
    """Compute the position at the fractional index sum(i y) / sum(y) of points in the order of x, shape (n,).

    None where that index is outside of the points.
    """
    total = float(y.sum())
    index = float((np.arange(len(y)) * y).sum()) / total if total else math.nan
    return float(np.interp(index, np.arange(len(x)), x)) if 0 <= index <= len(x) - 1 else None
