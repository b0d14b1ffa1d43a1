"""Scalar data of a run's stream: a table that grows in amortised constant time and whose snapshots never change."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]
T = TypeVar("T")

INITIAL_CAPACITY = 64


class _Table:
    """Rows that snapshots share as long as points are only appended; never changed below `used`."""

    __slots__ = ("sequence", "used", "values")

    def __init__(self, width: int, capacity: int):
        self.values: Array = np.full((width, capacity), math.nan)
        self.sequence: list[int] = []
        self.used = 0

    def copy(self, n: int, capacity: int) -> _Table:
        table = _Table(self.values.shape[0], capacity)
        table.values[:, :n] = self.values[:, :n]
        table.sequence = self.sequence[:n]
        table.used = n
        return table


class Points:
    """Snapshot of the points measured so far; `Points.create` makes an empty one.

    Attributes
    ----------
    generation
        Number of points that arrived, replacements included; together with the run's uid it identifies the content.
    """

    __slots__ = ("_columns", "_derived", "_n", "_table", "generation")

    def __init__(self, columns: Mapping[str, int], table: _Table, n: int, generation: int = 0):
        self._columns = columns
        self._table = table
        self._n = n
        self.generation = generation
        self._derived: dict[Any, Any] = {}

    @classmethod
    def create(cls, keys: tuple[str, ...]) -> Points:
        """Create an empty snapshot with these scalar data keys."""
        columns = {key: row for row, key in enumerate(keys, start=1)}
        return cls(columns, _Table(len(keys) + 1, INITIAL_CAPACITY), 0)

    def __len__(self) -> int:
        return self._n

    def __contains__(self, key: object) -> bool:
        return key in self._columns

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the scalar data keys."""
        return tuple(self._columns)

    @property
    def sequence_numbers(self) -> tuple[int, ...]:
        """The points' `seq_num`, ascending."""
        return tuple(self._table.sequence[: self._n])

    @property
    def is_consecutive(self) -> bool:
        """Whether the points' `seq_num` are 1, 2, 3, ..."""
        return self._n == 0 or self._table.sequence[self._n - 1] == self._n

    @property
    def time(self) -> Array:
        """POSIX time of each point, seconds, shape (n,)."""
        return self._get_row(0)

    def get_column(self, key: str) -> Array:
        """Return the values of one data key, shape (n,), read-only; NaN where a point has no usable number.

        Raises
        ------
        KeyError
            The stream has no such scalar data key.
        """
        return self._get_row(self._columns[key])

    def _get_row(self, row: int) -> Array:
        view = self._table.values[row, : self._n]
        view.flags.writeable = False
        return view

    def compute_once(self, key: Any, compute: Callable[[], T]) -> T:
        """Compute a result once for these points; unchanged points give the same object."""
        if key not in self._derived:
            self._derived[key] = compute()
        return self._derived[key]

    def add_point(self, sequence: int, time: float, data: Mapping[str, Any]) -> Points:
        """Add a point, or replace the one with the same `seq_num` (after a pause or a rewind)."""
        table, n = self._table, self._n
        at_end = n == 0 or sequence > table.sequence[n - 1]
        if not at_end:
            return self._insert_point(sequence, time, data)
        if table.used != n or n == table.values.shape[1]:
            table = table.copy(n, max(INITIAL_CAPACITY, 2 * n))
        table.values[:, n] = self._parse_numbers(time, data)
        table.sequence.append(sequence)
        table.used = n + 1
        return Points(self._columns, table, n + 1, self.generation + 1)

    def _insert_point(self, sequence: int, time: float, data: Mapping[str, Any]) -> Points:
        n = self._n
        place = bisect_left(self._table.sequence, sequence, 0, n)
        if self._table.sequence[place] == sequence:
            table = self._table.copy(n, max(INITIAL_CAPACITY, 2 * n))
            grown = n
        else:
            table = self._table.copy(n, max(INITIAL_CAPACITY, 2 * (n + 1)))
            table.values[:, place + 1 : n + 1] = self._table.values[:, place:n]
            table.sequence.insert(place, sequence)
            grown = n + 1
        table.values[:, place] = self._parse_numbers(time, data)
        table.used = grown
        return Points(self._columns, table, grown, self.generation + 1)

    def _parse_numbers(self, time: float, data: Mapping[str, Any]) -> array[float] | list[float]:
        row = [time, *map(data.get, self._columns)]
        try:
            return array("d", row)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            return [_parse_number(value) for value in row]


def _parse_number(value: Any) -> float:
    """Parse a scalar as a float; any other value is a gap (NaN)."""
    if isinstance(value, str | bytes):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
