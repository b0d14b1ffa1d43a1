"""Merges: what is averaged, where, and with which weight."""

from __future__ import annotations

import numpy as np
import pytest

from xafs_workers.reduction.curves import Curve, sort_spectrum
from xafs_workers.reduction.grid import Merge, build_grid, compute_weights, find_covered, find_hole, merge_curves

GRID = np.linspace(7000.0, 7100.0, 101)


def line(grid: np.ndarray, slope: float) -> np.ndarray:
    return slope * (grid - 7000.0)


def merge(curves: list[Curve]) -> Merge:
    return merge_curves([sort_spectrum(*curve) for curve in curves], [1.0] * len(curves))


def test_the_grid_is_that_of_the_repetition_with_most_points() -> None:
    other = np.linspace(6999.7, 7100.3, 57)
    found = merge([(other, line(other, 3.0)), (GRID, line(GRID, 1.0))])
    np.testing.assert_array_equal(found.energy, GRID)
    np.testing.assert_allclose(found.mu, line(GRID, 2.0), atol=1e-10)


def test_a_merge_of_whole_repetitions_is_the_plain_mean() -> None:
    rng = np.random.default_rng(1)
    curves = [(GRID, rng.normal(size=101)) for _ in range(3)]
    found = merge(curves)
    np.testing.assert_array_equal(found.mu, np.mean([mu for _, mu in curves], axis=0))
    np.testing.assert_allclose(found.std, np.std([mu for _, mu in curves], axis=0, ddof=1), atol=1e-12)
    assert found.counts.tolist() == [3] * 101


@pytest.mark.parametrize("backward", [0, 1])
def test_a_backward_scan_is_sorted_first(backward: int) -> None:
    curves = [(GRID, line(GRID, 1.0)), (GRID, line(GRID, 3.0))]
    curves[backward] = tuple(curve[::-1] for curve in curves[backward])  # type: ignore[assignment]
    found = merge(curves)
    np.testing.assert_array_equal(found.energy, GRID)
    np.testing.assert_allclose(found.mu, line(GRID, 2.0), atol=1e-10)


@pytest.mark.parametrize("part", [slice(None, 60), slice(30, None)])
def test_a_part_is_put_on_the_level_of_the_whole(part: slice) -> None:
    """It is not extrapolated, and where it ends the mean has no step."""
    mu = np.sin(GRID / 7.0)
    found = merge([(GRID, mu), (GRID[part], 0.3 + 1.05 * mu[part])])
    np.testing.assert_allclose(found.mu, mu, atol=1e-12)
    measured = np.isin(GRID, GRID[part])
    np.testing.assert_array_equal(found.counts, 1 + measured)
    assert found.ends[1] == (GRID[part][0], GRID[part][-1])


def test_a_missing_point_makes_no_step_in_the_mean() -> None:
    mu = np.sin(GRID / 7.0)
    found = merge([(np.delete(GRID, 50), np.delete(mu + 0.3, 50)), (GRID, mu), (GRID, mu - 0.1)])
    np.testing.assert_allclose(found.mu, np.mean([mu + 0.3, mu, mu - 0.1], axis=0), atol=1e-12)
    assert found.counts[50] == 2


def test_a_hole_is_not_bridged_but_filled_by_the_others() -> None:
    first = np.delete(GRID, np.arange(40, 60))
    found = merge([(first, line(first, 1.0)), (GRID[30:70], line(GRID[30:70], 1.0))])
    np.testing.assert_array_equal(found.energy, GRID)
    np.testing.assert_array_equal(found.counts[40:60], 1)
    np.testing.assert_allclose(found.mu, line(GRID, 1.0), atol=1e-9)


def test_a_slightly_missed_end_energy_counts_as_reached() -> None:
    found = merge([(GRID, line(GRID, 1.0)), (GRID + 0.03, line(GRID, 1.0)), (GRID - 0.03, line(GRID, 1.0))])
    assert found.counts.tolist() == [3] * 101


def test_borders_of_regions_are_not_holes() -> None:
    energy = np.concatenate([np.arange(6900.0, 7100.0, 10.0), np.arange(7100.0, 7140.0, 0.5)])
    assert find_covered(energy, energy).all()
    np.testing.assert_array_equal(build_grid([energy, energy[::2]]), energy)
    assert find_hole(energy, 7000.0) is None
    holey = np.delete(energy, np.arange(70, 80))
    assert find_hole(holey, 7000.0) == (energy[69], energy[80])
    assert find_hole(holey, 7140.0) is None


@pytest.mark.parametrize(
    ("noises", "wanted"),
    [((1.0, 1.9, 1.5), (1.0, 1.0, 1.0)), ((1.0, 3.0, 1.0), (1.0, 1 / 9, 1.0)), ((0.0, 1.0), (1.0, 1.0))],
)
def test_weights_differ_only_where_noises_do(noises: tuple[float, ...], wanted: tuple[float, ...]) -> None:
    assert compute_weights(noises) == pytest.approx(wanted)


def test_a_noisier_repetition_counts_less() -> None:
    found = merge_curves([(GRID, line(GRID, 1.0)), (GRID, line(GRID, 3.0))], (1.0, 0.25))
    np.testing.assert_allclose(found.mu, line(GRID, 1.4), atol=1e-10)


def test_points_that_are_not_finite_are_dropped() -> None:
    mu = line(GRID, 1.0)
    mu[[0, 50, 100]] = [np.nan, np.inf, -np.inf]
    energy = GRID.copy()
    energy[10] = np.nan
    found = sort_spectrum(energy, mu)
    assert len(found[0]) == len(found[1]) == 97
    assert np.isfinite(found[1]).all()
