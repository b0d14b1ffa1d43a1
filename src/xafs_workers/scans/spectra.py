"""Signals of a run's points, each computed once for a set of points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from xafs_workers.scans import signals
from xafs_workers.scans.points import Points
from xafs_workers.settings import Columns

Array = np.ndarray[Any, np.dtype[np.float64]]


class MissingColumnError(KeyError):
    """A signal requires a data key that the run does not have, or that has no numbers."""

    def __init__(self, key: str, problem: str = ""):
        super().__init__(key)
        self.key, self.problem = key, problem

    def __str__(self) -> str:
        return f"{self.key}: {self.problem}, not numbers" if self.problem else f"no {self.key} in this run"


def get_column(points: Points, key: str) -> Array:
    """Return the values of one data key, shape (n,); the same array object for the same points.

    Raises
    ------
    MissingColumnError
        The run has no such scalar data key, or no numbers in it.
    """
    problem = points.find_problem(key)
    if problem or key not in points:
        raise MissingColumnError(key, problem)
    return points.compute_once(("column", key), lambda: points.get_column(key))


def compute_transmission(points: Points, columns: Columns) -> Array:
    """Compute the transmission mu(E) = ln(I0/It), shape (n,)."""
    return _compute_signal(points, "transmission", signals.compute_transmission, columns.i0, columns.it)


def compute_reference(points: Points, columns: Columns) -> Array:
    """Compute the reference's mu(E) = ln(It/Ir), shape (n,)."""
    return _compute_signal(points, "reference", signals.compute_reference, columns.it, columns.ir)


def compute_electron_yield(points: Points, columns: Columns) -> Array:
    """Compute the electron yield mu(E) = Iy/I0, shape (n,)."""
    return _compute_signal(points, "electron yield", signals.compute_electron_yield, columns.iy, columns.i0)


def compute_diode_fluorescence(points: Points, columns: Columns) -> Array:
    """Compute the fluorescence mu(E) = Pips/I0 that a PIPS diode measures, shape (n,)."""
    return compute_ratio(points, columns.pips, columns.i0)


def compute_ratio(points: Points, above: str, below: str) -> Array:
    """Compute one data key divided by another, shape (n,)."""
    return _compute_signal(points, "ratio", signals.compute_quotient, above, below)


def find_first_key(points: Points, keys: tuple[str, ...]) -> str:
    """Find the first of several data keys that the points have; the first of all if they have none."""
    return next((key for key in keys if key in points), keys[0])


def compute_first_ratio(points: Points, above: tuple[str, ...], below: str) -> Array:
    """Compute the first of several data keys that the points have, divided by another, shape (n,)."""
    return compute_ratio(points, find_first_key(points, above), below)


def compute_current(points: Points, key: str, columns: Columns) -> Array:
    """Compute the current of an ion chamber, nA, shape (n,)."""
    return _compute_signal(points, "current", signals.compute_current, key, columns.dwell_time)


def compute_fluorescence(points: Points, channels: tuple[str, ...], columns: Columns) -> Array:
    """Compute the fluorescence mu(E) = sum of the channels / I0, shape (n,)."""
    counts = [get_column(points, key) for key in channels]
    i0 = get_column(points, columns.i0)
    return points.compute_once(("fluorescence", channels), lambda: signals.compute_fluorescence(counts, i0))


def compute_elapsed_time(points: Points) -> Array:
    """Compute the time since the first point, seconds, shape (n,)."""
    return points.compute_once("elapsed", lambda: points.time - points.time[:1])


def _compute_signal(points: Points, name: str, formula: Callable[..., Array], *keys: str) -> Array:
    arrays = [get_column(points, key) for key in keys]
    return points.compute_once((name, *keys), lambda: formula(*arrays))
