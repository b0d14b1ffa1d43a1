"""Fits that plans ask for: their state on the board, and whether a plan may move a motor to the result."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xafs_workers.registry import Registry
from xafs_workers.scans.analysed_runs import find_analysed_run
from xafs_workers.scans.board import Board
from xafs_workers.scans.estimates import (
    NOISE_FACTOR,
    Estimates,
    compute_estimates,
    compute_height,
    compute_noise,
    is_inverted,
    smooth,
)
from xafs_workers.scans.fit_requests import FitRequest, Shape
from xafs_workers.scans.reduction_requests import find_result
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan, scan_kinds
from xafs_workers.scans.scanned_signals import ScannedSignal, UnusableScanError, extract_signal

Array = np.ndarray[Any, np.dtype[np.float64]]

LEAST_SEEN_PART = 0.75
"""Part of a fitted step that a scan must show, so that its middle is known."""


@dataclass(frozen=True, slots=True)
class FitOrder:
    """What a message asks for.

    Attributes
    ----------
    shape
        Shape of the signal that is looked for.
    choice
        ``fit``, or for a peak also ``peak`` or ``com``: the estimate that is the answer.
    drop
        Number of points at the end that are left out.
    """

    shape: Shape
    motor: str
    signal: str
    choice: str = "fit"
    spinner: int | None = None
    rate: bool = False
    drop: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class FitState:
    """State of a fit.

    Attributes
    ----------
    run
        The run that is fitted, None where it has not come.
    signal
        Data as they are fitted; None where there are none.
    inverted
        Whether the signal falls along the motor's axis and was inverted, for a step.
    position
        Result in the motor's unit, None where there is none on which a plan may act.
    parameters, mode
        Parameters of the fitted model by lmfit's names, and for a peak the position of its largest value.
    estimates
        Positions from the data alone.
    cross
        Position and height of the mark in the figure, None for none.
    problem
        Reason why there is no result, '' where there is one or it may still come.
    """

    order: FitOrder
    run: Run | None = None
    signal: ScannedSignal | None = None
    inverted: bool = False
    best_fit: Array | None = None
    position: float | None = None
    parameters: Mapping[str, float] | None = None
    mode: float | None = None
    estimates: Estimates | None = None
    cross: tuple[float, float] | None = None
    problem: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there is a result, or the reason for none."""
        return self.position is not None or bool(self.problem)


fit_orders: Registry[Callable[[Scan], FitOrder]] = Registry("xafs_workers.scans", "fit_orders", scan_kinds.discover)
"""Functions that read what the message of a scan asks for, by kind of message."""


def find_fit(board: Board, scan: Scan) -> FitState:
    """Find the state of the fit that the message of a scan asks for."""
    order = fit_orders[scan.kind](scan)
    found = find_analysed_run(board, scan)
    if found.run is None:
        return FitState(order, problem=found.problem)
    run = found.run
    try:
        prepared = run.points.compute_once(("fit", order), lambda: _prepare(run, order, board))
    except UnusableScanError as problem:
        return FitState(order, run, problem=str(problem))
    if order.choice != "fit":
        return run.points.compute_once(("fit estimate", order), lambda: _choose_estimate(prepared))
    result = find_result(board, _build_request(scan, prepared))
    if result is None:
        return prepared
    return result.compute_once("fit state", lambda: _judge_fit(prepared, result.values))


def build_fit_requests(board: Board, scan: Scan) -> Iterator[FitRequest]:
    """Yield the request for the fit of a scan's message, once its run has come."""
    state = find_fit(board, scan)
    if state.signal is not None and state.order.choice == "fit":
        yield _build_request(scan, state)


def _prepare(run: Run, order: FitOrder, board: Board) -> FitState:
    """Extract the signal of a run as it is fitted.

    A rectangle and a step are measured from the third point (the first ones may be wrong after a motor's move).
    """
    signal = extract_signal(run, order.motor, order.signal, board.config, rate=order.rate, drop=order.drop)
    state = FitState(order, run, signal, estimates=compute_estimates(signal.x, signal.y))
    if order.shape == "peak":
        return state
    y = signal.y if signal.is_counted else signal.y - signal.y[2]
    upwards = signal.x[-1] > signal.x[0]
    falls = order.shape == "step" and bool(signal.y[2] > signal.y[-2] if upwards else signal.y[2] < signal.y[-2])
    return replace(state, signal=replace(signal, y=-y if falls else y), inverted=falls)


def _build_request(scan: Scan, state: FitState) -> FitRequest:
    assert state.run is not None and state.signal is not None  # noqa: S101, PT018 - as `_prepare` returns it
    return FitRequest(scan.id, f"fit {state.run.uid}", state.order.shape, state.signal.x, state.signal.y)


