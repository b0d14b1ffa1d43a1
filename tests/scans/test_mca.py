"""The point of a scan whose spectrum is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from xafs_workers.scans.mca import find_point


@pytest.mark.parametrize(("asked", "point"), [(3.0, 1), (4.0, 2), (1.0, 1), (-1.0, 4)])
def test_a_number_from_the_first_energy_on_is_an_energy(asked: float, point: int) -> None:
    assert find_point(asked, np.array([2.0, 3.0, 4.0, 5.0, 6.0]), 5) == point
