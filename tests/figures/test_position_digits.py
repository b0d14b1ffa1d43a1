"""Decimals of positions: those that the distance of the points supports."""

from __future__ import annotations

import numpy as np
import pytest

from xafs_workers.figures.position_digits import format_position


@pytest.mark.parametrize(
    ("x", "written"),
    [
        (np.linspace(-3.0, 3.0, 31), "0.31"),
        (np.linspace(-0.01, 0.01, 21), "0.3142"),
        (np.arange(0.0, 5000.0, 500.0), "0"),
        (np.linspace(1.0, 0.0, 100_001), "0.314"),
        (np.array([0.0, np.nan, 1.0]), "0.3"),
        (np.array([2.0, 2.0]), "0.314"),
        ((), "0.314"),
    ],
)
def test_a_position_has_the_digits_of_its_points(x: object, written: str) -> None:
    assert format_position(0.31416, x) == written  # pyright: ignore[reportArgumentType] - arrays and tuples