def _choose_estimate(state: FitState) -> FitState:
    """Return the state of a peak whose position is estimated from the data alone."""
    assert state.signal is not None and state.estimates is not None  # noqa: S101, PT018 - as `_prepare` returns it
    x, y = state.signal.x, state.signal.y
    position = state.estimates.com if state.order.choice == "com" else state.estimates.peak
    problem = find_peak_problem(y) or _find_range_problem(position, x)
    if problem:
        return replace(state, problem=problem)
    return replace(state, position=position, cross=(position, float(y.max())))


def _judge_fit(state: FitState, values: Mapping[str, Any]) -> FitState:
    """Return the state of a fit whose result has come: with a position, or the reason for none."""
    assert state.signal is not None  # noqa: S101 - as `_prepare` returns it
    if "best_fit" not in values:
        return replace(state, problem=f"no fit: {values.get('problem') or 'no reason given'}")
    x, y = state.signal.x, state.signal.y
    parameters: Mapping[str, float] = values["parameters"]
    position, height = _read_position(state.order.shape, parameters)
    best = np.asarray(values["best_fit"], dtype=np.float64)
    mode = values.get("mode")
    fitted = replace(
        state,
        best_fit=best,
        parameters={name: float(value) for name, value in parameters.items()},
        cross=(position, height if state.order.shape != "peak" else _interpolate(position, x, best)),
    )
    problem = (
        (find_peak_problem(y) if state.order.shape == "peak" else "")
        or _find_misfit(y, best, len(parameters))
        or _find_cut_step(state.order.shape, parameters, best)
        or "; ".join(filter(None, (_find_range_problem(at, x) for at in _list_edges(parameters, position, mode))))
    )
    if problem:
        return replace(fitted, problem=problem, cross=None)
    return replace(fitted, position=position, mode=None if mode is None else float(mode))


def _interpolate(position: float, x: Array, y: Array) -> float:
    """Interpolate a curve whose positions may descend."""
    order = np.argsort(x, kind="stable")
    return float(np.interp(position, x[order], y[order]))


def _read_position(shape: Shape, parameters: Mapping[str, float]) -> tuple[float, float]:
    """Return the fitted position, and the height of its mark."""
    amplitude = float(parameters["amplitude"])
    if shape == "rectangle":
        return (float(parameters["center1"]) + float(parameters["center2"])) / 2.0, abs(amplitude)
    return float(parameters["center"]), amplitude / 2.0


def _list_edges(parameters: Mapping[str, float], position: float, mode: float | None) -> Iterator[float]:
    """Yield the positions that must lie in the scanned range: a slot with one edge outside has no known middle."""
    yield position
    if mode is not None:
        yield float(mode)
    yield from (float(value) for name, value in parameters.items() if name in ("center1", "center2"))


def find_peak_problem(y: Array) -> str:
    """Find the reason why a signal, shape (n,), n >= 5, shows no peak to which a motor may be moved; '' for none."""
    height, noise = compute_height(y), compute_noise(y)
    if not height > NOISE_FACTOR * noise:
        return f"no peak: {_compare(height, noise)}"
    return "no peak: the signal has a minimum" if is_inverted(y) else ""


def _find_misfit(y: Array, best: Array, parameters: int) -> str:
    """Return why a fitted curve is not believed, '' where it is high compared with what it leaves unexplained.

    It must be so at more than one point, and so must the data: a curve may smear one bad reading over its neighbours.
    """
    left = max(1, len(y) - parameters)
    noise = math.sqrt(float(((y - best) ** 2).sum()) / left)
    height = float(min(np.ptp(smooth(best)), np.ptp(smooth(y))))
    return "" if height > NOISE_FACTOR * noise else f"no fit: {_compare(height, noise)}"


def _find_cut_step(shape: Shape, parameters: Mapping[str, float], best: Array) -> str:
    """Return why the middle of an edge is not known: the scan ends before the signal has levelled out."""
    seen, height = float(np.ptp(best)), abs(float(parameters["amplitude"]))
    if shape != "step" or seen >= LEAST_SEEN_PART * height:
        return ""
    return f"no edge: the scan shows {seen:.3g} of a step of {height:.3g} (expected {LEAST_SEEN_PART:.0%} or more)"


def _compare(height: float, noise: float) -> str:
    return f"a height of {height:.3g} with noise of {noise:.3g} (expected more than {NOISE_FACTOR:g} times the noise)"


def _find_range_problem(position: float, x: Array) -> str:
    first, last = float(x.min()), float(x.max())
    if math.isfinite(position) and first <= position <= last:
        return ""
    return f"position {position:.6g} is outside of the scan (expected {first:.6g} to {last:.6g})"
