"""Merge of repetitions: common energies, where each repetition counts, weights, and the mean of mu(E)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xafs_workers.reduction.curves import Array, Curve, Mask, compute_local_steps
from xafs_workers.reduction.spikes import HOLE_STEPS

BRIDGED_STEPS = 1.75
"""Largest gap, in local steps, that interpolation may bridge."""

WHOLE_COVERAGE = 0.98
"""Smallest part of the common energies that a whole repetition covers."""

EQUAL_NOISE = 2.0
"""Ratio of the largest to the smallest noise up to which all repetitions have the same weight."""

HOLES_FROM = 20.0
"""Distance from e0 from which a hole ends the background, eV."""


@dataclass(frozen=True, slots=True, eq=False)
class Merge:
    """Mean of mu(E) over repetitions.

    Attributes
    ----------
    energy
        Common energies, eV, ascending, shape (n,).
    mu
        Weighted mean of mu at each energy.
    std
        Standard deviation of mu over the repetitions at each energy; 0 where fewer than two count.
    counts
        Number of repetitions that count at each energy.
    weights
        Weight of each repetition, at most 1.
    coverages
        Part of the common energies that each repetition covers.
    ends
        First and last common energy that each repetition covers, eV.
    """

    energy: Array
    mu: Array
    std: Array
    counts: Array
    weights: tuple[float, ...]
    coverages: tuple[float, ...]
    ends: tuple[tuple[float, float], ...]

    @property
    def is_whole(self) -> tuple[bool, ...]:
        """Whether each repetition covers nearly all energies."""
        return tuple(coverage >= WHOLE_COVERAGE for coverage in self.coverages)


def build_grid(curves: Sequence[Array]) -> Array:
    """Build common energies: those of the repetition with most points, and the others' where it has none.

    Parameters
    ----------
    curves
        Ascending energies of each repetition, eV.
    """
    grid = max(curves, key=len)
    for energy in curves:
        if np.array_equal(energy, grid):
            continue
        added = energy[~find_covered(energy, grid)]
        if len(added):
            grid = np.sort(np.concatenate([grid, added]))
    return grid


def find_covered(grid: Array, energy: Array) -> Mask:
    """Find the energies of a grid at which a repetition was measured; holes are never bridged.

    These lie inside a gap of at most `BRIDGED_STEPS` of its local steps, or within half of the smaller neighbouring
    step of one of its points: a monochromator does not return to exactly the same energy.
    """
    if len(energy) < 2:
        return np.isin(grid, energy)
    steps, local = np.diff(energy), compute_local_steps(energy)
    beyond = np.clip(np.searchsorted(energy, grid), 1, len(energy) - 1)
    inside = (grid >= energy[0]) & (grid <= energy[-1]) & (steps <= BRIDGED_STEPS * local)[beyond - 1]
    reach = np.minimum(np.append(steps, steps[-1]), np.insert(steps, 0, steps[0])) / 2
    for near in (beyond - 1, beyond):
        inside |= np.abs(grid - energy[near]) <= reach[near]
    return inside


def interpolate(grid: Array, curve: Curve) -> Array:
    """Interpolate a repetition linearly at the energies of a grid; NaN where it was not measured."""
    if np.array_equal(grid, curve[0]):
        return np.asarray(curve[1], np.float64)
    return np.where(find_covered(grid, curve[0]), np.interp(grid, *curve), np.nan)


def compute_weights(noises: Sequence[float]) -> tuple[float, ...]:
    """Compute the weights of repetitions from the noise of their points: 1 each, or inversely to the variance."""
    least = min(noises)
    if least <= 0 or max(noises) <= EQUAL_NOISE * least:
        return (1.0,) * len(noises)
    return tuple((least / noise) ** 2 for noise in noises)


def merge_curves(curves: Sequence[Curve], weights: Sequence[float]) -> Merge:
    """Merge repetitions; of whole ones with equal weights this is the plain mean of mu.

    A repetition that covers only a part is put on the level of the whole ones first. Where a whole one lacks a point,
    the mean of the others takes its place, at its level: otherwise the mean would have a step there.
    """
    grid = build_grid([energy for energy, _ in curves])
    values = np.array([interpolate(grid, curve) for curve in curves])
    covered = np.isfinite(values)
    coverages = covered.mean(axis=1)
    whole = coverages >= WHOLE_COVERAGE
    if not whole.any():
        whole[np.argmax(coverages)] = True
    factors = np.array(weights, float)
    filled = values
    if not covered.all():
        values = _put_on_level(values, whole)
        filled = _fill_whole(values, whole)
    if np.all(factors == 1.0) and np.isfinite(filled).all():
        mu = filled.mean(axis=0)
    else:
        share = np.where(np.isfinite(filled), factors[:, None], 0.0)
        mu = np.sum(np.where(share > 0, filled, 0.0) * share, axis=0) / share.sum(axis=0)
    ends = [(float(grid[one][0]), float(grid[one][-1])) for one in covered]
    return Merge(
        grid,
        mu,
        _compute_std(values),
        covered.sum(axis=0),
        tuple(float(one) for one in factors),
        tuple(float(one) for one in coverages),
        tuple(ends),
    )


def find_hole(energy: Array, e0: float) -> tuple[float, float] | None:
    """Find the first hole that no repetition fills above the edge: the energies on its two sides; None for none."""
    steps = np.diff(energy)
    holes = np.flatnonzero((steps > HOLE_STEPS * compute_local_steps(energy)) & (energy[:-1] > e0 + HOLES_FROM))
    return (float(energy[holes[0]]), float(energy[holes[0] + 1])) if len(holes) else None


def _put_on_level(values: Array, whole: Mask) -> Array:
    """Put repetitions that are not whole on the level of the whole ones, by a straight line between their mu."""
    levelled = values.copy()
    level = _compute_mean(values[whole])
    for at in np.flatnonzero(~whole):
        levelled[at] = _fit_level(values[at], level, values[at])
    return levelled


def _fill_whole(values: Array, whole: Mask) -> Array:
    filled = values.copy()
    for at in np.flatnonzero(whole):
        missing = ~np.isfinite(values[at])
        if missing.any() and len(values) > 1:
            others = _compute_mean(np.delete(values, at, axis=0))
            filled[at] = np.where(missing, _fit_level(others, values[at], others), values[at])
    return filled


def _fit_level(source: Array, target: Array, values: Array) -> Array:
    """Apply the straight line that maps a source to a target where both are known; unchanged without one."""
    shared = np.isfinite(source) & np.isfinite(target)
    if np.count_nonzero(shared) < 2 or np.ptp(source[shared]) == 0:
        return values
    return np.asarray(np.polyval(np.polyfit(source[shared], target[shared], 1), values), np.float64)


def _compute_mean(values: Array) -> Array:
    known = np.isfinite(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.divide(total, count, out=np.full(values.shape[1], np.nan), where=count > 0)


def _compute_std(values: Array) -> Array:
    """Compute the standard deviation over repetitions (n - 1), 0 where fewer than two are known."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    deviations = np.where(known, values - _compute_mean(values), 0.0)
    return np.sqrt((deviations**2).sum(axis=0) / np.maximum(count - 1, 1)) * (count > 1)
