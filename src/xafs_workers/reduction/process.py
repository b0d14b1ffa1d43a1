"""Reducer: runs reduction requests in a process of its own and restarts that process when it dies."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from xafs_workers.logs import get_logger
from xafs_workers.reduction.subprocess_client import ProcessDied, ReductionProcess
from xafs_workers.reduction.task_values import build_task_values
from xafs_workers.scans.items import ReductionResult
from xafs_workers.scans.reduction_requests import ReductionRequest
from xafs_workers.threads import SupervisedThread

log = get_logger("reduction")

MAX_ATTEMPTS = 3
"""Number of attempts for one task; a task that kills the process so often is answered with a problem."""

START_TIMEOUT = 120.0
"""Time limit for the first start, seconds: Larch takes ten seconds to load from a cold disk.

On a very busy machine it takes minutes. The limit doubles with each start that fails, or no start would ever end.
"""

MAX_DOUBLINGS = 4
"""Largest number of times that the limit is doubled: 32 minutes at most."""

RESTART_BACKOFF = (0.0, 0.5, 2.0, 10.0)
"""Waits before a process is started again, seconds; the last one is repeated.

Not the pauses of `runtime.retry`: the first start does not wait, and a task is given up after `MAX_ATTEMPTS`.
"""


MEMBER_SECONDS = 6.0
"""Time added to the limit for each further repetition, seconds: a noisy one takes so long to get its background."""


NO_LARCH = "ModuleNotFoundError: No module named 'larch'"
"""Problem that the process reports where Larch is not installed."""


class ReductionUnavailable(RuntimeError):
    """No process can be started; the text gives the reason."""


class LarchNotInstalled(ReductionUnavailable):
    """Larch is not installed, which is no fault where no reduction is wanted."""


@dataclass(slots=True, eq=False)
class _Job:
    name: str
    task: str
    build_values: Callable[[], Mapping[str, Any]]
    on_done: Callable[[Mapping[str, Any]], None]
    slot: tuple[str, str] | None = None
    rank: int = 0
    attempts: int = 0
    extra_time: float = 0.0
    began: float = 0.0


class Reducer:
    """Queue of reduction requests, reduced one after the other in a separate process.

    `ask`, `take` and `request_project` return at once. Only one thread may call `ask` and `take`.

    Parameters
    ----------
    ready
        Called in the reducer's own thread when a result can be taken.
    timeout
        Time limit for one task, seconds, to which `MEMBER_SECONDS` are added; a process that does not answer in time is
        killed.
    idle_seconds
        Time without a task after which the process ends, seconds; the next task starts it again. None: never.
    starts_warm
        Whether the process is started before the first task needs it.
    start_process
        Starts a new process.

    Attributes
    ----------
    version
        Version of Larch, '' until Larch is loaded.
    waits_for
        Reason why nothing is reduced, '' if there is none.
    restarts
        Number of times the process was started again.
    """

    def __init__(
        self,
        ready: Callable[[], object] = lambda: None,
        *,
        timeout: float = 60.0,
        idle_seconds: float | None = None,
        starts_warm: bool = True,
        start_process: Callable[[], ReductionProcess] = ReductionProcess,
    ):
        self._ready, self._timeout, self._start_process = ready, timeout, start_process
        self._idle_seconds, self._starts_warm = idle_seconds, starts_warm
        self._jobs: deque[_Job] = deque()
        self._current_job: _Job | None = None
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._process: ReductionProcess | None = None
        self._failures = 0
        self._futures: set[Future[Mapping[str, Any]]] = set()
        self._results: list[tuple[tuple[str, str], int, ReductionResult]] = []
        self._thread = SupervisedThread(self._run, "reducer", self._stop.is_set)
        self.version, self.waits_for, self.restarts = "", "", 0

    def start(self) -> None:
        """Start the thread, and the process where it starts warm."""
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """Process id, None while no process runs."""
        return None if self._process is None else self._process.pid

    @property
    def is_warm(self) -> bool:
        """Whether the process runs and has loaded Larch."""
        return self._process is not None and bool(self.version) and not self.waits_for

    @property
    def busy_seconds(self) -> float:
        """How long the job in hand, other than a live one, has been running, seconds; 0 for none."""
        with self._changed:
            job = self._current_job
            return time.monotonic() - job.began if job is not None and job.task != "live" else 0.0

    @property
    def idle(self) -> bool:
        """Whether no job is queued or running."""
        with self._changed:
            return not self._jobs and self._current_job is None

    def ask(self, request: ReductionRequest) -> None:
        """Queue a request; it replaces an older one queued for the same slot, and an equal one is not repeated."""
        place = (request.scan_id, request.slot)
        job = _Job(
            request.key,
            request.task,
            lambda: build_task_values(request),
            lambda values: self._add_result(request, values),
            place,
            request.rank,
            extra_time=MEMBER_SECONDS * (len(request.spectra) - 1),
        )
        with self._changed:
            known = [one for one in (*self._jobs, self._current_job) if one is not None and one.slot == place]
            ranks = [one.rank for one in known] + [rank for put, rank, _ in self._results if put == place]
            if any(rank >= request.rank for rank in ranks):
                return
            for one in known:
                if one is not self._current_job:
                    self._jobs.remove(one)
            self._insert(job)

    def take(self) -> tuple[ReductionResult, ...]:
        """Return the results that are ready, each once; apply them to the board before the next `ask`."""
        with self._changed:
            ready, self._results = self._results, []
        return tuple(item for _, _, item in ready)

    def request_project(self, asked: Mapping[str, Any]) -> Future[Mapping[str, Any]]:
        """Queue the making of an Athena project; the future's result holds its `content` or the `problem`.

        The future is cancelled if the reducer is closed before the project is made.
        """
        return self._submit("project", "athena", asked)

    def read_xdi(self, content: bytes) -> Future[Mapping[str, Any]]:
        """Queue the reading of XDI content by Larch; the result holds `labels` and `rows`, or the `problem`."""
        return self._submit("file", "read xdi", {"content": content})

    def _submit(self, name: str, task: str, asked: Mapping[str, Any]) -> Future[Mapping[str, Any]]:
        future: Future[Mapping[str, Any]] = Future()

        def on_done(values: Mapping[str, Any]) -> None:
            if future.set_running_or_notify_cancel():
                future.set_result(values)

        with self._changed:
            if self._stop.is_set():
                future.cancel()
                return future
            self._futures.add(future)
            self._insert(_Job(name, task, lambda: asked, on_done))
        future.add_done_callback(self._futures.discard)
        return future

    def close(self, timeout: float = 3.0) -> None:
        """Stop at once, kill the running task, drop the queued ones and cancel their futures."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
            process = self._process
        if process is not None:
            process.interrupt()
        if self._thread.is_alive():
            self._thread.join(timeout)
        for future in tuple(self._futures):
            future.cancel()

    def _add_result(self, request: ReductionRequest, values: Mapping[str, Any]) -> None:
        item = ReductionResult(request.scan_id, request.key, values)
        if values.get("notes"):
            log.info("reduction_noted", scan=request.scan_id, key=request.key, notes=values["notes"])
        with self._changed:
            self._results.append(((request.scan_id, request.slot), request.rank, item))
            self._changed.notify_all()
        self._ready()

    def _insert(self, job: _Job) -> None:
        """Queue a job before all live ones, which come again and again; queue a live job at the end."""
        if job.task == "live":
            self._jobs.append(job)
        else:
            place = next((i for i, one in enumerate(self._jobs) if one.task == "live"), len(self._jobs))
            self._jobs.insert(place, job)
        self._changed.notify_all()

    def _run(self) -> None:
        if self._starts_warm:
            self._warm_up()
        while (job := self._wait_for_job()) is not None:
            values = self._run_job(job)
            if values is not None:
                self._deliver(job, values)
            with self._changed:
                self._current_job = None
                self._changed.notify_all()
        if self._process is not None:
            self._process.end()

    def _wait_for_job(self) -> _Job | None:
        while not self._wait_for_change():
            self._end_idle_process()
        with self._changed:
            if self._stop.is_set():
                return None
            self._current_job = self._jobs.popleft()
            self._current_job.began = time.monotonic()
            return self._current_job

    def _wait_for_change(self) -> bool:
        """Wait for a job or the end; return False where the process has been idle for too long."""
        with self._changed:
            patience = self._idle_seconds if self._process is not None else None
            return self._changed.wait_for(lambda: bool(self._jobs) or self._stop.is_set(), patience)

    def _end_idle_process(self) -> None:
        """End the process, which holds Larch in memory; without the lock, because it takes a moment."""
        with self._changed:
            process, self._process = self._process, None
        if process is not None:
            process.end()
            log.info("reducer_idle", pid=process.pid)

    def _warm_up(self) -> None:
        """Start the process before the first job needs it."""
        try:
            self._ensure_process()
        except ProcessDied as error:
            self._on_process_died(str(error))
        except LarchNotInstalled as error:
            log.info("no_larch", reason=str(error))  # a task that wants it gets the reason as its result
        except ReductionUnavailable as error:
            self._report_waiting(str(error))

    def _run_job(self, job: _Job) -> Mapping[str, Any] | None:
        """Run a job, restarting the process when it dies, and return its result; None when the reducer stops."""
        try:
            asked = job.build_values()
        except Exception as error:
            log.exception("task_not_built", job=job.name)
            return {"problem": f"{type(error).__name__}: {error}"}
        while not self._stop.is_set():
            try:
                values = self._ensure_process().run_task(job.task, asked, self._timeout + job.extra_time)[1]
            except ReductionUnavailable as error:
                return {**_select_plottable(asked), "problem": str(error)}
            except ProcessDied as error:
                self._on_process_died(str(error))
                job.attempts += 1
                if job.attempts == MAX_ATTEMPTS:
                    log.error("task_given_up", job=job.name, reason=str(error))
                    return {**_select_plottable(asked), "problem": f"the reduction died {MAX_ATTEMPTS} times: {error}"}
            else:
                return values
        return None

    def _ensure_process(self) -> ReductionProcess:
        """Return the process, started and warm.

        Raises
        ------
        ProcessDied
            The process died while it started.
        ReductionUnavailable
            The process cannot work: Larch cannot be used.
        """
        if self._process is not None:
            return self._process
        if self._stop.wait(RESTART_BACKOFF[min(self._failures, len(RESTART_BACKOFF) - 1)]):
            raise ProcessDied("stopped")
        process = self._start_process()
        with self._changed:
            self._process = process
            if self._stop.is_set():  # `close` may have been called before there was a process to kill
                process.interrupt()
        limit = START_TIMEOUT * 2.0 ** min(self._failures, MAX_DOUBLINGS)
        state, values = process.run_task("warm up", {}, limit)
        if state == "failed":
            process.end()
            self._process = None
            problem = str(values.get("problem"))
            kind = LarchNotInstalled if problem == NO_LARCH else ReductionUnavailable
            raise kind(f"Larch cannot be used: {problem}")
        self._failures = 0
        self.version = str(values.get("version", ""))
        self._report_waiting("")
        log.info("reducer_ready", larch=self.version, pid=process.pid)
        return process

    def _on_process_died(self, reason: str) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
        if not self._stop.is_set():
            self._failures += 1
            self.restarts += 1
            self._report_waiting(f"the reduction's process: {reason}")

    def _deliver(self, job: _Job, values: Mapping[str, Any]) -> None:
        try:
            job.on_done(values)
        except Exception:
            log.exception("result_not_delivered", job=job.name)

    def _report_waiting(self, reason: str) -> None:
        if reason != self.waits_for:
            log.warning("waiting_for", reason=reason) if reason else log.info("wait_ended", was=self.waits_for)
            self.waits_for = reason


def _select_plottable(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what can be drawn of a merge that could not be reduced: its newest repetition as measured."""
    members = asked.get("members")
    return {"energy": members[-1]["energy"], "mu": members[-1]["mu"]} if members else {}
