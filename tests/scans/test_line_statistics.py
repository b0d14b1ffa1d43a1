"""Statistics of line scans equal those of Bluesky, numpy and lmfit, on simulated and on measured data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from helpers.fits import add_noise, compute_peak, compute_slot, compute_step
from xafs_workers.scans.line_statistics import LineStatistics, compute_line_statistics

Array = np.ndarray[Any, np.dtype[np.float64]]
X = np.linspace(-3.0, 3.0, 61)

SIGNALS: dict[str, Array] = {
    "peak": compute_peak(X, 0.723),
    "narrow peak on a background": 5.0 + compute_peak(X, -1.11, 0.3),
    "noisy peak": add_noise(compute_peak(X, 0.723), 0.02),
    "slot": compute_slot(X, 0.31),
    "dip": 3.0 - compute_peak(X, 0.4),
    "step": compute_step(X, 0.83),
    "falling noisy step": add_noise(1.0 - compute_step(X, -0.4), 0.01),
    "ramp": X + 4.0,
}


def compute(x: Array, y: Array) -> LineStatistics:
    found = compute_line_statistics(x, y)
    assert found is not None
    return found


def compare_with_bluesky(x: Array, y: Array) -> None:
    """Compare all numbers with those of Bluesky's callback, fed as a RunEngine feeds it."""
    fitting = pytest.importorskip("bluesky.callbacks.fitting")
    peak = fitting.PeakStats("x", "y")
    peak("start", {"uid": "u"})
    peak("descriptor", {"uid": "d", "run_start": "u"})
    for a, b in zip(x, y, strict=True):
        peak("event", {"uid": "e", "descriptor": "d", "data": {"x": a, "y": b}})
    peak("stop", {"uid": "s", "run_start": "u"})
    found, expected = compute(x, y), peak.stats
    assert (found.max_position, found.max_value) == pytest.approx(expected.max, rel=1e-9, abs=1e-9)
    assert (found.min_position, found.min_value) == pytest.approx(expected.min, rel=1e-9, abs=1e-9)
    for ours, theirs in ((found.com, expected.com), (found.center, expected.cen), (found.fwhm, expected.fwhm)):
        assert (ours is None) == (theirs is None)
        assert ours is None or ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)
    np.testing.assert_allclose(found.crossings, np.sort(expected.crossings), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("step", [1, -1])
def test_statistics_equal_those_of_bluesky(name: str, step: int) -> None:
    """A scan downwards gives the same."""
    compare_with_bluesky(X[::step], SIGNALS[name][::step])


@pytest.mark.parametrize("name", ["ni2o3", "cr2o3_fluo"])
@pytest.mark.parametrize("transform", [lambda x, y: y, lambda x, y: np.gradient(y, x)], ids=["mu", "derivative"])
def test_measured_data_give_what_bluesky_gives(
    name: str, transform: Callable[[Array, Array], Array], measured: Path
) -> None:
    spectrum = np.load(measured / f"{name}.npz")
    x, y = spectrum["energy"], spectrum["mu"]
    compare_with_bluesky(x, transform(x, y))


@pytest.mark.slow
@pytest.mark.parametrize("center", [0.0, 0.5, -1.2])
def test_the_middle_of_a_step_is_that_of_lmfit(center: float) -> None:
    """The points are symmetric about the middle, where the interpolation of the crossing is exact."""
    from lmfit.models import StepModel

    x = np.linspace(center - 2.0, center + 2.0, 40)
    y = compute_step(x, center)
    model = StepModel(form="erf")
    fitted = model.fit(y, x=x, amplitude=1.0, center=center + 0.1, sigma=0.4, fit_kws={"xtol": 1e-14, "ftol": 1e-14})
    found = compute(x, y)
    assert found.form == "step"
    assert found.center == pytest.approx(fitted.params["center"].value, abs=1e-9)


@pytest.mark.slow
def test_peak_and_width_are_those_of_lmfit() -> None:
    """On a fine grid with the maximum and the half heights on points, the interpolation is exact."""
    from lmfit.models import GaussianModel

    x = np.linspace(-4.0, 4.0, 8001)
    sigma = 1.0 / (2.0 * np.sqrt(2.0 * np.log(2.0)))
    y = GaussianModel().eval(x=x, amplitude=1.0, center=0.0, sigma=sigma)
    fitted = GaussianModel().fit(y, x=x, amplitude=1.1, center=0.1, sigma=0.5)
    found = compute(x, y)
    assert found.max_position == pytest.approx(fitted.params["center"].value, abs=1e-9)
    assert found.com == pytest.approx(fitted.params["center"].value, abs=1e-9)
    assert found.fwhm == pytest.approx(fitted.params["fwhm"].value, abs=1e-6)  # lmfit's factor 2.3548200 has 7 digits


@given(arrays(float, st.integers(3, 40), elements=st.floats(-1e6, 1e6)))
def test_numbers_are_those_of_numpy(y: Array) -> None:
    x = np.arange(float(len(y)))
    found = compute(x, y)
    assert (found.max_position, found.max_value) == (np.argmax(y), y.max())
    assert (found.min_position, found.min_value) == (np.argmin(y), y.min())
    np.testing.assert_allclose(np.interp(found.crossings, x, y), found.level, rtol=1e-9, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("peak", "peak"),
        ("narrow peak on a background", "peak"),
        ("noisy peak", "peak"),
        ("slot", "peak"),
        ("dip", "dip"),
        ("step", "step"),
        ("falling noisy step", "step"),
    ],
)
def test_the_form_of_a_signal_is_recognized(name: str, form: str) -> None:
    assert compute(X, SIGNALS[name]).form == form


@pytest.mark.parametrize("y", [np.zeros(61), add_noise(np.zeros(61), 1.0)], ids=["flat", "noise"])
def test_noise_has_no_form(y: Array) -> None:
    assert compute(X, y).form == ""


def test_points_that_are_not_finite_are_left_out() -> None:
    x, y = np.append(X, [np.nan, 1.0]), np.append(SIGNALS["peak"], [1.0, np.inf])
    assert compute(x, y) == compute(X, SIGNALS["peak"])


@pytest.mark.parametrize("x", [[], [1.0, 2.0], [1.0, 1.0, 1.0]])
def test_too_few_positions_give_nothing(x: list[float]) -> None:
    assert compute_line_statistics(np.array(x), np.array(x)) is None
