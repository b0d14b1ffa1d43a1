"""Why something was not written: for good, or for now."""

from __future__ import annotations

import errno
import os


class Refused(ValueError):
    """Will never be done: the text says what came and what is allowed."""


class Conflict(Refused):
    """A file with other content is there; it is never overwritten unasked."""


class Unavailable(OSError):
    """Cannot be done now (disk full, permission, not mounted); worth another attempt."""


def unavailable(error: OSError, what: str) -> Unavailable:
    """Return the transient error that an operating system's error amounts to."""
    name = errno.errorcode.get(error.errno or 0, "?")
    return Unavailable(error.errno, f"{what}: {os.strerror(error.errno or 0)} ({name})")
