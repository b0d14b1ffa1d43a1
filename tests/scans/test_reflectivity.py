"""Reflectivity: the formula, its errors, and what is reported instead of a wrong number."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.finished_runs import make_finished_run
from helpers.goniometer import FACTORS, REFLECTIVITY, change_reflectivity, compute_expected_reflectivity
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.reflectivity import Reflectivity, compute_reflectivity
from xafs_workers.scans.spectra import MissingColumnError

CONFIG = BoardConfig()


def compute(columns: dict[str, list[float]], config: BoardConfig = CONFIG) -> Reflectivity:
    return compute_reflectivity(make_finished_run(columns).points, config)


def test_reflectivity_and_its_error_are_those_of_counts() -> None:
    found = compute(REFLECTIVITY)
    np.testing.assert_allclose(found.values, compute_expected_reflectivity(), rtol=1e-13)
    relative = np.sqrt(1 / np.array(REFLECTIVITY["monitor"]) + 1 / np.array(REFLECTIVITY["refl"]))
    np.testing.assert_allclose(found.errors, compute_expected_reflectivity() * relative, rtol=1e-13)
    assert found.problems == ()


@pytest.mark.parametrize("setting", [9.0, 15.0, -1.0, 2.5])
def test_an_attenuator_without_factor_is_a_gap_and_reported(setting: float) -> None:
    found = compute(change_reflectivity(attenuator_attenuation=[0.0, setting, 8.0, 1.0]))
    assert np.isnan(found.values).tolist() == [False, True, False, False]
    assert found.values[2] == pytest.approx(FACTORS[8] * 80.0 / 1500.0 / 2.0)
    assert f"attenuator {setting:g}: no factor" in found.problems[0]


def test_the_table_of_factors_is_a_setting() -> None:
    factors = tuple(10.0**power for power in range(16))
    config = BoardConfig(goniometer=BoardConfig().goniometer.model_copy(update={"attenuator_factors": factors}))
    found = compute(change_reflectivity(attenuator_attenuation=[15.0] * 4), config)
    np.testing.assert_allclose(found.values, 1e15 * np.array([0.4, 0.15, 80 / 1500 / 2, 10 / 1600 / 5]), rtol=1e-13)


def test_a_run_without_dwell_time_is_not_divided_by_it() -> None:
    found = compute(change_reflectivity(dwti_dwell_time=None))
    assert found.values[3] == pytest.approx(10.0 / 1600.0)
    assert "no dwti_dwell_time in this run" in found.problems[0]


def test_a_monitor_of_zero_is_a_gap() -> None:
    found = compute(change_reflectivity(monitor=[1000.0, 0.0, 1500.0, 1600.0]))
    assert np.isnan(found.values).tolist() == [False, True, False, False]


@pytest.mark.parametrize("key", ["refl", "monitor", "attenuator_attenuation"])
def test_a_missing_column_is_named(key: str) -> None:
    with pytest.raises(MissingColumnError, match=f"no {key}|{key}"):
        compute(change_reflectivity(**{key: None}))
