"""Group, mode and durability of new files and folders, as far as the file system has them."""

from __future__ import annotations

import errno
import os
import stat

ENOTSUPP = 524
"""Linux's own "operation is not supported", which some network file systems let through; `errno` lacks it."""

UNSUPPORTED = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOTTY, ENOTSUPP})
"""Errors by which a file system answers that it does not have an operation (exFAT, FUSE, NFS, SMB)."""

_NOT_SET = UNSUPPORTED | {errno.EPERM, errno.EACCES}
_NO_FOLDER_SYNC = UNSUPPORTED | {errno.EBADF, errno.EISDIR, errno.EPERM, errno.EACCES}


def apply_ownership(handle: int, *, gid: int, mode: int) -> None:
    """Set group and mode of an open file or folder, as far as this process may and the file system can."""
    if os.fstat(handle).st_gid != gid:
        try:
            os.fchown(handle, -1, gid)
        except OSError as error:
            if error.errno not in _NOT_SET:
                raise
            mode &= ~stat.S_ISGID  # setgid would pass on the wrong group to new files
    now = stat.S_IMODE(os.fstat(handle).st_mode)
    # Linux silently clears setgid when a process outside the group changes the mode; inheriting it matters more.
    if now == mode or (now & mode & stat.S_ISGID and not _is_in_group(gid)):
        return
    try:
        os.fchmod(handle, mode)
    except OSError as error:
        if error.errno not in _NOT_SET:
            raise


def _is_in_group(gid: int) -> bool:
    return os.geteuid() == 0 or gid == os.getegid() or gid in os.getgroups()


def sync_file(handle: int) -> bool:
    """Make the content of an open file durable (fsync); return False where the file system has no such operation."""
    return _sync(handle, UNSUPPORTED)


def sync_folder(folder: int) -> bool:
    """Make the names in an open folder durable (fsync); return False where the file system has no such operation."""
    listed = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        return _sync(listed, _NO_FOLDER_SYNC)
    finally:
        os.close(listed)


def _sync(handle: int, tolerated: frozenset[int]) -> bool:
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in tolerated:
            raise
        return False
    return True
