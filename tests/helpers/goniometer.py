"""Simulated runs of the goniometer: reflectivity with attenuators, and metadata of a sample."""

from __future__ import annotations

from typing import Any

import numpy as np

FACTORS = (1.0, 6.67114, 44.16972, 273.1222, 1800.653, 11568.12, 92113.0, 468725.0, 1442273.0)
"""Factors of the attenuator at the beamline, as its staff measured them."""

REFLECTIVITY: dict[str, list[float]] = {
    "eta": [0.1, 0.5, 1.0, 2.0],
    "delta": [0.2, 1.0, 2.0, 4.0],
    "dwti_dwell_time": [1.0, 1.0, 2.0, 5.0],
    "monitor": [1000.0, 2000.0, 1500.0, 1600.0],
    "mca_full": [600.0, 450.0, 120.0, 30.0],
    "dir": [100.0, 20.0, 5.0, 1.0],
    "refl": [400.0, 300.0, 80.0, 10.0],
    "max_counts": [200.0, 150.0, 40.0, 4.0],
    "attenuator_attenuation": [3.0, 2.0, 1.0, 0.0],
}
"""Columns of a reflectivity scan with four points, each with another attenuator."""


def change_reflectivity(**columns: list[float] | None) -> dict[str, list[float]]:
    """Return the columns of the scan with some of them replaced, or left out where None is given."""
    changed: dict[str, Any] = {**REFLECTIVITY, **columns}
    return {key: values for key, values in changed.items() if values is not None}


def compute_expected_reflectivity(columns: dict[str, list[float]] = REFLECTIVITY) -> np.ndarray:
    """Return factor * refl / monitor / dwell time, one point after the other."""
    rows = zip(*(columns[key] for key in ("attenuator_attenuation", "refl", "monitor", "dwti_dwell_time")), strict=True)
    return np.array([FACTORS[int(setting)] * counts / monitor / dwell for setting, counts, monitor, dwell in rows])
