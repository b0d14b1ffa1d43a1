"""Fits of an edge: rising and falling, scanned upwards and downwards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.figures import fold_board, make_run
from helpers.fits import add_noise, apply_fits, compute_step, fold_fit, get_analysis
from xafs_workers.scans.fits import find_fit

ASK: dict[str, Any] = {"stepfit": True, "signal": "It", "choice": "peak", "saveplot": True}


def make_x(center: float) -> Any:
    return np.linspace(center - 3.2, center + 2.8, 31)


@pytest.mark.slow
@pytest.mark.parametrize("rises", [True, False])
@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("center", [0.3, 12.3, 100.3])
def test_the_edge_is_found(center: float, direction: int, rises: bool) -> None:
    x = make_x(center)[::direction]
    y = compute_step(x, center) if rises else 1.0 - compute_step(x, center)
    board = fold_fit(ASK, x, y)
    analysis = get_analysis(board)
    assert analysis.value["position"] == pytest.approx(center, abs=1e-6)
    assert analysis.value["inverted"] is not rises
    assert float(analysis.replies[0].text) == analysis.value["position"]


@pytest.mark.slow
@pytest.mark.parametrize("direction", [1, -1])
def test_a_fit_equals_that_of_lmfit(direction: int) -> None:
    from lmfit.models import StepModel

    x = make_x(12.0)[::direction]
    y = add_noise(compute_step(x, 12.0), 0.02)
    analysis = get_analysis(fold_fit(ASK, x, y))
    model, shifted = StepModel(form="erf"), y - y[2]
    # lmfit's own start values; Larch, where a test has loaded it, replaces `StepModel.guess`
    start = model.make_params(amplitude=np.ptp(shifted), center=11.8, sigma=0.6 * direction)
    expected = model.fit(shifted, start, x=x)
    assert analysis.value["parameters"] == pytest.approx(
        {name: expected.params[name].value for name in ("amplitude", "center", "sigma")}, rel=1e-9
    )


@pytest.mark.slow
@pytest.mark.parametrize("form", ["StepModel", "RectangleModel"])
def test_no_replaced_method_gives_the_start_values(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Larch replaces `guess` of these models of lmfit wherever it is loaded, by one that fails for falling x."""
    from lmfit import models

    monkeypatch.delattr(getattr(models, form), "guess")
    x = make_x(12.0)[::-1]
    message = {**ASK} if form == "StepModel" else {**ASK, "rectanglefit": True}
    if form == "RectangleModel":
        message.pop("stepfit")
    y = compute_step(x, 12.0) if form == "StepModel" else compute_step(x, 11.0) - compute_step(x, 13.0)
    assert get_analysis(fold_fit(message, x, y)).value["position"] == pytest.approx(12.0, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("signal", ["monitor", "bicron"])
def test_nothing_is_subtracted_from_the_counts_of_a_monitor(signal: str) -> None:
    x = make_x(12.0)
    run = make_run({"xafs_x": x.tolist(), "monitor": (1000.0 * compute_step(x, 12.0)).tolist()})
    message = {**ASK, "signal": signal, "uid": "last", "motor_name": "xafs_x"}
    board = apply_fits(fold_board(run, message, settled=False))
    assert get_analysis(board).value["position"] == pytest.approx(12.0, abs=1e-6)


@pytest.mark.parametrize("signal", ["bicron", "Bicron"])
def test_a_monitor_may_be_named_with_a_capital(signal: str) -> None:
    x = make_x(12.0)
    run = make_run({"xafs_x": x.tolist(), "monitor": (5.0 + 1000.0 * compute_step(x, 12.0)).tolist()})
    board = fold_board(run, {**ASK, "signal": signal, "uid": "last", "motor_name": "xafs_x"}, settled=False)
    fitted = find_fit(board, board.scans[-1]).signal
    assert fitted is not None
    assert fitted.y[2] == 5.0


@pytest.mark.slow
@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(lambda x: add_noise(compute_step(x, 12.0), 0.5), id="noisy"),
        pytest.param(np.ones_like, id="flat"),
        pytest.param(lambda x: add_noise(np.ones_like(x), 0.01), id="flat and noisy"),
        pytest.param(lambda x: compute_step(x, 15.5), id="beyond the end"),
        pytest.param(lambda x: compute_step(x, 30.0), id="no edge"),
    ],
)
@pytest.mark.parametrize("direction", [1, -1])
def test_a_scan_without_an_edge_gives_no_position(shape: Any, direction: int) -> None:
    x = make_x(12.0)
    board = fold_fit(ASK, x[::direction], shape(x)[::direction])
    analysis = get_analysis(board)
    assert analysis.replies == ()
    assert analysis.problem == find_fit(board, board.scans[-1]).problem
    assert "position" not in analysis.value


def test_a_fit_that_failed_gives_its_estimates() -> None:
    x = make_x(12.0)
    run = make_run({"xafs_x": x.tolist(), "I0": [1.0] * 31, "It": compute_step(x, 12.0).tolist()})
    board = fold_board(run, {**ASK, "uid": "last", "motor_name": "xafs_x"}, settled=False)
    from xafs_workers.scans.items import ReductionResult
    from xafs_workers.scans.reduction_requests import build_reduction_requests

    (request,) = build_reduction_requests(board)
    board = board.apply(ReductionResult(request.scan_id, request.key, {"problem": "lmfit cannot be used"}))
    analysis = get_analysis(board)
    assert analysis.problem == "no fit: lmfit cannot be used"
    assert analysis.value["estimates"]["peak"] == x[np.argmax(compute_step(x, 12.0))]
