"""Fits of a slot: its middle, wherever the scan begins, and never a number outside of the scan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.fits import add_noise, compute_slot, fold_fit, get_analysis
from xafs_workers.scans.estimates import find_half_height

ASK: dict[str, Any] = {"rectanglefit": True, "signal": "It"}


def make_x(center: float) -> Any:
    return np.linspace(center - 3.2, center + 2.8, 31)


@pytest.mark.slow
@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("center", [12.0, 12.2, 100.0, 0.2])
def test_the_middle_of_a_slot_is_found(center: float, direction: int) -> None:
    x = make_x(center)[::direction]
    analysis = get_analysis(fold_fit(ASK, x, compute_slot(x, center)))
    assert analysis.problem == ""
    assert analysis.value["position"] == pytest.approx(center, abs=1e-6)
    assert float(analysis.replies[0].text) == analysis.value["position"]


@pytest.mark.slow
@pytest.mark.parametrize("signal", ["It", "it"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_fit_equals_that_of_lmfit(signal: str, sign: float) -> None:
    from lmfit.models import RectangleModel

    x = make_x(12.0)
    y = add_noise(sign * compute_slot(x, 12.0), 0.02)
    analysis = get_analysis(fold_fit({**ASK, "signal": signal}, x, y))
    model, shifted = RectangleModel(form="erf"), y - y[2]
    width = {"value": 0.1 * np.ptp(x), "min": 0.0}  # as lmfit's own `guess`, which Larch replaces where it is loaded
    start = model.make_params(amplitude=sign * (sign * shifted).max(), sigma1=width, sigma2=width)
    for name, edge in zip(("center1", "center2"), find_half_height(x, sign * shifted), strict=True):
        start[name].set(value=edge)
    expected = model.fit(shifted, start, x=x)
    assert analysis.value["parameters"] == pytest.approx(
        {name: expected.params[name].value for name in ("amplitude", "center1", "sigma1", "center2", "sigma2")},
        rel=1e-9,
    )
    middle = (expected.params["center1"].value + expected.params["center2"].value) / 2
    assert analysis.value["position"] == pytest.approx(middle, rel=1e-9)


@pytest.mark.slow
def test_points_at_the_end_are_dropped() -> None:
    x = make_x(12.0)
    y = compute_slot(x, 12.0)
    y[-3:] = 40.0
    assert get_analysis(fold_fit({**ASK, "drop": 3}, x, y)).value["position"] == pytest.approx(12.0, abs=1e-6)
    assert get_analysis(fold_fit({**ASK, "drop": 0}, x, y)).value.get("position") != pytest.approx(12.0, abs=0.1)
    assert "0 of 31 points" in get_analysis(fold_fit({**ASK, "drop": 40}, x, y)).problem


@pytest.mark.slow
@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(lambda x: add_noise(compute_slot(x, 12.0), 0.5), id="noisy"),
        pytest.param(np.ones_like, id="flat"),
        pytest.param(lambda x: add_noise(np.ones_like(x), 0.01), id="flat and noisy"),
        pytest.param(lambda x: compute_slot(x, 15.0), id="one edge"),
        pytest.param(lambda x: add_noise(compute_slot(x, 9.0), 0.01), id="the other edge"),
        pytest.param(lambda x: compute_slot(x, 30.0), id="no edge"),
    ],
)
@pytest.mark.parametrize("direction", [1, -1])
def test_a_scan_without_a_slot_gives_no_position(shape: Any, direction: int) -> None:
    x = make_x(12.0)
    analysis = get_analysis(fold_fit(ASK, x[::direction], shape(x)[::direction]))
    assert analysis.replies == ()
    assert analysis.problem
    assert "position" not in analysis.value


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "first", "where"), [("rectanglefit", -5003.0, 5), ("stepfit", 9.0, 59)])
def test_one_bad_reading_gives_no_position(kind: str, first: float, where: int) -> None:
    x = np.linspace(first, first + 6.0, 61)
    y = add_noise(np.where(np.arange(61) == where, 1e3, 1.0), 0.01, seed=1)
    analysis = get_analysis(fold_fit({kind: True, "signal": "It"}, x, y))
    assert analysis.replies == ()
    assert "times the noise" in analysis.problem
