"""Merges: what is averaged, and where."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.merging import merge_spectra
from xafs_workers.reduction.merge import NoOverlap, sort_spectrum

GRID = np.linspace(7000.0, 7100.0, 101)


def line(grid: np.ndarray, slope: float) -> np.ndarray:
    return slope * (grid - 7000.0)


def test_the_mean_of_mu_uses_the_energies_of_the_first_scan() -> None:
    other = np.linspace(6999.7, 7100.3, 57)
    merge = merge_spectra([(GRID, line(GRID, 1.0)), (other, line(other, 3.0))])
    np.testing.assert_array_equal(merge.energy, GRID)
    np.testing.assert_allclose(merge.mu, line(GRID, 2.0), atol=1e-10)


def test_a_backward_scan_is_sorted_first() -> None:
    merge = merge_spectra([(GRID, line(GRID, 1.0)), (GRID[::-1], line(GRID, 3.0)[::-1])])
    np.testing.assert_allclose(merge.mu, line(GRID, 2.0), atol=1e-10)


def test_a_backward_first_scan_gives_an_ascending_merge() -> None:
    merge = merge_spectra([(GRID[::-1], line(GRID, 3.0)[::-1]), (GRID, line(GRID, 1.0))])
    np.testing.assert_array_equal(merge.energy, GRID)
    np.testing.assert_allclose(merge.mu, line(GRID, 2.0), atol=1e-10)


def test_a_shorter_scan_is_not_extrapolated() -> None:
    merge = merge_spectra([(GRID, line(GRID, 1.0)), (GRID[:60], line(GRID[:60], 3.0))])
    np.testing.assert_allclose(merge.mu[:60], line(GRID[:60], 2.0))
    np.testing.assert_array_equal(merge.mu[60:], line(GRID[60:], 1.0))


def test_a_scan_that_starts_late_is_not_extrapolated() -> None:
    merge = merge_spectra([(GRID, line(GRID, 1.0)), (GRID[30:], line(GRID[30:], 3.0))])
    np.testing.assert_array_equal(merge.mu[:30], line(GRID[:30], 1.0))


def test_a_slightly_missed_end_energy_counts_as_reached() -> None:
    merge = merge_spectra([(GRID, line(GRID, 1.0)), (GRID + 0.03, line(GRID, 1.0)), (GRID - 0.03, line(GRID, 1.0))])
    assert merge.counts.tolist() == [3.0] * 101


def test_points_that_are_not_finite_are_dropped() -> None:
    mu = line(GRID, 1.0)
    mu[[0, 50, 100]] = [np.nan, np.inf, -np.inf]
    energy = GRID.copy()
    energy[10] = np.nan
    found = sort_spectrum(energy, mu)
    assert len(found[0]) == len(found[1]) == 97
    assert np.isfinite(found[1]).all()


@pytest.mark.parametrize(
    "second", [(GRID + 500.0, GRID), (GRID, np.full_like(GRID, np.nan)), (np.array([]), np.array([]))]
)
def test_spectra_without_common_energies_are_refused(second: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(NoOverlap):
        merge_spectra([(GRID, GRID), second])
