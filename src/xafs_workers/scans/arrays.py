"""Array-valued data of a run's points, such as fluorescence spectra, within a limit of memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

import numpy as np

Array = np.ndarray[Any, Any]
T = TypeVar("T")

MAX_DIMENSIONS = 3
INT32_LIMIT = 2**31
"""Limit of the whole numbers that are stored in four bytes."""


class EventArrays:
    """Snapshot of the arrays in a run's events, by `seq_num`; `EventArrays.create` makes an empty one.

    Data that an event only names by a datum id are not included: they are in files, and a catalog reads them.

    Attributes
    ----------
    keys
        Array-valued data keys.
    size
        Size of all arrays, bytes.
    dropped
        True if the arrays exceeded the limit of memory and were all removed.
    """

    __slots__ = ("_derived", "_held", "dropped", "keys", "size")

    def __init__(
        self,
        keys: tuple[str, ...],
        held: dict[int, Mapping[str, Array]],
        size: int,
        derived: dict[tuple[int, str], tuple[Mapping[str, Array], Any]] | None = None,
        *,
        dropped: bool = False,
    ):
        self.keys = keys
        self.size = size
        self.dropped = dropped
        self._held = held
        self._derived = {} if derived is None else derived

    @classmethod
    def create(cls, keys: tuple[str, ...]) -> EventArrays:
        """Create a snapshot without points for these data keys."""
        return cls(keys, {}, 0)

    def get_point(self, sequence: int) -> Mapping[str, Array]:
        """Return the arrays of the point with this `seq_num`, by data key; empty if it has none."""
        return self._held.get(sequence, {})

    @property
    def sequence_numbers(self) -> tuple[int, ...]:
        """`seq_num` of the points that have arrays."""
        return tuple(self._held)

    def compute_once(self, sequence: int, key: str, compute: Callable[[], T]) -> T:
        """Compute a result of one point's arrays once; all snapshots with the same arrays share it."""
        arrays = self.get_point(sequence)
        known = self._derived.get((sequence, key))
        if known is None or known[0] is not arrays:
            known = self._derived[sequence, key] = (arrays, compute())
        return known[1]

    def drop_all(self) -> EventArrays:
        """Remove all arrays; returns an empty snapshot that accepts no more points."""
        return EventArrays(self.keys, {}, 0, dropped=True)

    def add_point(self, sequence: int, data: Mapping[str, Any], limit: int) -> EventArrays:
        """Add the arrays of a point, or replace those of the point with the same `seq_num`.

        Parameters
        ----------
        limit
            Largest total size, bytes; above it, all arrays are removed.
        """
        return self.add_points([(sequence, data)], limit)

    def add_points(self, points: Iterable[tuple[int, Mapping[str, Any]]], limit: int) -> EventArrays:
        """Add the arrays of points (`seq_num` and data), each as `add_point` does, in their order."""
        if self.dropped or not self.keys:
            return self
        # Snapshots share a mapping that only grows; the first replaced point copies it, so older snapshots stay true.
        held, size, is_own = self._held, self.size, False
        for sequence, data in points:
            found, before = self._parse_arrays(data), held.get(sequence)
            if not found and before is None:
                continue
            size += _count_bytes(found) - _count_bytes(before or {})
            if size > limit:
                return self.drop_all()
            if before is not None and not is_own:
                held, is_own = dict(held), True
            held[sequence] = found
        return EventArrays(self.keys, held, size, self._derived)

    def _parse_arrays(self, data: Mapping[str, Any]) -> dict[str, Array]:
        return {key: array for key in self.keys if (array := _parse_array(data.get(key))) is not None}


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
