"""Why something was not written: refused, in conflict, or unavailable for now."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

# What a file system answers because of the request, not because of its own condition: trying again cannot help.
_FINAL = {
    errno.ELOOP: "a symbolic link, which is never followed",
    errno.ENOTDIR: "something that is not a folder, where a folder is needed",
    errno.EISDIR: "a folder, where a file is needed",
    errno.ENAMETOOLONG: "too long a name for this file system",
    errno.EILSEQ: "a name this file system cannot keep",
    errno.EINVAL: "a name or a request this file system does not accept",
    errno.ENXIO: "a named pipe or a device, where a regular file is needed",
}


class StorageError(Exception):
    """Something was not written or read; `reason` says what came and what is expected."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class Refused(StorageError):
    """The request itself is not allowed; final."""


class Absent(Refused):
    """A file or folder that must exist does not; final."""


class Conflict(Refused):
    """There is a file of that name with other content, which stays as it is; final."""


class Unavailable(StorageError):
    """The storage cannot do it now (full, not mounted, no permission, read-only); trying again later may succeed."""

    def __init__(self, reason: str, errno: int | None = None):
        super().__init__(reason)
        self.errno = errno


@contextmanager
def translate_os_errors(path: str) -> Iterator[None]:
    """Turn an OSError of the block into `Refused` or `Unavailable`, naming `path`."""
    try:
        yield
    except OSError as error:
        number = error.errno or errno.EIO
        if number in _FINAL:
            raise Refused(f"{quote_value(path)}: {_FINAL[number]}") from error
        name = errno.errorcode.get(number, str(number))
        raise Unavailable(f"{quote_value(path)}: {os.strerror(number)} ({name})", number) from error


def quote_value(path: object) -> str:
    """Return what came, quoted, on one line and no longer than a line."""
    text = ascii(path) if not isinstance(path, str) or not path.isprintable() else repr(path)
    return text if len(text) <= 200 else f"{text[:120]}...({len(text)} characters)"


def describe_file_type(mode: int) -> str:
    """Return the words for a file's type, from its `st_mode`."""
    words = {
        stat.S_IFREG: "a regular file",
        stat.S_IFDIR: "a folder",
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return words.get(stat.S_IFMT(mode), "an unknown kind of file")
