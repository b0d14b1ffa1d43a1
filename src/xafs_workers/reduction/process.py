"""The reducer: requests in, results out; one warm process behind it that may die at any time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from xafs_workers.logs import get_logger
from xafs_workers.reduction.running_merge import RunningMerges
from xafs_workers.reduction.subprocess_client import Child, Died
from xafs_workers.scans.items import Reduced
from xafs_workers.scans.reduction_requests import Request

log = get_logger("reduction")

ATTEMPTS = 3
"""Of one task; the one that kills the process so often is answered with a problem."""

START_SECONDS = 120.0
"""Larch takes ten seconds to load from a cold disk; a busy machine makes it more."""

BACKOFF = (0.0, 0.5, 2.0, 10.0)
"""Waits before a process is started again, seconds; the last is repeated."""


class Away(RuntimeError):
    """No process can be started; the text says why."""


@dataclass(slots=True, eq=False)
class _Job:
    name: str
    task: str
    values: Callable[[], Mapping[str, Any]]
    done: Callable[[Mapping[str, Any]], None]
    place: tuple[str, str] | None = None
    rank: int = 0
    attempts: int = 0


class Reducer:
    """Has spectra reduced, one after the other, in a process of its own.

    `ask`, `take` and `project` return at once. One thread calls `ask` and `take`.

    Parameters
    ----------
    ready
        Called by the reducer's own thread when there is something to take.
    timeout
        For one task, seconds; a process that does not answer in time is killed.

    Attributes
    ----------
    version
        Larch's, '' as long as it is not loaded.
    waits_for
        Why nothing is reduced, '' where all is well.
    restarts
        How often the process was started again.
    """

    def __init__(
        self,
        ready: Callable[[], object] = lambda: None,
        *,
        timeout: float = 60.0,
        new_child: Callable[[], Child] = Child,
    ):
        self._ready, self._timeout, self._new_child = ready, timeout, new_child
        self._jobs: deque[_Job] = deque()
        self._in_hand: _Job | None = None
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._child: Child | None = None
        self._failures = 0
        self._merges = RunningMerges()
        self._futures: set[Future[Mapping[str, Any]]] = set()
        self._outbox: list[tuple[tuple[str, str], int, Reduced]] = []
        self._thread = threading.Thread(target=self._work, name="reducer", daemon=True)
        self.version, self.waits_for, self.restarts = "", "", 0

    def start(self) -> None:
        """Start the thread and warm up the process."""
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """Of the process, None while there is none."""
        return None if self._child is None else self._child.pid

    @property
    def warm(self) -> bool:
        """Whether the process is there and has loaded Larch."""
        return bool(self.version) and not self.waits_for

    @property
    def idle(self) -> bool:
        """Whether nothing is queued or in hand."""
        with self._changed:
            return not self._jobs and self._in_hand is None

    def ask(self, request: Request) -> None:
        """Have a request reduced; one that is queued for the same slot is superseded, an equal one is not repeated."""
        place = (request.scan, request.slot)
        job = _Job(
            request.key,
            request.task,
            lambda: self._merges.asked(request),
            lambda values: self._put_out(request, values),
            place,
            request.rank,
        )
        with self._changed:
            known = [one for one in (*self._jobs, self._in_hand) if one is not None and one.place == place]
            ranks = [one.rank for one in known] + [rank for put, rank, _ in self._outbox if put == place]
            if any(rank >= request.rank for rank in ranks):
                return
            for one in known:
                if one is not self._in_hand:
                    self._jobs.remove(one)
            self._insert(job)

    def take(self) -> tuple[Reduced, ...]:
        """Return the results that are ready, each once; they must be folded before `ask` is called again."""
        with self._changed:
            ready, self._outbox = self._outbox, []
        return tuple(item for _, _, item in ready)

    def project(self, asked: Mapping[str, Any]) -> Future[Mapping[str, Any]]:
        """Have an Athena project made; the future's result holds its `content`, or the `problem`.

        It is cancelled when the reducer is closed before.
        """
        return self._future("project", "athena", asked)

    def read_xdi(self, content: bytes) -> Future[Mapping[str, Any]]:
        """Have Larch read XDI; the future's result holds `labels` and `rows`, or the `problem`."""
        return self._future("file", "read xdi", {"content": content})

    def _future(self, name: str, task: str, asked: Mapping[str, Any]) -> Future[Mapping[str, Any]]:
        future: Future[Mapping[str, Any]] = Future()

        def done(values: Mapping[str, Any]) -> None:
            if future.set_running_or_notify_cancel():
                future.set_result(values)

        with self._changed:
            if self._stop.is_set():
                future.cancel()
                return future
            self._futures.add(future)
            self._insert(_Job(name, task, lambda: asked, done))
        future.add_done_callback(self._futures.discard)
        return future

    def close(self, timeout: float = 3.0) -> None:
        """Stop at once, whatever the process is doing; what is left is not done, and its futures are cancelled."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
            child = self._child
        if child is not None:
            child.interrupt()
        if self._thread.is_alive():
            self._thread.join(timeout)
        for future in tuple(self._futures):
            future.cancel()

    def _put_out(self, request: Request, values: Mapping[str, Any]) -> None:
        item = Reduced(request.scan, request.key, values)
        with self._changed:
            self._outbox.append(((request.scan, request.slot), request.rank, item))
            self._changed.notify_all()
        self._ready()

    def _insert(self, job: _Job) -> None:
        """Queue a job; live ones, of which new ones keep coming, wait behind all others."""
        if job.task == "live":
            self._jobs.append(job)
        else:
            place = next((i for i, one in enumerate(self._jobs) if one.task == "live"), len(self._jobs))
            self._jobs.insert(place, job)
        self._changed.notify_all()

    def _work(self) -> None:
        self._warm()
        while (job := self._next()) is not None:
            values = self._result(job)
            if values is not None:
                self._hand_over(job, values)
            with self._changed:
                self._in_hand = None
                self._changed.notify_all()
        if self._child is not None:
            self._child.end()

    def _next(self) -> _Job | None:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._jobs) or self._stop.is_set())
            if self._stop.is_set():
                return None
            self._in_hand = self._jobs.popleft()
            return self._in_hand

    def _warm(self) -> None:
        """Start the process before it is needed."""
        try:
            self._living()
        except (Died, Away) as error:
            self._note_waiting(str(error))

    def _result(self, job: _Job) -> Mapping[str, Any] | None:
        """Return what became of a job, however often the process dies; None when told to stop meanwhile."""
        try:
            asked = job.values()
        except Exception as error:
            log.exception("not_asked", job=job.name)
            return {"problem": f"{type(error).__name__}: {error}"}
        while not self._stop.is_set():
            try:
                values = self._living().exchange(job.task, asked, self._timeout)[1]
            except Away as error:
                return {**_shown(asked), "problem": str(error)}
            except Died as error:
                self._lost(str(error))
                job.attempts += 1
                if job.attempts == ATTEMPTS:
                    log.error("given_up", job=job.name, reason=str(error))
                    return {**_shown(asked), "problem": f"the reduction died {ATTEMPTS} times: {error}"}
            else:
                return {**_left_out(asked), **values}
        return None

    def _living(self) -> Child:
        """Return the process, started and warm.

        Raises
        ------
        Died
            It does not start this time.
        Away
            It cannot start: Larch is not there.
        """
        if self._child is not None:
            return self._child
        if self._stop.wait(BACKOFF[min(self._failures, len(BACKOFF) - 1)]):
            raise Died("stopped")
        child = self._new_child()
        with self._changed:
            self._child = child
            if self._stop.is_set():  # `close` may have come before there was a process to kill
                child.interrupt()
        state, values = child.exchange("warm up", {}, START_SECONDS)
        if state == "failed":
            child.end()
            self._child = None
            raise Away(f"Larch cannot be used: {values.get('problem')}")
        self._failures = 0
        self.version = str(values.get("version", ""))
        self._note_waiting("")
        log.info("reducer_ready", larch=self.version, pid=child.pid)
        return child

    def _lost(self, reason: str) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
        if not self._stop.is_set():
            self._failures += 1
            self.restarts += 1
            self._note_waiting(f"the reduction's process: {reason}")

    def _hand_over(self, job: _Job, values: Mapping[str, Any]) -> None:
        try:
            job.done(values)
        except Exception:
            log.exception("not_delivered", job=job.name)

    def _note_waiting(self, reason: str) -> None:
        if reason != self.waits_for:
            log.warning("waiting_for", reason=reason) if reason else log.info("wait_is_over", was=self.waits_for)
            self.waits_for = reason


def _shown(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what can be shown of a merge although it could not be reduced."""
    return {name: asked[name] for name in ("energy", "mu", "members", "left_out") if name in asked}


def _left_out(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"left_out": asked["left_out"]} if asked.get("left_out") else {}
