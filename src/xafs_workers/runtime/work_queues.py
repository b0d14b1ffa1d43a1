"""Lanes: jobs done in order, each lane in a thread of its own that lives as long as there is something to do."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from xafs_workers.logs import get_logger

JobT = TypeVar("JobT")

log = get_logger("workers")


@dataclass(slots=True)
class _Queue(Generic[JobT]):
    jobs: deque[JobT] = field(default_factory=deque)
    thread: threading.Thread | None = None
    waits_for: str = ""


class WorkQueues(Generic[JobT]):
    """Jobs by lane.

    Parameters
    ----------
    do
        Does a job, however long that takes; returns False where it was told to stop before the job was done. It is
        given a function by which it tells what it waits for, '' for nothing.
    """

    def __init__(self, do: Callable[[JobT, Callable[[str], None]], bool]):
        self._do = do
        self._queues: dict[str, _Queue[JobT]] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._error: Exception | None = None

    def check(self) -> None:
        """Raise RuntimeError where a lane cannot go on because its work raised something."""
        if self._error is not None and not self._closed:
            raise RuntimeError(f"a lane cannot go on: {self._error}") from self._error

    def put(self, name: str, job: JobT) -> None:
        """Put a job at the end of a lane."""
        with self._changed:
            if self._closed:
                return
            lane = self._queues.setdefault(name, _Queue())
            lane.jobs.append(job)
            if lane.thread is None:
                lane.thread = threading.Thread(target=self._run_queue, args=(name,), name=f"lane {name}", daemon=True)
                lane.thread.start()

    def list_jobs(self) -> tuple[JobT, ...]:
        """Return all jobs that are not done."""
        with self._changed:
            return tuple(job for lane in self._queues.values() for job in lane.jobs)

    @property
    def waits_for(self) -> str:
        """What lanes wait for, '' where none does."""
        with self._changed:
            return "; ".join(dict.fromkeys(lane.waits_for for lane in self._queues.values() if lane.waits_for))

    def close(self, timeout: float) -> None:
        """Begin no job any more, and wait for those in hand; whoever does them must have been told to stop."""
        deadline = time.monotonic() + timeout
        with self._changed:
            self._closed = True
            threads = [lane.thread for lane in self._queues.values() if lane.thread is not None]
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run_queue(self, name: str) -> None:
        lane = self._queues[name]
        while (job := self._get_next_job(name, lane)) is not None:
            try:
                done = self._do(job, lambda reason: self._report_waiting(name, lane, reason))
            except Exception as error:  # noqa: BLE001 - kept for `check`
                done, self._error = False, error
            with self._changed:
                if not done:
                    lane.thread = None
                    return
                lane.jobs.popleft()
                self._changed.notify_all()

    def _get_next_job(self, name: str, lane: _Queue[JobT]) -> JobT | None:
        """Return the job at the front; without one the lane ends."""
        with self._changed:
            if lane.jobs and not self._closed:
                return lane.jobs[0]
            lane.thread = None
            if not lane.jobs:
                del self._queues[name]
            return None

    def _report_waiting(self, name: str, lane: _Queue[JobT], reason: str) -> None:
        if reason != lane.waits_for:
            told = {"lane": name, "reason": reason} if reason else {"lane": name, "was": lane.waits_for}
            log.warning("waiting_for", **told) if reason else log.info("wait_is_over", **told)
            lane.waits_for = reason
