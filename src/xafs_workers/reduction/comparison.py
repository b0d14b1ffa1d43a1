"""Comparison of repetitions: edge position, edge step, shape and noise of each against the median of all."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.reduction.curves import Array, Curve, Mask, compute_misses, compute_point_noise
from xafs_workers.reduction.grid import build_grid, interpolate
from xafs_workers.reduction.spikes import rate_spikes

BEFORE_E0, BEYOND_E0 = 30.0, 70.0
"""Window about e0 in which repetitions are compared, eV."""

MIN_START_SHIFT = 3.0
"""Difference of the e0 from which it is the start of the fit, eV: the fit finds no larger shift by itself."""

LOST_SHIFT = 5.0
"""Shift from which the monochromator has lost its position, eV."""

OTHER_SHAPE, NOTED_SHAPE = 0.10, 0.02
"""Deviations of shape, as fractions of the edge step, from which a repetition is another spectrum, or is noted."""

SHAPE_NOISES = 4.0
"""Smallest ratio of a deviation of shape to the noise of the two curves."""

SPIKES_BEFORE, SPIKES_BEYOND = 20.0, 50.0
"""Window about e0 in which only the residual of the comparison shows spikes, eV."""

MAX_SPIKES = 3
"""Largest number of spikes that are looked for near an edge."""

MIN_POINTS = 8
"""Smallest number of points for a comparison."""


@dataclass(frozen=True, slots=True, eq=False)
class ComparedCurve:
    """A normalised repetition for the comparison.

    Attributes
    ----------
    energy, mu
        Energies (eV), ascending, and mu.
    norm
        (mu - pre-edge line) / edge step.
    e0, edge_step
        Its own e0 (eV) and edge step.
    """

    energy: Array
    mu: Array
    norm: Array
    e0: float
    edge_step: float


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What all repetitions are compared with, and what is computed from it once.

    Attributes
    ----------
    curve
        Energies (eV) and values, normalised.
    e0
        Its edge position, eV.
    spline
        Its cubic spline near e0, over E - e0.
    noise
        Noise of one of its points.
    """

    curve: Curve
    e0: float
    spline: Any
    noise: float


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Fit of mu = a + b (E - e0) + c ref(E - d).

    Attributes
    ----------
    shift, sigma
        d and its standard deviation, eV.
    scale
        c, the edge step if the reference is normalised.
    shape
        Rms of the residual, divided by |c|.
    noise
        Noise of a point of the two curves together, divided by |c|.
    spikes
        Points that the fit left out, shape (n,) of the curve.
    """

    shift: float
    sigma: float
    scale: float
    shape: float
    noise: float
    spikes: Mask

    @property
    def is_lost(self) -> bool:
        """Whether the monochromator had lost its position."""
        return abs(self.shift) > LOST_SHIFT

    @property
    def is_other_spectrum(self) -> bool:
        """Whether the curve has another shape than the reference."""
        return self.scale <= 0 or (self.shape > OTHER_SHAPE and self.shape > SHAPE_NOISES * self.noise)

    @property
    def has_other_shape(self) -> bool:
        """Whether the difference of shape is noted."""
        return self.shape > NOTED_SHAPE and self.shape > SHAPE_NOISES * self.noise


def compare_curves(curves: Sequence[ComparedCurve]) -> tuple[Fit | None, ...]:
    """Fit each repetition by the median of all normalised ones; of two, the first takes the place of the median.

    A repetition that has too few points about e0 cannot be compared: None.
    """
    if len(curves) < 2:
        return (None,) * len(curves)
    median = build_median([(one.energy, one.norm) for one in (curves if len(curves) > 2 else curves[:1])])
    e0 = float(np.median([one.e0 for one in curves])) if len(curves) > 2 else curves[0].e0
    alone = None if len(curves) > 2 else curves[0]
    reference = build_reference(median, e0)
    return tuple(fit_shift(one, reference, alone) for one in curves)


def build_reference(curve: Curve, e0: float) -> Reference:
    """Build a reference from normalised values and their edge position, eV."""
    return Reference(curve, e0, _build_spline(curve, e0), compute_point_noise(*curve))


def build_median(curves: Sequence[Curve]) -> Curve:
    """Build the pointwise median of normalised repetitions on their common energies."""
    if len(curves) == 1:
        return curves[0]
    grid = build_grid([energy for energy, _ in curves])
    median = np.nanmedian([interpolate(grid, curve) for curve in curves], axis=0)
    known = np.isfinite(median)
    return grid[known], median[known]


def fit_shift(curve: ComparedCurve, reference: Reference, alone: ComparedCurve | None = None) -> Fit | None:
    """Fit one repetition by a reference; None if they have too few points in common about e0.

    Single points near e0 that the reference does not have are left out, the largest first, and the fit is repeated.

    Parameters
    ----------
    alone
        The only other repetition, if there are two: a spike may be its own.
    """
    e0, energy = reference.e0, reference.curve[0]
    start = curve.e0 - e0
    start = start if abs(start) > MIN_START_SHIFT else 0.0
    distance = curve.energy - e0 - start
    inside = (distance > -BEFORE_E0) & (distance < BEYOND_E0)
    inside &= (curve.energy - start >= energy[0]) & (curve.energy - start <= energy[-1])
    spikes = np.zeros(len(curve.energy), bool)
    found = None
    for _ in range(MAX_SPIKES + 1):
        used = inside & ~spikes
        if np.count_nonzero(used) < MIN_POINTS:
            break
        found = _fit_model(curve.energy[used] - e0, curve.mu[used], reference.spline, start)
        if found is None:
            break
        near = (distance > -SPIKES_BEFORE) & (distance < SPIKES_BEYOND)
        worst = _find_worst_spike(curve, used, near, found, alone)
        if worst is None or np.count_nonzero(spikes) == MAX_SPIKES:
            break
        spikes[worst] = True
    if found is None:
        return None
    noise = np.hypot(compute_point_noise(curve.energy, curve.mu) / abs(found.scale), reference.noise)
    shape = float(np.sqrt(np.mean(found.residual**2))) / abs(found.scale)
    return Fit(found.shift, found.sigma, found.scale, shape, float(noise), spikes)


@dataclass(frozen=True, slots=True, eq=False)
class _Solution:
    shift: float
    sigma: float
    scale: float
    residual: Array


def _build_spline(reference: Curve, e0: float) -> Any:
    """Build a cubic spline of the reference near e0, over E - e0."""
    from scipy.interpolate import CubicSpline

    distance = reference[0] - e0
    near = np.abs(distance) < BEFORE_E0 + BEYOND_E0 + LOST_SHIFT
    if np.count_nonzero(near) < MIN_POINTS:
        near[:] = True
    return CubicSpline(distance[near], reference[1][near])


def _fit_model(x: Array, mu: Array, spline: Any, start: float) -> _Solution | None:
    from scipy.optimize import OptimizeWarning, curve_fit

    slope = spline.derivative()
    ones = np.ones_like(x)

    def model(x: Array, a: float, b: float, c: float, d: float) -> Array:
        return a + b * x + c * spline(x - d)

    def differentiate(x: Array, a: float, b: float, c: float, d: float) -> Array:
        return np.column_stack([ones, x, spline(x - d), -c * slope(x - d)])

    first = np.linalg.lstsq(np.column_stack([ones, x, spline(x - start)]), mu, rcond=None)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OptimizeWarning)
        try:
            best, covariance = curve_fit(model, x, mu, [*first, start], jac=differentiate)
        except (RuntimeError, ValueError):
            return None
    if best[2] == 0 or not np.isfinite(best).all():
        return None
    # A curve that is the reference itself has a perfect fit, whose covariance is not finite.
    variance = covariance[3, 3] if np.isfinite(covariance[3, 3]) else 0.0
    return _Solution(float(best[3]), float(np.sqrt(variance)), float(best[2]), mu - model(x, *best))


def _find_worst_spike(
    curve: ComparedCurve, used: Mask, near: Mask, found: _Solution, alone: ComparedCurve | None
) -> int | None:
    """Find the point of the largest spike of a residual near the edge, None for none."""
    rated = np.zeros(len(curve.energy))
    rated[used] = rate_spikes(curve.energy[used], found.residual, found.scale)
    rated[~near] = 0.0
    worst = int(np.argmax(rated))
    if rated[worst] == 0:
        return None
    if alone is not None and _is_smoother(curve, alone, worst):
        return None
    return worst


def _is_smoother(curve: ComparedCurve, other: ComparedCurve, at: int) -> bool:
    """Check whether a curve is smoother than another at one of its points: then the spike is the other's."""
    own = abs(compute_misses(curve.energy, curve.norm)[0][at])
    there = int(np.argmin(np.abs(other.energy - curve.energy[at])))
    return bool(own < abs(compute_misses(other.energy, other.norm)[0][there]))
