"""Lifecycle of every worker: signals, the loop until a stop is requested, a clean end, the exit code."""

from __future__ import annotations

import importlib.util
import signal
import threading
from collections.abc import Callable
from typing import Protocol

from xafs_workers.logs import get_logger
from xafs_workers.runtime.supervisor import ThreadSupervisor
from xafs_workers.services.systemd_notify import Notifier

log = get_logger("workers")


class WorkerLoop(Protocol):
    """A worker's loop."""

    def step(self, timeout: float = 0.2) -> int:
        """Do one turn."""
        ...


def require_module(module: str) -> None:
    """Raise ModuleNotFoundError unless a module is installed; it is not loaded."""
    if importlib.util.find_spec(module) is None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; nothing in the handler can block."""
    stop = threading.Event()

    def on_signal(number: int, frame: object) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    return stop


def run_loop(
    loop: WorkerLoop,
    stop: threading.Event,
    each_turn: Callable[[], object],
    finish: Callable[[], object],
    supervisor: ThreadSupervisor | None = None,
) -> int:
    """Run a loop until `stop` is set; report to systemd the start, each turn and the end.

    Parameters
    ----------
    each_turn
        Called after each turn (heartbeat).
    finish
        Called once at the end, whatever happened (drain, store, close).
    supervisor
        Checked after each turn: a thread that died ends the loop.

    Returns
    -------
    int
        Exit code: 0 after a clean stop, 1 when the loop or a thread died (systemd then starts it again).
    """
    code = 0
    notifier = Notifier.from_environment()
    notifier.send_ready()
    try:
        while not stop.is_set():
            loop.step()
            each_turn()
            if supervisor is not None:
                supervisor.check()
            notifier.send_watchdog()
        log.info("stopping")
    except Exception:
        log.exception("worker_died")
        code = 1
    notifier.send_stopping()
    try:
        finish()
    except Exception:
        log.exception("finish_failed")
        code = 1
    log.info("stopped", exit_code=code)
    return code
