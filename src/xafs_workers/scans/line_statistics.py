"""Statistics of a line scan from its points alone: peak, centre of mass, width at half height, middle of a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from xafs_workers.scans.estimates import NOISE_FACTOR, compute_noise, interpolate_crossing, is_inverted, smooth
from xafs_workers.scans.peak_statistics import compute_center_of_mass

Array = np.ndarray[Any, np.dtype[np.float64]]

Form = Literal["peak", "dip", "step", ""]
"""What a signal looks like; '' where it is not higher than its noise."""

LEAST_POINTS = 3
JUDGED_POINTS = 15
"""Smallest number of points of which the noise is estimated; in fewer, every signal passes for one."""

LEVEL_PART = 0.25
"""Part of its range within which a signal must begin and end, one below and one above, to be a step."""


@dataclass(frozen=True, slots=True)
class LineStatistics:
    """Statistics of a line scan; positions in the motor's unit, None where the data do not give one.

    Attributes
    ----------
    max_position, max_value, min_position, min_value
        Largest and smallest value, and where they are; of equal values the one that was measured first.
    com
        Position at the fractional index sum(i y) / sum(y), linearly interpolated.
    level
        Half height: the middle between the smallest and the largest value.
    crossings
        Where the signal crosses this level, linearly interpolated, in ascending order.
    spacing, span
        Mean distance of neighbouring points, and distance of the outer ones.
    """

    form: Form
    max_position: float
    max_value: float
    min_position: float
    min_value: float
    com: float | None
    level: float
    crossings: tuple[float, ...]
    spacing: float
    span: float

    @property
    def center(self) -> float | None:
        """Mean of the crossings: of a step its middle, of a peak the middle of its half height."""
        return float(np.mean(self.crossings)) if self.crossings else None

    @property
    def fwhm(self) -> float | None:
        """Distance of the outer crossings."""
        return self.crossings[-1] - self.crossings[0] if len(self.crossings) > 1 else None

    def to_values(self) -> dict[str, Any]:
        """Return the statistics by the names that Bluesky's `PeakStats` uses, and what the signal looks like."""
        return {
            "form": self.form,
            "max": self.max_position,
            "max_value": self.max_value,
            "min": self.min_position,
            "min_value": self.min_value,
            "com": self.com,
            "cen": self.center,
            "fwhm": self.fwhm,
            "crossings": list(self.crossings),
        }


def compute_line_statistics(x: Array, y: Array) -> LineStatistics | None:
    """Compute the statistics of points, shape (n,), in any order; None for fewer than three, or a constant position.

    The formulas are those of `bluesky.callbacks.fitting.PeakStats` without its background, for points in the order of
    x. Points that are not finite are left out.
    """
    usable = np.isfinite(x) & np.isfinite(y)
    x, y = x[usable], y[usable]
    if len(x) < LEAST_POINTS or x.min() == x.max():
        return None
    largest, smallest = (float(x[np.argmax(y)]), float(y.max())), (float(x[np.argmin(y)]), float(y.min()))
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    level = (largest[1] + smallest[1]) / 2.0
    places = np.flatnonzero(np.diff((y > level).astype(int)))
    return LineStatistics(
        _find_form(y, level),
        *largest,
        *smallest,
        compute_center_of_mass(x, y),
        level,
        tuple(interpolate_crossing(x, y, int(place), level) for place in places),
        float(x[-1] - x[0]) / (len(x) - 1),
        float(x[-1] - x[0]),
    )


def _find_form(y: Array, level: float) -> Form:
    """Find what a signal looks like, y in the order of x."""
    if np.ptp(y) == 0.0:
        return ""
    if len(y) >= JUDGED_POINTS and not np.ptp(smooth(y)) > NOISE_FACTOR * compute_noise(y):
        return ""
    ends = sorted(((sorted(part.tolist())[1] - float(y.min())) / float(np.ptp(y))) for part in (y[:3], y[-3:]))
    if len(y) > 2 * LEAST_POINTS and ends[0] <= LEVEL_PART and ends[1] >= 1.0 - LEVEL_PART:
        return "step"
    return "dip" if is_inverted(y) else "peak"
