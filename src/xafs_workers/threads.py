"""Threads that must run until they are asked to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable


class ThreadEnded(RuntimeError):
    """A thread returned before it was asked to stop."""


class SupervisedThread(threading.Thread):
    """Daemon thread whose end is an error unless it was asked to stop.

    An exception, or an early return, reaches `threading.excepthook`; in a worker it ends the process with exit code 1.

    Parameters
    ----------
    target
        Function that the thread runs.
    name
        Name of the thread, for the log.
    is_stopping
        Returns whether the thread was asked to stop.
    """

    def __init__(self, target: Callable[[], object], name: str, is_stopping: Callable[[], bool]):
        super().__init__(name=name, daemon=True)
        self._run_target, self._is_stopping = target, is_stopping

    def run(self) -> None:
        """Run the target, and raise ThreadEnded where it returns too early."""
        self._run_target()
        if not self._is_stopping():
            raise ThreadEnded(f"thread {self.name!r} ended before it was asked to stop")
