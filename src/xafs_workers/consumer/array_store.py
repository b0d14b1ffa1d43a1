"""Files with arrays of running scans that exceed the memory: without a name, gone with the worker."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from xafs_workers.scans.arrays import LoadArrays

Array = np.ndarray[Any, Any]

MAX_FILE_BYTES = 8 * 1024**3
"""Largest size of the file of one run, bytes."""


class FolderArrayStore:
    """Store of arrays in files of a folder, such as the worker's state folder."""

    def __init__(self, folder: Path):
        self._folder = folder

    def open(self) -> UnnamedFile:
        """Open a new file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return UnnamedFile(self._folder)


class UnnamedFile:
    """File that is removed with the last reference to it, or with the process."""

    def __init__(self, folder: Path):
        handle, path = tempfile.mkstemp(prefix=".arrays-", dir=folder)
        os.unlink(path)
        self._handle, self._end = handle, 0
        weakref.finalize(self, os.close, handle)

    def put(self, arrays: Mapping[str, Array]) -> LoadArrays:
        """Append the arrays of a point; return the function that reads them."""
        places: dict[str, tuple[int, np.dtype[Any], tuple[int, ...]]] = {}
        for key, array in arrays.items():
            content = np.ascontiguousarray(array).tobytes()
            if self._end + len(content) > MAX_FILE_BYTES:
                raise OSError(f"{MAX_FILE_BYTES} bytes of arrays of one run")
            places[key] = (self._end, array.dtype, array.shape)
            self._end += self._write(content)
        return lambda: {key: self._read(*place) for key, place in places.items()}

    def _write(self, content: bytes) -> int:
        written = 0
        while written < len(content):
            written += os.pwrite(self._handle, content[written:], self._end + written)
        return written

    def _read(self, start: int, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
        size = int(np.prod(shape)) * dtype.itemsize
        content = os.pread(self._handle, size, start)
        if len(content) != size:
            raise OSError(f"{len(content)} of {size} bytes of arrays are there")
        return np.frombuffer(content, dtype).reshape(shape)
