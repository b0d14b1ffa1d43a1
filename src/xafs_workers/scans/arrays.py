"""Array-valued data of a run's points, such as fluorescence spectra, within a limit of memory.

What exceeds the limit is moved to a file where there is a store for it, the oldest points first; else all is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any, Protocol, TypeVar, cast

import numpy as np

Array = np.ndarray[Any, Any]
T = TypeVar("T")

MAX_DIMENSIONS = 3
MAX_DERIVED = 256
"""Number of results of single points that are kept; those of points that are no longer shown are computed again."""

KEPT_POINTS = 64
"""Number of the newest points, with the first one, that stay in memory where others are moved to a file."""

INT32_LIMIT = 2**31
"""Limit of the whole numbers that are stored in four bytes."""


LoadArrays = Callable[[], Mapping[str, Array]]
"""Function that reads the arrays of one point from a file."""


class ArrayFile(Protocol):
    """File with the arrays of one run, removed with the last reference to it."""

    def put(self, arrays: Mapping[str, Array]) -> LoadArrays:
        """Write the arrays of a point; raise OSError if that cannot be done."""
        ...


class ArrayStore(Protocol):
    """Place of the files with arrays that exceed the memory."""

    def open(self) -> ArrayFile:
        """Open a new file; raise OSError if that cannot be done."""
        ...


class EventArrays:
    """Snapshot of the arrays in a run's events, by `seq_num`; `EventArrays.create` makes an empty one.

    Data that an event only names by a datum id are not included: they are in files, and a catalog reads them.

    Attributes
    ----------
    keys
        Array-valued data keys.
    size
        Size of the arrays in memory, bytes.
    dropped
        True if the arrays exceeded the limit of memory and were all removed.
    """

    __slots__ = ("_derived", "_file", "_held", "dropped", "keys", "size")

    def __init__(
        self,
        keys: tuple[str, ...],
        held: dict[int, Mapping[str, Array] | LoadArrays],
        size: int,
        derived: dict[tuple[int, str], tuple[object, Any]] | None = None,
        *,
        dropped: bool = False,
        file: ArrayFile | None = None,
    ):
        self.keys = keys
        self.size = size
        self.dropped = dropped
        self._held, self._file = held, file
        self._derived = {} if derived is None else derived

    @classmethod
    def create(cls, keys: tuple[str, ...]) -> EventArrays:
        """Create a snapshot without points for these data keys."""
        return cls(keys, {}, 0)

    def get_point(self, sequence: int) -> Mapping[str, Array]:
        """Return the arrays of the point with this `seq_num`, by data key; empty if it has none."""
        found = self._held.get(sequence, {})
        return found() if callable(found) else found

    @property
    def sequence_numbers(self) -> tuple[int, ...]:
        """`seq_num` of the points that have arrays."""
        return tuple(self._held)

    def compute_once(self, sequence: int, key: str, compute: Callable[[], T]) -> T:
        """Compute a result of one point's arrays once; all snapshots with the same arrays share it."""
        arrays = self._held.get(sequence)
        known = self._derived.get((sequence, key))
        if known is None or known[0] is not arrays:
            known = self._derived[sequence, key] = (arrays, compute())
            with suppress(StopIteration, RuntimeError):  # another thread may change it at the same time
                while len(self._derived) > MAX_DERIVED:
                    self._derived.pop(next(iter(self._derived)), None)
        return known[1]

    def drop_all(self) -> EventArrays:
        """Remove all arrays; returns an empty snapshot that accepts no more points."""
        return EventArrays(self.keys, {}, 0, dropped=True)

    def free_memory(self, store: ArrayStore | None) -> EventArrays:
        """Move all arrays but the newest to a file; remove them where there is no store."""
        if store is None or self.dropped:
            return self.drop_all()
        try:
            file = self._file or store.open()
            free = _move_to_file(self._held, file, self.size)
        except OSError:
            return self.drop_all()
        return EventArrays(self.keys, self._held, self.size - free, self._derived, file=file)

    def add_point(
        self, sequence: int, data: Mapping[str, Any], limit: int, store: ArrayStore | None = None
    ) -> EventArrays:
        """Add the arrays of a point, or replace those of the point with the same `seq_num`.

        Parameters
        ----------
        limit
            Largest size in memory, bytes; above it, the oldest arrays are moved to a file of the store.
        store
            None: all arrays are removed instead.
        """
        return self.add_points([(sequence, data)], limit, store)

    def add_points(
        self, points: Iterable[tuple[int, Mapping[str, Any]]], limit: int, store: ArrayStore | None = None
    ) -> EventArrays:
        """Add the arrays of points (`seq_num` and data), each as `add_point` does, in their order."""
        if self.dropped or not self.keys:
            return self
        # Snapshots share a mapping that only grows; the first replaced point copies it, so older snapshots stay true.
        held, size, is_own, file = self._held, self.size, False, self._file
        for sequence, data in points:
            found, before = self._parse_arrays(data), held.get(sequence)
            if not found and before is None:
                continue
            size += _count_bytes(found) - (0 if callable(before) else _count_bytes(before or {}))
            if before is not None and not is_own:
                held, is_own = dict(held), True
            held[sequence] = found
            if size > limit:
                try:
                    file = file or (None if store is None else store.open())
                    size -= 0 if file is None else _move_to_file(held, file, size - limit // 2)
                except OSError:
                    return self.drop_all()
            if size > limit:
                return self.drop_all()
        return EventArrays(self.keys, held, size, self._derived, file=file)

    def _parse_arrays(self, data: Mapping[str, Any]) -> dict[str, Array]:
        return {key: array for key in self.keys if (array := _parse_array(data.get(key))) is not None}


def _move_to_file(held: dict[int, Mapping[str, Array] | LoadArrays], file: ArrayFile, size: int) -> int:
    """Move the oldest arrays to a file until this size is free, but the first and the newest; return what is free.

    Snapshots share the mapping: what they read stays the same.
    """
    free = 0
    for sequence in list(islice(held, 1, max(1, len(held) - KEPT_POINTS))):
        arrays = held[sequence]
        if callable(arrays):
            continue
        held[sequence] = file.put(arrays)
        free += _count_bytes(arrays)
        if free >= size:
            break
    return free


def _count_bytes(arrays: Mapping[str, Array]) -> int:
    return sum(array.nbytes for array in arrays.values())


def _parse_array(value: Any) -> Array | None:
    """Parse numbers into a read-only array; None for anything else, and for one number, which is a point's."""
    if not isinstance(value, list | tuple | np.ndarray):
        return None
    try:
        array: Array = np.array(cast(Any, value))
    except ValueError:
        return None  # rows of different lengths
    if array.dtype.kind not in "iuf" or not 1 <= array.ndim <= MAX_DIMENSIONS or array.size < 2:
        return None
    if array.dtype.kind in "iu" and array.dtype.itemsize > 4 and np.abs(array.astype(np.float64)).max() < INT32_LIMIT:
        array = array.astype(np.int32)
    array.flags.writeable = False
    return array
