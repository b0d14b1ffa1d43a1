"""Source of a copy: a regular file that is measured first, and refused where it changes while it is read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from xafs_workers.storage.confined import RootedPath, Roots, open_folder, open_for_reading, read_chunks
from xafs_workers.storage.errors import PATH_ERRORS, PathUnavailable, Refused, Unavailable, quote_value
from xafs_workers.storage.spelling import find_spelling

Report = Callable[[int], object]
"""Function that is called with the number of bytes that are read; what it raises ends the copy."""


class CopySource:
    """Regular file below allowed roots; links in its path are not followed.

    Parameters
    ----------
    path
        Absolute path from a message.

    Raises
    ------
    Refused
        The path is not allowed, or is no regular file (raised by all methods).
    PathUnavailable
        The file may not be read, or it changes while it is read (raised by all methods).
    """

    def __init__(self, roots: Roots, path: str):
        given = roots.resolve_path(path)
        if not given.parts:
            raise Refused(f"path {quote_value(path)} is a folder (expected a regular file)")
        self._place: RootedPath = find_spelling(given, 0)

    @property
    def path(self) -> str:
        """Absolute path, beginning with the root's own path."""
        return self._place.path

    def measure(self) -> int:
        """Return the size, bytes."""
        with self._open() as handle:
            return os.fstat(handle).st_size

    def read(self, report: Report = lambda done: None) -> Iterator[bytes]:
        """Yield the content in parts: as many bytes as the file had when it was opened.

        Raises
        ------
        PathUnavailable
            The file changed meanwhile, so it is still being written.
        """
        with self._open() as handle:
            before, done = os.fstat(handle), 0
            for chunk in read_chunks(handle, self.path):
                done += len(chunk)
                if done > before.st_size:
                    break
                report(done)
                yield chunk
            after = os.fstat(handle)
            if (done, after.st_size, after.st_mtime_ns) != (before.st_size, before.st_size, before.st_mtime_ns):
                sizes = f"{before.st_size} bytes, now {after.st_size}"
                reason = f"{quote_value(self.path)} changes while it is copied: {sizes}"
                raise PathUnavailable(f"{reason} (expected a file that is complete)")

    @contextmanager
    def _open(self) -> Iterator[int]:
        place = self._place
        try:
            with open_folder(place.folder) as folder, open_for_reading(folder, place.name, place.path) as handle:
                yield handle
        except Unavailable as error:
            if error.errno in PATH_ERRORS:
                raise PathUnavailable(error.reason, error.errno) from error
            raise
