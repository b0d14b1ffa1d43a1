"""Estimates from the points of a line scan equal numpy's, and noise is no signal."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.fits import add_noise, compute_peak, compute_slot
from xafs_workers.scans.estimates import (
    NOISE_FACTOR,
    compute_estimates,
    compute_height,
    compute_noise,
    find_half_height,
    is_inverted,
)

X = np.linspace(-3.0, 3.0, 41)


@pytest.mark.parametrize("direction", [1, -1])
def test_estimates_equal_those_of_numpy(direction: int) -> None:
    x, y = X[::direction], (compute_peak(X, 0.72) + 0.1)[::direction]
    found = compute_estimates(x, y)
    assert found.peak == x[np.argmax(y)]
    assert found.com == x[int((np.arange(41) * y).sum() / y.sum())]
    order = np.argsort(x)
    rising, falling = x[order] < 0.72, x[order] >= 0.72
    half, level = y[order] - y.min(), (y.max() - y.min()) / 2
    left = np.interp(level, half[rising], x[order][rising])
    right = np.interp(-level, -half[falling], x[order][falling])
    assert found.half_height == pytest.approx((left + right) / 2, abs=1e-12)


def test_a_signal_that_stays_high_has_no_half_height() -> None:
    assert np.isnan(find_half_height(X, np.ones(41))).all()
    assert np.isnan(find_half_height(X, compute_slot(X, 3.0))[1])


def test_a_center_of_mass_outside_of_the_scan_is_none() -> None:
    assert compute_estimates(X, X).to_values()["com"] is None


def test_the_noise_is_that_of_the_points() -> None:
    sizes = [compute_noise(add_noise(compute_peak(X, 0.0), 0.05, seed)) for seed in range(40)]
    assert np.median(sizes) == pytest.approx(0.05, rel=0.15)


def test_noise_alone_stands_out_once_in_a_hundred_scans() -> None:
    noise = [add_noise(np.zeros(n), 1.0, seed) for n in (31, 101) for seed in range(500)]
    assert sum(compute_height(y) > NOISE_FACTOR * compute_noise(y) for y in noise) <= 10


def test_one_bad_reading_is_no_peak() -> None:
    y = add_noise(np.zeros(41), 0.01)
    y[20] = 50.0
    assert compute_height(y) < NOISE_FACTOR * compute_noise(y)


@pytest.mark.parametrize("half", [0.5, 1.5, 2.5])
def test_a_minimum_is_no_plateau(half: float) -> None:
    slot = compute_slot(X, 0.1, half)
    assert is_inverted(1.0 - slot)
    assert not is_inverted(slot)
    assert not is_inverted(slot + 10.0)
    assert not is_inverted(compute_peak(X, 3.0))
