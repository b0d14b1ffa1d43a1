"""Check grids of energies and dwell times, written as users write them."""

from __future__ import annotations

import numpy as np
import pytest

from xafs_workers.elements import K_SQUARED_PER_EV
from xafs_workers.simulation.grid import GridError, build_energy_grid

EDGE = 7112.0


def test_the_usual_grid_has_the_given_steps_and_times() -> None:
    energy, dwell = np.array(build_energy_grid("-200 -30 -10 25 12k", "10 2 0.5 0.05k", "0.5 0.5 0.5 0.25k", EDGE)).T
    above = energy - EDGE
    assert above[0] == -200.0
    assert above[-1] == pytest.approx(144 / K_SQUARED_PER_EV)
    assert np.all(np.diff(energy) > 0)
    np.testing.assert_allclose(np.diff(above[above <= -30.0]), 10.0)
    np.testing.assert_allclose(np.diff(above[(above >= -30.0) & (above <= -10.0)]), 2.0)
    np.testing.assert_allclose(np.diff(above[(above >= -10.0) & (above <= 25.0)]), 0.5)
    k = np.sqrt(K_SQUARED_PER_EV * above[above >= 25.0])
    np.testing.assert_allclose(np.diff(k)[:-1], 0.05)
    assert 0 < np.diff(k)[-1] <= 0.05 + 1e-9
    assert set(dwell[above < 25.0]) == {0.5}
    np.testing.assert_allclose(dwell[above >= 25.0], 0.25 * k)


def test_a_boundary_belongs_to_the_region_above_it() -> None:
    points = build_energy_grid("-10 0 10", "5 5", "1 2", 100.0)
    assert points == [(90.0, 1.0), (95.0, 1.0), (100.0, 2.0), (105.0, 2.0), (110.0, 2.0)]


def test_inexact_steps_repeat_no_point() -> None:
    energies = [energy for energy, _ in build_energy_grid("0 1 2", "0.1 0.3", "1 1", 0.0)]
    assert len(energies) == 10 + 4 + 1
    assert min(np.diff(energies)) > 0.05


def test_a_time_that_grows_with_k_has_a_minimum() -> None:
    assert build_energy_grid("-5 0 4", "5 2", "0.5k 0.1k", 0.0)[0][1] == 0.25


@pytest.mark.parametrize(
    ("bounds", "steps", "times", "reason"),
    [
        ("-200 -30 12k", "10", "1 1", "one step and one time for each region"),
        ("-200", "", "", "one step and one time for each region"),
        ("", "", "", "one step and one time for each region"),
        ("-30 -200", "1", "1", "ascending"),
        ("-200 -30", "0", "1", "is not positive"),
        ("-200 -30", "-1", "1", "is not positive"),
        ("-200 -30", "1", "0", "is not positive"),
        ("-200 many", "1", "1", "'many' is not a number"),
        ("-200 nan", "1", "1", "'nan' is not a number"),
        ("-200 12kk", "1", "1", "'12kk' is not a number"),
        ("-3k 12k", "0.05k", "1", "negative wavenumber"),
        ("-20 12k", "0.05k", "1", "wavenumber below the edge"),
    ],
)
def test_invalid_grids_are_refused(bounds: str, steps: str, times: str, reason: str) -> None:
    with pytest.raises(GridError, match=reason):
        build_energy_grid(bounds, steps, times, EDGE)
