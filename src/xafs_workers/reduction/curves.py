"""Curves of mu(E): local steps of the energies, deviations from a cubic, and the noise of single points."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

Curve = tuple[Array, Array]
"""Energies (eV) and mu(E) of a spectrum."""

NORMAL_WIDTH = 1.4826
"""Standard deviation of normally distributed values, divided by the median of their absolute values."""

STEP_WINDOW = 9
"""Number of steps whose median is the local step: fewer would take the borders of a scan's regions for holes."""


def sort_spectrum(energy: Array, mu: Array) -> Curve:
    """Sort a spectrum by ascending energy and remove the points that are not finite.

    Larch removes such points in one step and keeps them in the next, and it interpolates wrongly when energies
    descend. Points of equal energy keep their order.
    """
    usable = np.isfinite(energy) & np.isfinite(mu)
    energy, mu = np.asarray(energy, float)[usable], np.asarray(mu, float)[usable]
    order = np.argsort(energy, kind="stable")
    return energy[order], mu[order]


def compute_local_steps(energy: Array) -> Array:
    """Compute the local step at each interval of ascending energies, eV, shape (n - 1,)."""
    from scipy.ndimage import median_filter

    steps = np.diff(energy)
    return median_filter(steps, STEP_WINDOW) if len(steps) else steps


def compute_misses(energy: Array, values: Array) -> tuple[Array, Array]:
    """Compute how far each point is from the cubic through its two neighbours on either side (Lagrange).

    Returns
    -------
    misses, widths
        Value minus cubic, and the factor sqrt(1 + sum w^2) by which a miss is wider than the noise of a point, w being
        the weights of the neighbours. Shape (n,); the two points at each end have a miss of 0 and a width of 1.
    """
    misses, widths = np.zeros(len(energy)), np.ones(len(energy))
    if len(energy) < 5:
        return misses, widths
    count = len(energy) - 4
    places = [slice(start, start + count) for start in (0, 1, 3, 4)]
    x = energy[2:-2]
    total, squares = np.zeros(count), np.ones(count)
    for here in places:
        weight = np.ones(count)
        for other in places:
            if other is not here:
                weight *= (x - energy[other]) / (energy[here] - energy[other])
        total += weight * values[here]
        squares += weight**2
    misses[2:-2] = values[2:-2] - total
    widths[2:-2] = np.sqrt(squares)
    return misses, widths


def compute_point_noise(energy: Array, values: Array) -> float:
    """Compute the noise of a single point of a smooth curve, in the unit of its values; 0 for a very short one."""
    misses, widths = compute_misses(energy, values)
    if len(misses) < 5:
        return 0.0
    return float(NORMAL_WIDTH * np.median(np.abs(misses[2:-2]) / widths[2:-2]))
