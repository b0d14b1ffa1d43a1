"""Work queues: each keeps its order, none delays another, and open work is listed."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from helpers.processes import wait_until
from xafs_workers.runtime.work_queues import WorkQueues

Note = Callable[[str], None]


class Work:
    """Does jobs named ``<lane><number>``; those in `blocked` wait until they are let go, or all is stopped."""

    def __init__(self, *blocked: str):
        self.done: list[str] = []
        self.go = {name: threading.Event() for name in blocked}
        self.stop = threading.Event()
        self.lanes: WorkQueues[str] = WorkQueues(self.do)

    def do(self, job: str, note: Note) -> bool:
        if job in self.go:
            note(f"{job} waits")
            while not self.go[job].wait(0.01):
                if self.stop.is_set():
                    return False
            note("")
        self.done.append(job)
        return True

    def put(self, *jobs: str) -> None:
        for job in jobs:
            self.lanes.put(job[0], job)


def test_a_queue_keeps_its_order_and_delays_no_other() -> None:
    work = Work("a1")
    work.put("a1", "a2", "b1", "a3", "b2")
    wait_until(lambda: work.done == ["b1", "b2"], "the other lane")
    assert work.lanes.list_jobs() == ("a1", "a2", "a3")
    wait_until(lambda: work.lanes.waits_for == "a1 waits", "the wait to be told")
    work.go["a1"].set()
    wait_until(lambda: not work.lanes.list_jobs(), "the lane that waited")
    assert work.done == ["b1", "b2", "a1", "a2", "a3"]
    assert work.lanes.waits_for == ""


def test_an_empty_queue_ends_and_starts_again() -> None:
    work = Work()
    for number in range(200):
        work.put(f"a{number}")
        if number % 7 == 0:
            wait_until(lambda: not work.lanes.list_jobs(), "the lane to be empty")
    wait_until(lambda: not work.lanes.list_jobs(), "the lane to be empty")
    assert work.done == [f"a{number}" for number in range(200)]
    names = [thread.name for thread in threading.enumerate()]
    wait_until(lambda: not any(thread.name == "lane a" for thread in threading.enumerate()), f"its end: {names}")


def test_closed_queues_start_no_work_and_list_the_rest() -> None:
    work = Work("a1")
    work.put("a1", "a2")
    wait_until(lambda: work.lanes.waits_for != "", "the first job to be in hand")
    work.stop.set()
    work.lanes.close(10.0)
    work.put("b1")
    assert work.done == []
    assert work.lanes.list_jobs() == ("a1", "a2")


def test_a_job_whose_thread_cannot_start_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    queues: WorkQueues[str] = WorkQueues(lambda job, note: True)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    queues.put("one", "a")
    assert queues.list_jobs() == ("a",)
    with pytest.raises(RuntimeError, match="new thread"):
        queues.check()
