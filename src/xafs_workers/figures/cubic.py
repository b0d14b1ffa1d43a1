"""Cubic splines through few points, computed with numpy alone."""

from __future__ import annotations

import numpy as np

from xafs_workers.figures.model import Array

MAX_POINTS = 200
"""Largest number of points for a spline; more points are close enough for straight lines."""


def interpolate_cubic(x: Array, y: Array, at: Array) -> Array:
    """Interpolate between points by a cubic spline, with the "not a knot" condition at its ends.

    The equations for the slopes are de Boor's (A Practical Guide to Splines, chapter IV): the second derivative is
    continuous at the inner points, the third one also at the first and last of these. Three points give a parabola,
    two a straight line.

    Parameters
    ----------
    x
        Strictly ascending positions, shape (n,), n > 1.
    y
        Values at these positions, shape (n,).
    at
        Positions between the first and the last x, any shape.
    """
    n = len(x)
    if n > MAX_POINTS:
        return np.interp(at, x, y)
    if n < 4:
        return np.polynomial.Polynomial.fit(x, y, n - 1)(at)
    step = np.diff(x)
    secant = np.diff(y) / step
    slopes = _compute_slopes(step, secant)
    piece = np.clip(np.searchsorted(x, at, side="right") - 1, 0, n - 2)
    away = at - x[piece]
    bend = (slopes[:-1] + slopes[1:] - 2.0 * secant) / step
    square = (secant - slopes[:-1]) / step - bend
    return y[piece] + away * (slopes[piece] + away * (square[piece] + away * bend[piece] / step[piece]))


def _compute_slopes(step: Array, secant: Array) -> Array:
    """Compute the first derivative of the spline at each point."""
    n = len(step) + 1
    system, right = np.zeros((n, n)), np.zeros(n)
    inner = np.arange(1, n - 1)
    system[inner, inner - 1] = step[1:]
    system[inner, inner] = 2.0 * (step[:-1] + step[1:])
    system[inner, inner + 1] = step[:-1]
    right[1:-1] = 3.0 * (step[1:] * secant[:-1] + step[:-1] * secant[1:])
    for row, near, far, first, second in ((0, 0, 1, 0, 1), (n - 1, -1, -2, n - 1, n - 2)):
        h, g = step[near], step[far]
        system[row, first], system[row, second] = g, h + g
        right[row] = ((h + 2.0 * (h + g)) * g * secant[near] + h * h * secant[far]) / (h + g)
    return np.linalg.solve(system, right)
