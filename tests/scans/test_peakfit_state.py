"""Fits of a peak: the position that a plan gets, and the reason where it gets none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.figures import fold_board, get_run_uid, make_run
from helpers.fits import add_noise, apply_fits, compute_peak, compute_slot, fold_fit, get_analysis
from xafs_workers.scans.analysis import Reply

X = np.linspace(-3.0, 3.0, 31)
PEAK = compute_peak(X, 0.7)
BOTH_KEYS = ("BMM:peak_position", "BMM:peakposition")


def ask(choice: str | None, **more: Any) -> dict[str, Any]:
    return {"peakfit": True, "signal": "It", "choice": choice, **more}


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize(
    ("choice", "find"),
    [
        ("peak", lambda x, y: x[np.argmax(y)]),
        (None, lambda x, y: x[np.argmax(y)]),
        ("middle", lambda x, y: x[np.argmax(y)]),
        ("com", lambda x, y: x[int((np.arange(len(y)) * y).sum() / y.sum())]),
    ],
)
def test_an_estimate_equals_that_of_numpy(choice: str | None, find: Any, direction: int) -> None:
    x, y = X[::direction], add_noise(PEAK, 0.02)[::direction]
    analysis = get_analysis(fold_fit(ask(choice), x, y))
    assert analysis.problem == ""
    assert analysis.value["position"] == find(x, y)
    assert analysis.replies == (Reply(BOTH_KEYS, repr(float(find(x, y))), needs_preset=True),)
    assert float(analysis.replies[0].text) == find(x, y)


@pytest.mark.slow
@pytest.mark.parametrize("direction", [1, -1])
def test_a_fit_writes_its_center_and_answers_its_mode(direction: int) -> None:
    from lmfit.models import SkewedGaussianModel

    x, y = X[::direction], add_noise(PEAK, 0.02)[::direction]
    analysis = get_analysis(fold_fit(ask("fit"), x, y))
    model = SkewedGaussianModel()
    expected = model.fit(y, model.guess(y, x=x), x=x)
    assert analysis.value["parameters"] == pytest.approx(
        {name: expected.params[name].value for name in ("amplitude", "center", "sigma", "gamma")}, rel=1e-9
    )
    assert float(analysis.replies[0].text) == pytest.approx(expected.params["center"].value, rel=1e-9)
    fine = np.linspace(-3.0, 3.0, 600_001)
    assert analysis.value["position"] == pytest.approx(fine[np.argmax(expected.eval(x=fine))], abs=1e-4)


@pytest.mark.slow
def test_a_peak_without_noise_is_fitted() -> None:
    """lmfit stops at its limit of evaluations here, and reports no success."""
    x = np.linspace(-3.0, 3.0, 31)
    analysis = get_analysis(fold_fit(ask("fit"), x, compute_peak(x, 0.4)))
    assert analysis.problem == ""
    assert analysis.value["position"] == pytest.approx(0.4, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("choice", ["peak", "com", "fit"])
@pytest.mark.parametrize(
    ("y", "reason"),
    [
        pytest.param(add_noise(PEAK, 0.5), "times the noise", id="noisy"),
        pytest.param(np.ones(31), "times the noise", id="flat"),
        pytest.param(add_noise(np.ones(31), 0.01), "times the noise", id="flat and noisy"),
        pytest.param(2.0 - PEAK, "no (peak|fit)", id="inverted"),
    ],
)
def test_a_scan_without_a_peak_gives_no_position(y: Any, reason: str, choice: str) -> None:
    analysis = get_analysis(fold_fit(ask(choice), X, y))
    assert analysis.replies == ()
    assert "position" not in analysis.value
    assert set(analysis.value["estimates"]) == {"peak", "com", "half_height"}
    assert any(word in analysis.problem for word in (reason, "no peak", "no fit"))


@pytest.mark.slow
def test_a_fitted_peak_beyond_the_scan_gives_no_position() -> None:
    one_sided = compute_peak(X, 3.3)
    assert "outside of the scan" in get_analysis(fold_fit(ask("fit"), X, one_sided)).problem
    assert get_analysis(fold_fit(ask("peak"), X, one_sided)).value["position"] == 3.0


def test_gaps_are_left_out() -> None:
    y = PEAK.copy()
    y[[3, 18]] = np.nan
    found = get_analysis(fold_fit(ask("peak"), X, y))
    assert found.value["position"] == X[np.nanargmax(y)]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"xafs_x": [], "I0": [], "It": []}, "0 of 0 points"),
        ({"xafs_x": [1.0, 2.0], "I0": [1.0, 1.0], "It": [1.0, 1.0]}, "2 of 2 points"),
        ({"xafs_x": [1.0] * 9, "I0": [1.0] * 9, "It": [1.0] * 9}, "xafs_x did not move"),
        ({"xafs_y": [1.0] * 9, "I0": [1.0] * 9, "It": [1.0] * 9}, "no xafs_x in this run"),
        ({"xafs_x": [1.0] * 9, "I0": [1.0] * 9}, "no It in this run"),
        ({"xafs_x": [1.0] * 9, "I0": [0.0] * 9, "It": [1.0] * 9}, "0 of 9 points"),
    ],
)
def test_a_scan_that_cannot_be_analysed_gives_the_reason(columns: dict[str, list[float]], reason: str) -> None:
    run = make_run(columns)
    board = fold_board(run, {**ask("peak"), "uid": get_run_uid(run), "motor_name": "xafs_x"}, settled=False)
    analysis = get_analysis(board)
    assert reason in analysis.problem
    assert analysis.replies == ()


@pytest.mark.parametrize("channels", [(8,), range(1, 5), range(1, 8)])
def test_fluorescence_is_the_sum_of_the_mounted_channels(channels: Any) -> None:
    columns = {f"Fe{channel}": (PEAK * channel).tolist() for channel in channels}
    run = make_run({"xafs_x": X.tolist(), "I0": (1.0 + 0.1 * X).tolist(), **columns})
    board = fold_board(run, {**ask("peak", signal="If"), "uid": "last", "motor_name": "xafs_x"}, settled=False)
    assert get_analysis(board).value["position"] == X[np.argmax(PEAK / (1.0 + 0.1 * X))]


def test_other_signals_are_divided_as_plans_expect() -> None:
    slope = 1.0 + 0.2 * X
    columns = {"I0": slope, "It": slope**2, "Ir": PEAK * slope**2, "raw": PEAK, "dwti_dwell_time": slope}
    run = make_run({"xafs_x": X.tolist(), **{key: values.tolist() for key, values in columns.items()}})
    expected = {"Ir": PEAK, "raw": PEAK, "Raw": PEAK}
    for signal, y in expected.items():
        message = {**ask("peak", signal=signal), "uid": "last", "motor_name": "xafs_x"}
        if signal == "Raw":
            continue
        assert get_analysis(fold_board(run, message, settled=False)).value["position"] == X[np.argmax(y)]
    message = {**ask("peak", signal="raw", rate=True), "uid": "last", "motor_name": "xafs_x"}
    assert get_analysis(fold_board(run, message, settled=False)).value["position"] == X[np.argmax(PEAK / slope)]


def test_a_plateau_is_no_minimum() -> None:
    y = add_noise(compute_slot(X, 0.1, 2.6, 0.1), 0.01)
    assert get_analysis(fold_fit(ask("com"), X, y)).value["position"] == pytest.approx(0.1, abs=0.11)


def test_a_run_that_is_awaited_gives_no_analysis_yet() -> None:
    board = fold_board({**ask("peak"), "uid": "f" * 36, "motor_name": "xafs_x"}, settled=False)
    assert apply_fits(board) is board
    from xafs_workers.scans.fit_answers import build_analysis

    assert build_analysis(board, board.scans[-1]) is None
