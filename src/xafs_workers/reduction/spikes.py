"""Spikes: single points that no smooth curve explains."""

from __future__ import annotations

import numpy as np

from xafs_workers.reduction.curves import NORMAL_WIDTH, Array, Mask, compute_local_steps, compute_misses

LEVEL_FACTOR = 8.0
"""Smallest ratio of a spike's deviation to the local level of deviations."""

MIN_STEP_FRACTION = 0.02
"""Smallest deviation of a spike, as a fraction of the edge step."""

LEVEL_WINDOW = 31
"""Number of points whose median deviation is the local level."""

LIKE_SPAN = 2.0
"""Largest ratio of the spans of two points' neighbours at which the points have a level in common."""

MIN_LIKE_POINTS = 7
"""Smallest number of points of a level of their own; where there are fewer, all points of the window count."""

MAX_END_POINTS = 3
"""Largest number of points that are removed at each end."""

HOLE_STEPS = 4.0
"""Gap, in local steps, that is a hole: a cubic across it explains nothing."""


def find_spikes(energy: Array, values: Array, step: float) -> Mask:
    """Find the points that deviate from the cubic through their neighbours, shape (n,).

    Parameters
    ----------
    energy
        Ascending energies, eV.
    step
        Edge step, in the unit of the values.
    """
    return rate_spikes(energy, values, step) > 0


def rate_spikes(energy: Array, values: Array, step: float) -> Array:
    """Compute the deviation of each spike, 0 for the other points, shape (n,)."""
    from scipy.ndimage import maximum_filter1d

    if len(energy) < 5:
        return np.zeros(len(energy))
    misses, widths = compute_misses(energy, values)
    misses = np.abs(misses)
    # Where the steps change, the cubic is an extrapolation that amplifies noise; on even steps all widths are equal.
    ratios = misses / widths
    level = NORMAL_WIDTH * _compute_level(energy, ratios)
    found = (ratios > LEVEL_FACTOR * level) & (misses > MIN_STEP_FRACTION * abs(step))
    found &= (ratios == maximum_filter1d(ratios, 5)) & ~_find_hole_borders(energy)
    return np.where(found, misses, 0.0)


def _compute_level(energy: Array, ratios: Array) -> Array:
    """Compute the median deviation of the points about each one whose neighbours are as far apart, shape (n,).

    What a cubic misses of a smooth curve grows with the fourth power of the step, so that the first points of a region
    of large steps would be spikes beside those of a region of small steps.
    """
    from scipy.ndimage import median_filter

    level = median_filter(ratios, LEVEL_WINDOW)
    spans = np.pad(energy[4:] - energy[:-4], 2, mode="edge")
    half = LEVEL_WINDOW // 2
    around = np.lib.stride_tricks.sliding_window_view(np.pad(spans, half, mode="symmetric"), LEVEL_WINDOW)
    alike = (around <= LIKE_SPAN * spans[:, None]) & (around * LIKE_SPAN >= spans[:, None])
    count = np.count_nonzero(alike, axis=1)
    rows = np.flatnonzero((count < LEVEL_WINDOW) & (count >= MIN_LIKE_POINTS))
    if len(rows):
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(ratios, half, mode="symmetric"), LEVEL_WINDOW)
        level[rows] = np.nanmedian(np.where(alike[rows], windows[rows], np.nan), axis=1)
    return level


def count_bad_ends(values: Array, step: float) -> tuple[int, int]:
    """Count the points at the two ends that jump away from the rest; the cubic does not see them."""
    return _count_bad_start(values, step), _count_bad_start(values[::-1], step)


def _count_bad_start(values: Array, step: float) -> int:
    """Count the points before the last of the first jumps that is too large: several may have the same wrong value."""
    bad = 0
    for count in range(MAX_END_POINTS):
        jumps = np.abs(np.diff(values[count : count + 12]))
        if len(jumps) < 11:
            break
        usual = NORMAL_WIDTH * float(np.median(jumps[1:]))
        if jumps[0] > LEVEL_FACTOR * usual and jumps[0] > MIN_STEP_FRACTION * abs(step):
            bad = count + 1
    return bad


def _find_hole_borders(energy: Array) -> Mask:
    """Find the points with a hole among the gaps to their two neighbours on either side."""
    holes = np.diff(energy) > HOLE_STEPS * compute_local_steps(energy)
    near = np.zeros(len(energy), bool)
    for offset in (-1, 0, 1, 2):
        places = np.flatnonzero(holes) + offset
        near[places[(places >= 0) & (places < len(energy))]] = True
    return near
