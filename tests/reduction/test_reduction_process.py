"""The process may be killed at any time, and nothing is lost."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.processes import wait_until
from helpers.reductions import assert_close, load_partial_references
from helpers.streams import fold, read_entries, stamp_entries
from xafs_workers.reduction.process import MAX_ATTEMPTS, Reducer
from xafs_workers.reduction.subprocess_client import ProcessDied, ReductionProcess
from xafs_workers.scans.absorption import Absorber, Spectrum
from xafs_workers.scans.items import ReductionResult
from xafs_workers.scans.reduction_requests import ReductionRequest, build_reduction_requests
from xafs_workers.scans.xafs_sequence import build_sequence
from xafs_workers.scans.xafs_sequence_pictures import build_project_content


@pytest.fixture
def own(larch: None) -> Any:
    made: list[Reducer] = []

    def make(**how: Any) -> Reducer:
        made.append(Reducer(**how))
        made[-1].start()
        return made[-1]

    yield make
    for one in made:
        one.close()


def spectrum(uid: str = "a", *, points: int = 300, generation: int = 300) -> Spectrum:
    energy = np.concatenate([np.arange(7000.0, 7100.0, 10.0), np.linspace(7100.0, 7900.0, points - 10)])
    mu = np.arctan((energy - 7112.0) / 2.0) + 0.05 * np.sin((energy - 7112.0) / 20.0) * (energy > 7112.0)
    return Spectrum(uid, f"scan {uid}", generation, energy, mu, np.ones_like(energy))


IRON = Absorber("Fe", "K", "transmission")


def request(slot: str, rank: int = 0, task: Any = "merge", parts: tuple[Spectrum, ...] = ()) -> ReductionRequest:
    return ReductionRequest("scan", slot, rank, task, IRON, parts or (spectrum(),))


def collect(reducer: Reducer, count: int) -> list[ReductionResult]:
    found: list[ReductionResult] = []

    def enough() -> bool:
        found.extend(reducer.take())
        return len(found) >= count

    wait_until(enough, f"{count} results")
    return found


@pytest.mark.slow
def test_a_repeatedly_killed_process_answers_every_request(measured: Path, own: Any) -> None:
    reducer = own()
    board = fold(stamp_entries(read_entries(measured / "cr2o3_fluo.jsonl")))
    missing = [one for one in build_reduction_requests(board) if one.slot.startswith("merge")]
    wait_until(lambda: bool(reducer.version), "the process")
    found: list[ReductionResult] = []
    for round_, one in enumerate(missing):
        reducer.ask(one)
        if round_ in (1, 3):
            os.kill(reducer.pid, signal.SIGKILL)
    found = collect(reducer, len(missing))
    assert reducer.restarts >= 1
    assert [item.key for item in found] == [one.key for one in missing]
    wanted = load_partial_references(measured, "cr2o3_fluo")
    for n, item in enumerate(found):
        assert_close(item.values["chi"], wanted["chi"][n])
    assert not reducer.waits_for


def test_a_request_that_kills_the_process_gets_an_error(own: Any) -> None:
    reducer = own(start_process=lambda: ReductionProcess((sys.executable, "-c", DIES_OF_MERGES)))
    reducer.ask(request("poison"))
    (item,) = collect(reducer, 1)
    assert f"died {MAX_ATTEMPTS} times" in item.values["problem"]
    assert len(item.values["mu"]) == 300


DIES_OF_MERGES = """
import os, sys
from xafs_workers.reduction.framing import encode_frame, read_frame
while True:
    name, asked = read_frame(sys.stdin.buffer)
    if name == "merge":
        os._exit(9)
    sys.stdout.buffer.write(encode_frame("done", {"version": "none"}))
    sys.stdout.buffer.flush()
"""

HANGS = DIES_OF_MERGES.replace("os._exit(9)", "import threading; threading.Event().wait()")

HAS_NO_LARCH = """
import sys
from xafs_workers.reduction.framing import encode_frame, read_frame
read_frame(sys.stdin.buffer)
sys.stdout.buffer.write(encode_frame("failed", {"problem": "ModuleNotFoundError: No module named 'larch'"}))
sys.stdout.buffer.flush()
sys.stdin.buffer.read()
"""


def test_a_process_that_hangs_is_killed(own: Any) -> None:
    reducer = own(start_process=lambda: ReductionProcess((sys.executable, "-c", HANGS)), timeout=0.2)
    reducer.ask(request("slow"))
    (item,) = collect(reducer, 1)
    assert "no answer in time" in item.values["problem"]


def test_without_larch_mu_is_shown_with_the_reason(own: Any) -> None:
    reducer = own(start_process=lambda: ReductionProcess((sys.executable, "-c", HAS_NO_LARCH)))
    reducer.ask(request("one"))
    (item,) = collect(reducer, 1)
    assert "No module named 'larch'" in item.values["problem"]
    assert len(item.values["mu"]) == 300
    assert reducer.waits_for == "", "a worker that needs no Larch is well without it"


def test_a_worker_waits_for_a_larch_that_is_broken(own: Any) -> None:
    broken = HAS_NO_LARCH.replace("No module named 'larch'", "No module named 'larixite'")
    reducer = own(start_process=lambda: ReductionProcess((sys.executable, "-c", broken)))
    reducer.ask(request("one"))
    (item,) = collect(reducer, 1)
    assert "larixite" in item.values["problem"]
    assert "larixite" in reducer.waits_for


@pytest.mark.slow
def test_newer_requests_replace_older_ones_and_merges_go_first(own: Any) -> None:
    reducer = own()
    for rank in range(1, 50):
        reducer.ask(request("live a", rank, "live"))
    reducer.ask(request("merge 1"))
    reducer.ask(request("merge 1"))
    found = [item.key for item in collect(reducer, 2)]
    assert found[-1] == "live a@49"
    assert len(found) <= 3
    assert "merge 1@0" in found
    assert reducer.idle


def test_submitting_a_request_does_not_block(own: Any) -> None:
    reducer = own(start_process=lambda: ReductionProcess((sys.executable, "-c", HANGS)), timeout=60.0)
    began = time.monotonic()
    for n in range(200):
        reducer.ask(request(f"merge {n}"))
        reducer.take()
    assert time.monotonic() - began < 1.0
    began = time.monotonic()
    reducer.close()
    assert time.monotonic() - began < 3.0


def test_a_process_that_dies_is_reported(larch: None) -> None:
    child = ReductionProcess((sys.executable, "-c", "import sys; sys.stdin.buffer.read(10); sys.exit(7)"))
    with pytest.raises(ProcessDied, match=r"exit code 7|Broken pipe"):
        child.run_task("merge", {}, 10.0)
    child.kill()


ANSWERS_ONE_TASK_LATE = """
import sys
from xafs_workers.reduction.framing import encode_frame, read_frame
behind = -1
while True:
    name, asked = read_frame(sys.stdin.buffer)
    behind += 1
    if behind:
        sys.stdout.buffer.write(encode_frame("done", {"answer": behind}))
        sys.stdout.buffer.flush()
