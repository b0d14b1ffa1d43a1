"""Queues of jobs done in order, each in a thread of its own that lives as long as there is something to do."""

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
    """Jobs by queue.

    Parameters
    ----------
    do
        Does a job, however long that takes; returns False where it was asked to stop before the job was done. It
        is given a function that reports what is waited for, '' for nothing.
    """

    def __init__(self, do: Callable[[JobT, Callable[[str], None]], bool]):
        self._do = do
        self._queues: dict[str, _Queue[JobT]] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._error: BaseException | None = None

    def check(self) -> None:
        """Raise RuntimeError where a queue cannot go on because its work raised something."""
        if self._error is not None and not self._closed:
            raise RuntimeError(f"a queue cannot go on: {self._error}") from self._error

    def put(self, name: str, job: JobT) -> None:
        """Put a job at the end of a queue."""
        with self._changed:
            if self._closed:
                return
            queue = self._queues.setdefault(name, _Queue())
            queue.jobs.append(job)
            if queue.thread is None:
                self._start_thread(name, queue)

    def _start_thread(self, name: str, queue: _Queue[JobT]) -> None:
        """Start the thread of a queue; where the system has none left, the job stays and `check` raises."""
        thread = threading.Thread(target=self._run_queue, args=(name,), name=f"queue {name}", daemon=True)
        try:
            thread.start()
            queue.thread = thread
        except RuntimeError as error:
            self._on_queue_failed(name, error)

    def list_jobs(self) -> tuple[JobT, ...]:
        """Return all jobs that are not done."""
        with self._changed:
            return tuple(job for queue in self._queues.values() for job in queue.jobs)

    def count_jobs(self) -> int:
        """Return the number of all jobs that are not done."""
        with self._changed:
            return sum(len(queue.jobs) for queue in self._queues.values())

    def list_queues(self) -> tuple[tuple[str, str, tuple[JobT, ...]], ...]:
        """Return the name of each queue, what it waits for ('' for nothing), and its jobs in order."""
        with self._changed:
            return tuple((name, queue.waits_for, tuple(queue.jobs)) for name, queue in self._queues.items())

    @property
    def waits_for(self) -> str:
        """What queues wait for, '' where none does."""
        with self._changed:
            return "; ".join(dict.fromkeys(queue.waits_for for queue in self._queues.values() if queue.waits_for))

    def drain(self, timeout: float) -> bool:
        """Wait until no job is left; return whether none is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queues, timeout)

    def close(self, timeout: float) -> None:
        """Begin no job any more, and wait for those in hand, which must have been asked to stop."""
        deadline = time.monotonic() + timeout
        with self._changed:
            self._closed = True
            threads = [queue.thread for queue in self._queues.values() if queue.thread is not None]
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run_queue(self, name: str) -> None:
        queue = self._queues[name]
        while (job := self._get_next_job(name, queue)) is not None:
            try:
                done = self._do(job, lambda reason: self._report_waiting(name, queue, reason))
            except BaseException as error:  # noqa: BLE001 - kept for `check`, which ends the worker
                self._on_queue_failed(name, error)
                done = False
            with self._changed:
                if not done:
                    queue.thread = None
                    return
                queue.jobs.popleft()
                self._changed.notify_all()

    def _on_queue_failed(self, name: str, error: BaseException) -> None:
        """Remember what ended a queue; after `close` it costs nothing: the job is done after the next start."""
        log.error("queue_failed", queue=name, exc_info=error)
        self._error = error

    def _get_next_job(self, name: str, queue: _Queue[JobT]) -> JobT | None:
        """Return the job at the front; without one the queue ends."""
        with self._changed:
            if queue.jobs and not self._closed:
                return queue.jobs[0]
            queue.thread = None
            if not queue.jobs:
                del self._queues[name]
                self._changed.notify_all()
            return None

    def _report_waiting(self, name: str, queue: _Queue[JobT], reason: str) -> None:
        if reason != queue.waits_for:
            fields = {"queue": name, "reason": reason} if reason else {"queue": name, "was": queue.waits_for}
            log.warning("waiting_for", **fields) if reason else log.info("wait_ended", **fields)
            queue.waits_for = reason
