"""Fits in a process of their own, which is started when scans begin and ends when no fit was asked for in a while."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from xafs_workers.logs import get_logger
from xafs_workers.reduction.subprocess_client import ProcessDied, ReductionProcess
from xafs_workers.scans.fit_requests import FitRequest
from xafs_workers.scans.items import ReceivedMessage, ReductionResult
from xafs_workers.scans.scan import scan_kinds
from xafs_workers.threads import SupervisedThread

log = get_logger("reduction")

START_TIMEOUT = 60.0
"""Time limit for the start, seconds: lmfit takes one to two seconds to load, longer on a busy machine."""

FIT_TIMEOUT = 10.0
"""Time limit of one fit, seconds: one of some hundred points takes some 10 ms, and plans wait for 13 s."""

IDLE_SECONDS = 900.0
"""The process ends so long after the last fit, or the last scan that may be followed by one, seconds."""

MAX_ATTEMPTS = 2


class Fitter:
    """Queue of fits, done one after the other in a separate process.

    `ask`, `take` and `on_message` return at once.

    Parameters
    ----------
    ready
        Called in the fitter's thread when there is a result to take.
    start_process
        Starts a new process.
    idle_seconds
        See `IDLE_SECONDS`.
    """

    def __init__(
        self,
        ready: Callable[[], object] = lambda: None,
        *,
        start_process: Callable[[], ReductionProcess] = ReductionProcess,
        idle_seconds: float = IDLE_SECONDS,
    ):
        self._ready, self._start_process, self._idle_seconds = ready, start_process, idle_seconds
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._waiting: deque[FitRequest] = deque()
        self._current: FitRequest | None = None
        self._results: list[ReductionResult] = []
        self._is_wanted = False
        self._process: ReductionProcess | None = None
        self._thread = SupervisedThread(self._run, "fitter", self._stop.is_set)

    def start(self) -> None:
        """Start the thread; the process is started when it is needed."""
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether no fit is queued or running."""
        with self._changed:
            return not self._waiting and self._current is None

    @property
    def pid(self) -> int | None:
        """Process id, None while no process runs."""
        process = self._process
        return None if process is None else process.pid

    def on_message(self, control: ReceivedMessage) -> None:
        """Start the process at the start of a scan after which plans ask for fits."""
        kind = scan_kinds.get(control.message.kind)
        if kind is not None and kind.fits_follow and control.message.action == "start":
            with self._changed:
                self._is_wanted = True
                self._changed.notify_all()

    def ask(self, request: FitRequest) -> None:
        """Queue a fit, unless it is queued, running, or done and not taken yet."""
        place = (request.scan_id, request.key)
        with self._changed:
            known = [one for one in (*self._waiting, self._current) if one is not None]
            if place in {(one.scan_id, one.key) for one in (*known, *self._results)}:
                return
            self._waiting.append(request)
            self._changed.notify_all()

    def take(self) -> tuple[ReductionResult, ...]:
        """Return the results that are ready, each once; apply them to the board before the next `ask`."""
        with self._changed:
            ready, self._results = self._results, []
        return tuple(ready)

    def close(self, timeout: float = 3.0) -> None:
        """Stop at once and kill the process."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
            process = self._process
        if process is not None:
            process.interrupt()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        while self._wait_for_work():
            request = self._take_request()
            values = self._fit(request) if request is not None else self._warm_up()
            if request is not None and values is not None:
                self._deliver(request, values)
        self._end_process()

    def _wait_for_work(self) -> bool:
        """Wait for a fit or for a scan that may be followed by one; return False when the fitter stops."""
        with self._changed:
            while not (self._stop.is_set() or self._waiting or self._is_wanted):
                running = self._process is not None
                if not self._changed.wait(self._idle_seconds if running else None) and running:
                    self._end_process()
            return not self._stop.is_set()

    def _take_request(self) -> FitRequest | None:
        with self._changed:
            self._is_wanted = False
            self._current = self._waiting.popleft() if self._waiting else None
            return self._current

    def _deliver(self, request: FitRequest, values: Mapping[str, Any]) -> None:
        with self._changed:
            self._results.append(ReductionResult(request.scan_id, request.key, values))
            self._current = None
        self._ready()

    def _warm_up(self) -> None:
        try:
            self._ensure_process()
        except ProcessDied as error:
            self._discard_process(str(error))

    def _fit(self, request: FitRequest) -> Mapping[str, Any] | None:
        """Return the result of a fit, or the `problem`; None when the fitter stops."""
        asked = {"shape": request.shape, "x": request.x, "y": request.y}
        reason = ""
        for _ in range(MAX_ATTEMPTS):
            try:
                return self._ensure_process().run_task("fit", asked, FIT_TIMEOUT)[1]
            except ProcessDied as error:
                reason = str(error)
                self._discard_process(reason)
            if self._stop.is_set():
                return None
        return {"problem": f"the process of the fits died {MAX_ATTEMPTS} times: {reason}"}

    def _ensure_process(self) -> ReductionProcess:
        """Return the process, started and with lmfit loaded.

        Raises
        ------
        ProcessDied
            It died while it started, or lmfit cannot be used.
        """
        if self._process is not None:
            return self._process
        process = self._start_process()
        with self._changed:
            self._process = process
            if self._stop.is_set():  # `close` may have been called before there was a process to kill
                process.interrupt()
        state, values = process.run_task("warm up fits", {}, START_TIMEOUT)
        if state == "failed":
            raise ProcessDied(f"lmfit cannot be used: {values.get('problem')}")
        log.info("fitter_ready", lmfit=values.get("version"), pid=process.pid)
        return process

    def _discard_process(self, reason: str) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
        if not self._stop.is_set():
            log.warning("fitter_died", reason=reason)

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end()
