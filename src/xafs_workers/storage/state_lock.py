"""One worker a state directory: two would share a ledger and each believe the other's work undone."""

from __future__ import annotations

import errno
import fcntl
import os
import weakref
from pathlib import Path

from xafs_workers.storage.errors import Unavailable

_NAME = "worker.lock"


class AlreadyRunning(Exception):
    """Another process works with this state directory; the text names it."""


class StateLock:
    """A state directory held by this process until `close`, or until the process ends in whatever way.

    Parameters
    ----------
    directory
        Made, for this user alone, when missing.

    Raises
    ------
    AlreadyRunning
        Another process holds it.
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
            self._take(handle)
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle
        _forget_in_children(self)

    def close(self) -> None:
        """Let another process have the directory."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> StateLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, handle: int) -> None:
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
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)


def _forget_in_children(lock: StateLock) -> None:
    """Close the lock in forked children: all who have it open hold it, and a child may outlive a killed worker."""
    known = weakref.ref(lock)

    def forget() -> None:
        held = known()
        if held is not None:
            held.close()

    os.register_at_fork(after_in_child=forget)
