"""Scalar data of a run's stream: a table that grows in amortised constant time and whose snapshots never change.

Rows are kept in the order of arrival. Those that come out of the order of `seq_num` are sorted when a snapshot is first
read, or when the table is full, so that no order of arrival costs more than sorting.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np

from xafs_workers.scans.metadata import unwrap_single
from xafs_workers.wire import Placeholder

Array = np.ndarray[Any, np.dtype[np.float64]]
T = TypeVar("T")

INITIAL_CAPACITY = 64

NO_PROBLEMS: Mapping[str, str] = MappingProxyType({})

NOT_NUMBERS = (TypeError, ValueError, OverflowError, DeprecationWarning)
"""Errors of values that are no numbers; numpy warns of the conversion of an array with one member."""

INT64_LIMIT = 2**63


class _Table:
    """Rows in the order of arrival, which snapshots share; never changed below `used`."""

    __slots__ = ("sequence", "used", "values")

    def __init__(self, width: int, capacity: int):
        self.values: Array = np.full((width, capacity), math.nan)
        self.sequence: list[int] = []
        self.used = 0

    def copy_rows(self, rows: np.ndarray[Any, Any] | slice, sequence: list[int], capacity: int) -> _Table:
        """Copy some rows, in their order, into a new table."""
        table, n = _Table(self.values.shape[0], capacity), len(sequence)
        table.values[:, :n] = self.values[:, rows]
        table.sequence = sequence
        table.used = n
        return table


class _Rows(NamedTuple):
    """The first `n` rows of a table; `is_sorted` if their `seq_num` rise."""

    table: _Table
    n: int
    is_sorted: bool

    def sort(self) -> _Rows:
        """Sort the rows by `seq_num`; of several rows with the same one, the last stays."""
        if self.is_sorted:
            return self
        sequence = self.table.sequence[: self.n]
        numbers = np.array(sequence, dtype=np.int64 if max(sequence) < INT64_LIMIT else object)
        order = np.argsort(numbers, kind="stable")
        is_last = np.append(numbers[order][1:] != numbers[order][:-1], True)
        chosen = order[is_last]
        n = len(chosen)
        table = self.table.copy_rows(chosen, [sequence[row] for row in chosen], max(INITIAL_CAPACITY, 2 * n))
        return _Rows(table, n, is_sorted=True)

    def append(self, sequence: list[int], columns: Sequence[Sequence[float]]) -> _Rows:
        """Append rows, in place if no other snapshot has done so before; a full table is sorted first."""
        table, n, is_sorted = self
        grown = n + len(sequence)
        if table.used != n or grown > table.values.shape[1]:
            table, n, is_sorted = self.sort()
            grown = n + len(sequence)
            table = table.copy_rows(slice(n), table.sequence[:n], max(INITIAL_CAPACITY, 2 * grown))
        known = table.sequence[n - 1 : n]
        for row, values in enumerate(columns):
            table.values[row, n:grown] = values
        table.sequence.extend(sequence)
        table.used = grown
        return _Rows(table, grown, is_sorted and all(a < b for a, b in pairwise([*known, *sequence])))


class Points:
    """Snapshot of the points measured so far; `Points.create` makes an empty one.

    Attributes
    ----------
    generation
        Number of points that arrived, replacements included; together with the run's uid it identifies the content.
    """

    __slots__ = ("_columns", "_derived", "_problems", "_rows", "generation")

    def __init__(
        self,
        columns: Mapping[str, int],
        rows: _Rows,
        generation: int = 0,
        problems: Mapping[str, str] = NO_PROBLEMS,
    ):
        self._columns = columns
        self._problems = problems
        self._rows = rows
        self.generation = generation
        self._derived: dict[Any, Any] = {}

    @classmethod
    def create(cls, keys: tuple[str, ...], other_keys: Mapping[str, str] = NO_PROBLEMS) -> Points:
        """Create an empty snapshot with these scalar data keys, and with descriptions of the other data keys."""
        columns = {key: row for row, key in enumerate(keys, start=1)}
        return cls(columns, _Rows(_Table(len(keys) + 1, INITIAL_CAPACITY), 0, is_sorted=True), problems=other_keys)

    def __len__(self) -> int:
        return self._sort().n

    def __contains__(self, key: object) -> bool:
        return key in self._columns

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the scalar data keys."""
        return tuple(self._columns)

    @property
    def sequence_numbers(self) -> tuple[int, ...]:
        """The points' `seq_num`, ascending."""
        table, n, _ = self._sort()
        return tuple(table.sequence[:n])

    @property
    def is_consecutive(self) -> bool:
        """Whether the points' `seq_num` are 1, 2, 3, ..."""
        table, n, _ = self._sort()
        return n == 0 or table.sequence[n - 1] == n

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

    def find_problem(self, key: str) -> str:
        """Return what a data key contains that has no number for any point, '' for a numeric or an unknown key."""
        problem = self._problems.get(key, "")
        if problem and key in self._columns and np.isfinite(self.get_column(key)).any():
            return ""
        return problem

    def _get_row(self, row: int) -> Array:
        table, n, _ = self._sort()
        view = table.values[row, :n]
        view.flags.writeable = False
        return view

    def compute_once(self, key: Any, compute: Callable[[], T]) -> T:
        """Compute a result once for these points; unchanged points give the same object."""
        if key not in self._derived:
            self._derived[key] = compute()
        return self._derived[key]

    def _sort(self) -> _Rows:
        """Return the rows by `seq_num`; they are sorted once, and replaced in one step, as other threads may read."""
        if not self._rows.is_sorted:
            self._rows = self._rows.sort()
        return self._rows

    def add_point(self, sequence: int, time: float, data: Mapping[str, Any]) -> Points:
        """Add a point, or replace the one with the same `seq_num` (after a pause or a rewind)."""
        table, n, is_sorted = self._rows
        if table.used != n or n == table.values.shape[1]:
            return self.add_points([sequence], [time], {key: [value] for key, value in data.items()})
        table.values[:, n] = self._parse_numbers(time, data)
        is_sorted = is_sorted and (n == 0 or sequence > table.sequence[n - 1])
        table.sequence.append(sequence)
        table.used = n + 1
        return Points(self._columns, _Rows(table, n + 1, is_sorted), self.generation + 1, self._problems)

    def add_points(self, sequence: list[int], times: Sequence[float], data: Mapping[str, Sequence[Any]]) -> Points:
        """Add points, each as `add_point` does, in their order.

        Parameters
        ----------
        sequence, times
            `seq_num` and POSIX time of each point.
        data
            Values of the points by data key.
        """
        gap = [None] * len(sequence)
        columns = [_parse_column(times), *(self._parse_values(key, data.get(key, gap)) for key in self._columns)]
        rows = self._rows.append(sequence, columns)
        return Points(self._columns, rows, self.generation + len(sequence), self._problems)

    def _parse_numbers(self, time: float, data: Mapping[str, Any]) -> array[float] | list[float]:
        row = [time, *map(data.get, self._columns)]
        try:
            return array("d", row)  # type: ignore[arg-type]
        except NOT_NUMBERS:
            for key in self._columns:
                self._note_problem(key, data.get(key))
            return [_parse_number(value) for value in row]

    def _parse_values(self, key: str, values: Sequence[Any]) -> array[float] | list[float]:
        parsed = _parse_column(values)
        if isinstance(parsed, list) and key not in self._problems:
            for value, number in zip(values, parsed, strict=True):
                if math.isnan(number):
                    self._note_problem(key, value)
        return parsed

    def _note_problem(self, key: str, value: Any) -> None:
        """Note what a data key has in place of a number, once."""
        if key not in self._problems and value is not None and math.isnan(_parse_number(value)):
            problem = _describe_value(value)
            if problem:
                self._problems = {**self._problems, key: problem}


def _parse_column(values: Sequence[Any]) -> array[float] | list[float]:
    try:
        return array("d", values)
    except NOT_NUMBERS:
        return [_parse_number(value) for value in values]


def _parse_number(value: Any) -> float:
    """Parse a scalar, or an array of one member, as a float; any other value is a gap (NaN)."""
    value = unwrap_single(value)
    if isinstance(value, str | bytes):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _describe_value(value: Any) -> str:
    """Describe a value that is no number, '' for NaN."""
    value = unwrap_single(value)
    if isinstance(value, float):
        return ""
    if isinstance(value, str | bytes):
        return "text"
    if isinstance(value, list | tuple | np.ndarray):
        members = cast("list[Any]", value)
        return f"an array of shape {np.shape(members) if isinstance(value, np.ndarray) else (len(members),)}"
    return str(value) if isinstance(value, Placeholder) else f"a {type(value).__name__}"
