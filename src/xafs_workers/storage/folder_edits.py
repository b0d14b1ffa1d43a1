"""Small changes in an open folder: create an empty file, append to a log, archive an old file."""

from __future__ import annotations

import fcntl
import os
import stat
import threading
import time
from contextlib import suppress

from xafs_workers.storage.errors import PathUnavailable, Refused, quote_value, translate_os_errors
from xafs_workers.storage.exclusive_names import move_to_free_name
from xafs_workers.storage.file_attributes import apply_ownership, sync_file, sync_folder
from xafs_workers.storage.names import format_utc_stamp
from xafs_workers.storage.publishing import write_all

LOCK_TIMEOUT = 5.0  # s


def create_empty(folder: int, name: str, path: str) -> None:
    """Create an empty file with the group and the mode of its folder, unless the name exists."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with translate_os_errors(path):
        parent = os.fstat(folder)
        mode = stat.S_IMODE(parent.st_mode) & 0o666 | 0o600
        try:
            handle = os.open(name, flags, mode, dir_fd=folder)
        except FileExistsError:
            return
        try:
            apply_ownership(handle, gid=parent.st_gid, mode=mode)
            sync_file(handle)
        finally:
            os.close(handle)
        sync_folder(folder)


def append(handle: int, path: str, content: bytes) -> None:
    """Append to an open file durably; an incomplete write is removed again.

    Raises
    ------
    Refused
        The file has a second name (hard link), so it may belong to another user.
    Unavailable
        The file system reports an error.
    PathUnavailable
        Another process keeps the file locked. Any process that may read the file can lock it.
    """
    with translate_os_errors(path):
        _lock(handle, path)
        info = os.fstat(handle)
        if info.st_nlink != 1:
            raise Refused(f"{quote_value(path)} has {info.st_nlink} names by hard links (expected one)")
        try:
            write_all(handle, content)
            sync_file(handle)
        except OSError:
            with suppress(OSError):
                os.ftruncate(handle, info.st_size)
            raise


def _lock(handle: int, path: str) -> None:
    deadline = time.monotonic() + LOCK_TIMEOUT
    waiting = threading.Event()
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise PathUnavailable(f"{quote_value(path)}: another process keeps it locked", error.errno) from error
            waiting.wait(0.02)
        except OSError:
            return None  # without locks on this file system, O_APPEND alone separates the lines


def archive_existing(folder: int, path: str, handle: int) -> str:
    """Rename a file to `<name>.<UTC time of its last change>` (`-2`, `-3`... if taken) and return the new name."""
    name = os.path.basename(path)
    with translate_os_errors(path):
        info = os.fstat(handle)
        stamped = f"{name}.{format_utc_stamp(info.st_mtime)}"
        for number in range(1, 1000):
            other = stamped if number == 1 else f"{stamped}-{number}"
            if _move(folder, name, other, info):
                sync_folder(folder)
                return other
    raise Refused(f"{quote_value(path)}: a thousand versions of the same second are archived already")


def _move(folder: int, name: str, other: str, info: os.stat_result) -> bool:
    try:
        move_to_free_name(folder, name, other)
    except FileExistsError:
        found = os.stat(other, dir_fd=folder, follow_symlinks=False)
        if (found.st_dev, found.st_ino) != (info.st_dev, info.st_ino):
            return False
        os.unlink(name, dir_fd=folder)  # a worker was killed between link and unlink
    return True
