"""Supervision of a worker's threads: one that dies ends the worker, and systemd starts it again."""

from __future__ import annotations

import threading

from xafs_workers.logs import get_logger

log = get_logger("workers")


class ThreadDied(RuntimeError):
    """A thread of the worker ended before it was asked to stop."""


class ThreadSupervisor:
    """Remembers the first thread that died.

    Attributes
    ----------
    failure
        Which thread died of what, '' as long as none did.
    """

    def __init__(self) -> None:
        self.failure = ""

    @classmethod
    def install(cls) -> ThreadSupervisor:
        """Return a supervisor to which Python reports every exception that ends a thread."""
        made = cls()
        threading.excepthook = made.on_thread_exception
        return made

    def on_thread_exception(self, ended: threading.ExceptHookArgs) -> None:
        """Log the exception that ended a thread, with its traceback, and remember it."""
        name = ended.thread.name if ended.thread is not None else "unknown"
        error = ended.exc_value or ended.exc_type()
        log.error("thread_died", thread=name, exc_info=error)
        self.failure = self.failure or f"thread {name!r}: {type(error).__name__}: {error}"

    def check(self) -> None:
        """Raise ThreadDied if a supervised thread has died."""
        if self.failure:
            raise ThreadDied(self.failure)
