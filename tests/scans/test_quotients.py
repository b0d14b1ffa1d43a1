"""Quotients of like by like, on streams of other beamlines and on small runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from helpers.any_beamline import LINEAR_DRIVE, TWO_MOVERS, build_config, fold_runs, make_run
from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.runs import Run
from xafs_workers.scans.spectra import UnlikeUnitsError
from xafs_workers.scans.units import find_current_unit
from xafs_workers.settings import Columns

VORTEX = tuple(f"vortex-element{channel}-roi0-count" for channel in range(4))


def ends(values: np.ndarray[Any, Any]) -> tuple[float, float]:
    return float(values[0]), float(values[-1])


@pytest.mark.parametrize(
    ("stream", "columns", "expected"),
    [
        ("step_two_movers", TWO_MOVERS, (0.62065091, 1.48431995)),
        ("step_kev", TWO_MOVERS, (0.62050037, 1.48425534)),
        ("step_linear_drive", LINEAR_DRIVE, (0.32277539, 1.27652332)),
    ],
)
def test_transmission_of_other_beamlines(stream: str, columns: dict[str, Any], expected: tuple[float, float]):
    config = build_config(columns)
    (run,) = fold_runs(stream, config)
    assert ends(spectra.compute_transmission(run, config)) == pytest.approx(expected, abs=1e-7)


def test_counts_over_a_rate_take_the_dwell_time():
    config = build_config(TWO_MOVERS)
    (run,) = fold_runs("step_two_movers", config)
    expected = pytest.approx((0.00107980, 0.01463472), abs=1e-7)
    assert ends(spectra.compute_fluorescence(run, config, VORTEX)) == expected
    (run,) = fold_runs("step_channel_missing", config)
    present = tuple(key for key in VORTEX if key in run.points)
    assert len(present) == 3
    expected = pytest.approx((0.00080311, 0.01085341), abs=1e-7)
    assert ends(spectra.compute_fluorescence(run, config, present)) == expected


def test_counts_over_a_rate_without_dwell_are_refused():
    config = build_config({**TWO_MOVERS, "dwell_time": "clock"})
    (run,) = fold_runs("step_two_movers", config)
    with pytest.raises(UnlikeUnitsError, match=r"is a count, I0-count_rate is a rate.*no clock.*columns\.dwell_time"):
        spectra.compute_fluorescence(run, config, VORTEX)
    assert np.isfinite(spectra.compute_transmission(run, config)).all()


def make_pair(above: str, below: str, dwell: str = "s") -> tuple[Run, BoardConfig]:
    columns = {"a": [6.0, 12.0], "b": [2.0, 3.0], "t": [2.0, 4.0]}
    config = replace(BoardConfig(), columns=Columns(dwell_time="t", units={}))
    return make_run(columns, {"a": above, "b": below, "t": dwell}), config


@pytest.mark.parametrize(
    ("above", "below", "dwell", "expected"),
    [
        ("counts", "counts", "s", [3.0, 4.0]),
        ("", "", "s", [3.0, 4.0]),
        ("counts", "", "s", [3.0, 4.0]),
        ("nA", "A", "s", [3e-9, 4e-9]),
        ("nA*s", "nA", "s", [1.5, 1.0]),
        ("nA", "nA*s", "s", [6.0, 16.0]),
        ("counts", "cps", "ms", [1500.0, 1000.0]),
        ("counts", "A", "s", [1.5, 1.0]),
        ("V", "V", "s", [3.0, 4.0]),
        ("mV", "counts", "s", [3.0, 4.0]),
    ],
)
def test_quotient_divides_like_by_like(above: str, below: str, dwell: str, expected: list[float]):
    run, config = make_pair(above, below, dwell)
    assert spectra.compute_ratio(run, config, "a", "b") == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "expected", "label"),
    [
        ("counts", [3.0, 3.0], "counts/s"),
        ("nA*s", [3.0, 3.0], "nA"),
        ("pC", [0.003, 0.003], "nA"),
        ("s⁻", [6.0, 12.0], "counts/s"),
        ("uA", [6.0, 12.0], "uA"),
        ("", [6.0, 12.0], ""),
        ("wombats", [6.0, 12.0], "wombats"),
    ],
)
def test_current_is_what_a_second_gives(unit: str, expected: list[float], label: str):
    run, config = make_pair(unit, "")
    assert spectra.compute_current(run, config, "a") == pytest.approx(expected, rel=1e-12)
    assert find_current_unit(run, config, "a") == label


def test_like_units_leave_the_arrays_unchanged():
    run, config = make_pair("nA*s", "nA*s")
    expected = run.points.get_column("a") / run.points.get_column("b")
    assert spectra.compute_ratio(run, config, "a", "b").tobytes() == expected.tobytes()
