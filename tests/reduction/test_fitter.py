"""Fits in their own process: started with a scan, restarted when it dies, ended when idle."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.figures import fold_board
from helpers.fits import compute_step
from helpers.processes import wait_until
from xafs_workers.reduction.fits import fit_signal
from xafs_workers.reduction.fitter import Fitter
from xafs_workers.reduction.subprocess_client import ReductionProcess
from xafs_workers.scans.fit_requests import FitRequest
from xafs_workers.scans.items import ReceivedMessage, ReductionResult

pytestmark = [pytest.mark.process, pytest.mark.slow]

X = np.linspace(-3.0, 3.0, 31)
Y = compute_step(X, 0.4)
LINE = {"linescan": "start", "motor": "xafs_x", "detector": "It"}


@pytest.fixture
def build(larch: None) -> Iterator[Callable[..., Fitter]]:
    """Build fitters that are closed at the end."""
    made: list[Fitter] = []

    def _build(**options: Any) -> Fitter:
        made.append(Fitter(**options))
        made[-1].start()
        return made[-1]

    yield _build
    for fitter in made:
        fitter.close()


def request(slot: str = "fit") -> FitRequest:
    return FitRequest("scan", slot, "step", X, Y)


def find_message(message: dict[str, Any]) -> ReceivedMessage:
    return fold_board(message).scans[0].start


def wait_for_result(fitter: Fitter) -> ReductionResult:
    found: list[ReductionResult] = []
    wait_until(lambda: bool(found.extend(fitter.take()) or found), "the fit")
    return found[0]


def test_a_scan_starts_the_process_and_fits_equal_direct_ones(build: Callable[..., Fitter]) -> None:
    fitter = build()
    assert fitter.pid is None
    fitter.on_message(find_message({"timescan": "start", "detector": "It"}))
    assert fitter.pid is None
    fitter.on_message(find_message(LINE))
    wait_until(lambda: fitter.pid is not None, "the process")
    fitter.ask(request())
    fitter.ask(request())
    assert not fitter.idle
    values = wait_for_result(fitter).values
    expected = fit_signal({"shape": "step", "x": X, "y": Y})
    assert values["parameters"] == expected["parameters"]
    np.testing.assert_array_equal(values["best_fit"], expected["best_fit"])
    assert fitter.idle
    assert fitter.take() == ()


def test_a_process_that_dies_is_started_again(build: Callable[..., Fitter]) -> None:
    fitter = build()
    fitter.ask(request("before"))
    assert "parameters" in wait_for_result(fitter).values
    pid = fitter.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    fitter.ask(request("after"))
    assert "parameters" in wait_for_result(fitter).values
    assert fitter.pid != pid


def test_an_idle_process_ends_and_the_next_fit_starts_another(build: Callable[..., Fitter]) -> None:
    fitter = build(idle_seconds=0.05)
    fitter.ask(request("before"))
    wait_for_result(fitter)
    wait_until(lambda: fitter.pid is None, "the end of the idle process")
    fitter.ask(request("after"))
    assert "parameters" in wait_for_result(fitter).values


def test_a_process_that_always_dies_gives_the_reason(build: Callable[..., Fitter]) -> None:
    fitter = build(start_process=lambda: ReductionProcess((sys.executable, "-c", "raise SystemExit(3)")))
    fitter.ask(request())
    assert wait_for_result(fitter).values == {
        "problem": "the process of the fits died 2 times: the process ended (exit code 3)"
    }


def test_a_missing_lmfit_gives_the_reason(build: Callable[..., Fitter], tmp_path: Path) -> None:
    program = "import sys; sys.modules['lmfit'] = None; from xafs_workers.reduction.worker import main; main()"
    fitter = build(start_process=lambda: ReductionProcess((sys.executable, "-c", program)))
    fitter.ask(request())
    assert "lmfit cannot be used" in wait_for_result(fitter).values["problem"]
