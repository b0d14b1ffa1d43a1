"""Lock of a state directory: only one worker may use it, because two would repeat each other's effects."""

from __future__ import annotations

import errno
import fcntl
import os
import weakref
from pathlib import Path

from xafs_workers.storage.errors import Unavailable

_NAME = "worker.lock"


class AlreadyRunning(Exception):
    """Another process uses this state directory; the text names the process."""


class StateLock:
    """Lock of a state directory, held until `close` or the end of the process.

    Parameters
    ----------
    directory
        State directory; it is created with mode 0700 if it does not exist.

    Raises
    ------
    AlreadyRunning
        Another process holds the lock.
    Unavailable
        The directory cannot be written, or its file system has no locks.
    """

    def __init__(self, directory: Path):
        self.path = directory / _NAME
        self._handle: int | None = None
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unavailable(f"state directory {directory}: {error}", error.errno) from error
        try:
            self._acquire(handle)
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle
        _close_in_forks(self)

    def close(self) -> None:
        """Release the lock."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> StateLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _acquire(self, handle: int) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
            reason = (
                f"{self.path.parent} is in use by another worker, process {holder}: give each its own state directory"
            )
            raise AlreadyRunning(reason) from error
        except OSError as error:
            raise Unavailable(f"{self.path}: cannot be locked: {error}", error.errno or errno.ENOLCK) from error
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            raise Unavailable(f"{self.path}: cannot be written: {error}", error.errno) from error


def _close_in_forks(lock: StateLock) -> None:
    """Close the lock in forked processes: each one that has it open holds it, and may outlive a killed worker."""
    reference = weakref.ref(lock)

    def close() -> None:
        held = reference()
        if held is not None:
            held.close()

    os.register_at_fork(after_in_child=close)
