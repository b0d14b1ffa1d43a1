"""Cubic interpolation equals that of SciPy."""

from __future__ import annotations

import numpy as np
import pytest

from xafs_workers.figures.cubic import interpolate_cubic


def test_the_spline_equals_the_one_of_scipy() -> None:
    interpolate = pytest.importorskip("scipy.interpolate")
    rng = np.random.default_rng(3)
    for n in (2, 3, 4, 5, 12, 200):
        x = np.cumsum(rng.uniform(0.1, 2.0, n))
        y = rng.uniform(-1.0, 1.0, n)
        fine = np.linspace(x[0], x[-1], 301)
        expected = interpolate.CubicSpline(x, y, bc_type="not-a-knot")(fine)
        np.testing.assert_allclose(interpolate_cubic(x, y, fine), expected, rtol=1e-7, atol=1e-9)


def test_the_spline_reproduces_a_cubic_and_passes_its_points() -> None:
    x = np.array([0.0, 0.7, 1.1, 2.0, 3.5, 4.0])
    y = x**3 - 2.0 * x**2 + 0.5
    fine = np.linspace(0.0, 4.0, 101)
    np.testing.assert_allclose(interpolate_cubic(x, y, fine), fine**3 - 2.0 * fine**2 + 0.5, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(interpolate_cubic(x, y, x), y, rtol=1e-12, atol=1e-12)
