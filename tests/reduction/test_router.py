"""A merge that takes long holds up no live reduction: a second process does them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from helpers.processes import wait_until
from xafs_workers.reduction.fitter import Fitter
from xafs_workers.reduction.process import Reducer
from xafs_workers.reduction.router import AnalysisRouter
from xafs_workers.reduction.subprocess_client import ProcessDied
from xafs_workers.scans.absorption import Absorber, Spectrum
from xafs_workers.scans.reduction_requests import ReductionRequest

CURVE = np.linspace(0.0, 1.0, 10)
SPECTRUM = Spectrum("a", "scan a", 1, CURVE, CURVE, CURVE)
IRON = Absorber("Fe", "K", "transmission")


class FakeProcess:
    """A process whose merges take until a test lets them end."""

    pid = 0

    def __init__(self, name: str, may_end: threading.Event):
        self.name, self.may_end = name, may_end

    def run_task(self, task: str, asked: Any, timeout: float) -> tuple[str, dict[str, Any]]:
        if task == "merge" and not self.may_end.wait(timeout):
            raise ProcessDied("no answer in time")
        return "done", {"version": "1", "by": self.name}

    def interrupt(self) -> None:
        self.may_end.set()

    def kill(self) -> None:
        self.may_end.set()

    end = kill


Parts = tuple[AnalysisRouter, Reducer, Reducer, threading.Event]


@pytest.fixture
def parts() -> Iterator[Parts]:
    may_end = threading.Event()

    def build(name: str) -> Callable[[], Any]:
        return lambda: FakeProcess(name, may_end)

    first = Reducer(start_process=build("first"))
    second = Reducer(start_process=build("second"), starts_warm=False)
    router = AnalysisRouter(first, Fitter(), second)
    router.start()
    yield router, first, second, may_end
    may_end.set()
    router.close()


def request(slot: str, task: Any, rank: int = 0) -> ReductionRequest:
    return ReductionRequest("scan", slot, rank, task, IRON, (SPECTRUM,))


def wait_for_results(router: AnalysisRouter, count: int = 1) -> list[tuple[str, str]]:
    """Return keys and processes of the next results."""
    found: list[tuple[str, str]] = []

    def have_come() -> bool:
        found.extend((one.key, one.values["by"]) for one in router.take())
        return len(found) >= count

    wait_until(have_come, f"{count} results")
    return found


def test_a_long_merge_holds_up_no_live_reduction(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    router, first, second, may_end = parts
    monkeypatch.setattr("xafs_workers.reduction.router.HELD_UP_SECONDS", 0.05)
    router.ask(request("merge", "merge"))
    wait_until(lambda: first.busy_seconds > 0.05, "the merge")
    router.ask(request("live", "live"))
    assert wait_for_results(router) == [("live@0", "second")]
    assert second.is_warm
    router.ask(request("live", "live", 1))
    assert wait_for_results(router) == [("live@1", "second")]
    may_end.set()
    assert wait_for_results(router) == [("merge@0", "first")]
    assert router.idle


def test_a_short_merge_starts_no_second_process(parts: Parts) -> None:
    router, first, second, may_end = parts
    router.ask(request("merge", "merge"))
    wait_until(lambda: first.busy_seconds > 0, "the merge")
    router.ask(request("live", "live"))
    may_end.set()
    assert wait_for_results(router, 2) == [("merge@0", "first"), ("live@0", "first")]
    assert not second.is_warm


def test_a_live_reduction_does_not_count_as_held_up(parts: Parts) -> None:
    router, first, _, _ = parts
    router.ask(request("live", "live"))
    assert wait_for_results(router) == [("live@0", "first")]
    assert first.busy_seconds == 0
