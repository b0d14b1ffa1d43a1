"""Errors of the storage: a request that is refused, a conflict, or storage that is not available now."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

# Errors caused by the request, not by the condition of the file system: another attempt cannot help.
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
    """Something could not be read or written; `reason` names the value and what is expected."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class Refused(StorageError):
    """The request is not allowed; another attempt cannot succeed."""


class Absent(Refused):
    """A required file or folder does not exist."""


class Conflict(Refused):
    """A file of that name exists with other content; it is not changed."""


class Unavailable(StorageError):
    """The storage is not available now (full, not mounted, no permission, read-only); a later attempt may succeed."""

    def __init__(self, reason: str, errno: int | None = None):
        super().__init__(reason)
        self.errno = errno


class PathUnavailable(Unavailable):
    """One path is refused while its file system works: it is waited for, but only for a limited time."""


PATH_ERRORS = frozenset({errno.EACCES, errno.EPERM})
"""Errors that concern one path, unless the whole proposal folder is refused; all others concern the file system."""

FILE_ERRORS = frozenset({errno.EFBIG, errno.ETXTBSY})
"""Errors that concern one file in any case."""


@contextmanager
def translate_os_errors(path: str) -> Iterator[None]:
    """Translate an OSError of the block into `Refused` or `Unavailable` with `path` in the text."""
    try:
        yield
    except OSError as error:
        number = error.errno or errno.EIO
        if number in _FINAL:
            raise Refused(f"{quote_value(path)}: {_FINAL[number]}") from error
        name = errno.errorcode.get(number, str(number))
        kind = PathUnavailable if number in FILE_ERRORS else Unavailable
        raise kind(f"{quote_value(path)}: {os.strerror(number)} ({name})", number) from error


def quote_value(path: object) -> str:
    """Quote a value for an error text, on one line and shortened if it is long."""
    text = ascii(path) if not isinstance(path, str) or not path.isprintable() else repr(path)
    return text if len(text) <= 200 else f"{text[:120]}...({len(text)} characters)"


def describe_file_type(mode: int) -> str:
    """Return words for the type of a file, given its `st_mode`."""
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