"""
"""Answers the first task when it gets the second one."""


def test_a_late_answer_is_not_taken_for_the_next_one(larch: None) -> None:
    child = ReductionProcess((sys.executable, "-c", ANSWERS_ONE_TASK_LATE))
    try:
        with pytest.raises(ProcessDied, match="no answer in time"):
            child.run_task("first", {}, 0.1)
        with pytest.raises(ProcessDied):
            child.run_task("second", {}, 10.0)
    finally:
        child.kill()


def test_a_process_that_starts_too_slowly_is_replaced(own: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xafs_workers.reduction.process.START_TIMEOUT", 0.1)
    programs = iter([ANSWERS_ONE_TASK_LATE])

    def start() -> ReductionProcess:
        slow = next(programs, None)
        if slow is None:
            monkeypatch.setattr("xafs_workers.reduction.process.START_TIMEOUT", 60.0)
        return ReductionProcess((sys.executable, "-c", slow or DIES_OF_MERGES))

    reducer = own(start_process=start)
    assert reducer.read_xdi(b"x").result(60.0) == {"version": "none"}
    assert reducer.restarts == 1


def test_a_slow_start_gets_more_time_at_each_attempt(own: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that needs more than the first limit still ends: the limit doubles."""
    limits: list[float] = []

    class SlowProcess:
        pid = 0

        def run_task(self, task: str, asked: Any, timeout: float) -> tuple[str, dict[str, Any]]:
            if task == "warm up":
                limits.append(timeout)
                if timeout < 300.0:
                    raise ProcessDied("no answer in time")
            return "done", {"version": "slow"}

        def interrupt(self) -> None:
            pass

        kill = end = interrupt

    monkeypatch.setattr("xafs_workers.reduction.process.RESTART_BACKOFF", (0.0,))
    reducer = own(start_process=SlowProcess)
    wait_until(lambda: reducer.pid is not None or reducer.restarts == 1, "the first start")
    assert reducer.read_xdi(b"x").result(60.0) == {"version": "slow"}
    assert limits == [120.0, 240.0, 480.0]


LOADS_FOR_EVER = "import threading; threading.Event().wait()"


def test_closing_while_larch_loads_cancels_the_requests(own: Any) -> None:
    reducer = own(start_process=lambda: ReductionProcess((sys.executable, "-c", LOADS_FOR_EVER)))
    project = reducer.request_project({})
    wait_until(lambda: reducer.pid is not None, "the process")
    pid = reducer.pid
    assert not reducer.is_warm
    reducer.close()
    assert project.cancelled()
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the end of the process")
    assert reducer.request_project({}).cancelled()


def test_a_cancelled_project_is_retried_after_a_restart(own: Any) -> None:
    from xafs_workers.plots.athena_projects import AthenaProjects
    from xafs_workers.runtime.outcome import TryLater

    start = {"xafs_sequence": "start", "element": "Fe", "edge": "K", "repetitions": 1, "mode": "transmission"}
    board = fold(stamp_entries([("bmm", start)]))
    reducer = own(start_process=lambda: ReductionProcess((sys.executable, "-c", LOADS_FOR_EVER)))
    reducer.close()
    content = build_project_content(build_sequence(board, board.scans[0]), board)
    with pytest.raises(TryLater, match="the worker ends"):
        AthenaProjects(reducer.request_project, 60.0).build_project(content)


ANSWERS = DIES_OF_MERGES.replace("os._exit(9)", "pass")


def test_an_idle_process_ends_and_starts_again_on_demand(own: Any) -> None:
    reducer = own(start_process=lambda: ReductionProcess((sys.executable, "-c", ANSWERS)), idle_seconds=0.05)
    found: set[int] = set()
    for n in range(2):
        wait_until(lambda: reducer.pid is None and bool(reducer.version), "the process to end")
        assert not reducer.is_warm
        reducer.ask(request(f"merge {n}"))
        (item,) = collect(reducer, 1)
        assert item.values == {"version": "none"}
        found.add(reducer.restarts)
    assert found == {0}


def test_a_process_can_start_with_its_first_task(own: Any) -> None:
    started: list[int] = []

    def start() -> ReductionProcess:
        started.append(1)
        return ReductionProcess((sys.executable, "-c", ANSWERS))

    reducer = own(start_process=start, starts_warm=False)
    assert (reducer.pid, started) == (None, [])
    reducer.ask(request("merge"))
    collect(reducer, 1)
    assert started == [1]
    assert reducer.is_warm
