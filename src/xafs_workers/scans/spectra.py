"""The signals of a run's points by name, each computed once for a given set of points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from xafs_workers.scans import signals
from xafs_workers.scans.points import Points
from xafs_workers.settings import Columns

Array = np.ndarray[Any, np.dtype[np.float64]]


class MissingColumn(KeyError):
    """A signal needs a data key that the run does not have."""

    def __init__(self, key: str):
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return f"no {self.key} in this run"


def column(points: Points, key: str) -> Array:
    """Return one data key's values, shape (n,); the same array object for the same points.

    Raises
    ------
    MissingColumn
        The run has no such scalar data key.
    """
    if key not in points:
        raise MissingColumn(key)
    return points.derived(("column", key), lambda: points.column(key))


def transmission(points: Points, columns: Columns) -> Array:
    """Return transmission mu(E) = ln(I0/It), shape (n,)."""
    return _of(points, "transmission", signals.transmission, columns.i0, columns.it)


def reference(points: Points, columns: Columns) -> Array:
    """Return the reference's mu(E) = ln(It/Ir), shape (n,)."""
    return _of(points, "reference", signals.reference, columns.it, columns.ir)


def electron_yield(points: Points, columns: Columns) -> Array:
    """Return electron yield mu(E) = Iy/I0, shape (n,)."""
    return _of(points, "electron yield", signals.electron_yield, columns.iy, columns.i0)


def ratio(points: Points, above: str, below: str) -> Array:
    """Return one data key divided by another, shape (n,)."""
    return _of(points, "ratio", signals.quotient, above, below)


def current(points: Points, key: str, columns: Columns) -> Array:
    """Return the current of an ion chamber, nA, shape (n,)."""
    return _of(points, "current", signals.current, key, columns.dwell_time)


def fluorescence(points: Points, channels: tuple[str, ...], columns: Columns) -> Array:
    """Return fluorescence mu(E) = sum of the channels / I0, shape (n,)."""
    counts = [column(points, key) for key in channels]
    i0 = column(points, columns.i0)
    return points.derived(("fluorescence", channels), lambda: signals.fluorescence(counts, i0))


def elapsed(points: Points) -> Array:
    """Return the time since the first point, seconds, shape (n,)."""
    return points.derived("elapsed", lambda: points.time - points.time[:1])


def _of(points: Points, name: str, formula: Callable[..., Array], *keys: str) -> Array:
    arrays = [column(points, key) for key in keys]
    return points.derived((name, *keys), lambda: formula(*arrays))
