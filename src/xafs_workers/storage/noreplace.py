"""A complete temporary file given its name without replacing what has that name already."""

from __future__ import annotations

import ctypes
import errno
import os

RENAME_NOREPLACE = 1
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)


def publish_noreplace(fd: int, temporary: str, name: str) -> None:
    """Rename inside one directory; FileExistsError where the name is taken.

    By a hard link where the file system has them, else by Linux's renameat2 with RENAME_NOREPLACE.
    """
    try:
        os.link(temporary, name, src_dir_fd=fd, dst_dir_fd=fd, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _renameat2(fd, temporary, name)
    else:
        os.unlink(temporary, dir_fd=fd)


def _renameat2(fd: int, temporary: str, name: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    code = libc.renameat2(fd, os.fsencode(temporary), fd, os.fsencode(name), RENAME_NOREPLACE)
    if code != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
