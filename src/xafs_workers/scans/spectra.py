"""Signals of a run's points, each computed once for a set of points.

A quotient divides like by like: where one part is collected for the dwell time (a charge, counts) and the other is not
(a current, a rate), the latter is multiplied by the dwell time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from xafs_workers.scans import signals
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.points import Points
from xafs_workers.scans.runs import Run
from xafs_workers.scans.units import COLLECTED, PER_TIME, find_ratio_factor, find_unit

Array = np.ndarray[Any, np.dtype[np.float64]]


class MissingColumnError(KeyError):
    """A signal requires a data key that the run does not have, or that has no numbers."""

    def __init__(self, key: str, problem: str = ""):
        super().__init__(key)
        self.key, self.problem = key, problem

    def __str__(self) -> str:
        if not self.key:
            return "no data key is set for it in `columns`"
        return f"{self.key}: {self.problem}, not numbers" if self.problem else f"no {self.key} in this run"


class UnlikeUnitsError(MissingColumnError):
    """A quotient of unlike quantities requires the dwell time, which the run does not have."""

    def __str__(self) -> str:
        return self.problem


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


def compute_transmission(run: Run, config: BoardConfig) -> Array:
    """Compute the transmission mu(E) = ln(I0/It), shape (n,)."""
    return _compute_quotient(run, config, (config.columns.i0, config.columns.it), signals.compute_transmission)


def compute_reference(run: Run, config: BoardConfig) -> Array:
    """Compute the reference's mu(E) = ln(It/Ir), shape (n,)."""
    return _compute_quotient(run, config, (config.columns.it, config.columns.ir), signals.compute_reference)


def compute_electron_yield(run: Run, config: BoardConfig) -> Array:
    """Compute the electron yield mu(E) = Iy/I0, shape (n,)."""
    return compute_ratio(run, config, config.columns.iy, config.columns.i0)


def compute_diode_fluorescence(run: Run, config: BoardConfig) -> Array:
    """Compute the fluorescence mu(E) = Pips/I0 that a PIPS diode measures, shape (n,)."""
    return compute_ratio(run, config, config.columns.pips, config.columns.i0)


def compute_ratio(run: Run, config: BoardConfig, above: str, below: str) -> Array:
    """Compute one data key divided by another, like by like, shape (n,)."""
    return _compute_quotient(run, config, (above, below), signals.compute_quotient)


def find_first_key(points: Points, keys: tuple[str, ...]) -> str:
    """Find the first of several data keys that the points have; the first of all if they have none."""
    return next((key for key in keys if key in points), keys[0] if keys else "")


def compute_first_ratio(run: Run, config: BoardConfig, above: tuple[str, ...], below: str) -> Array:
    """Compute the first of several data keys that the points have, divided by another, shape (n,)."""
    return compute_ratio(run, config, find_first_key(run.points, above), below)


def compute_rate(run: Run, config: BoardConfig, key: str) -> Array:
    """Compute counts of each point divided by its dwell time, 1/s, shape (n,); `key` has counts, whatever its unit."""
    parts = get_column(run.points, key), get_dwell_time(run, config)
    return run.points.compute_once(("rate", key), lambda: signals.compute_quotient(*parts))


def compute_current(run: Run, config: BoardConfig, key: str) -> Array:
    """Compute what a detector measures in a second, shape (n,), in the unit of `units.find_current_unit`.

    A charge or counts are divided by the dwell time; all else is returned unchanged.
    """
    values, unit = get_column(run.points, key), find_unit(run, config, key)
    if unit.kind not in COLLECTED:
        return values
    dwell = get_dwell_time(run, config)
    return run.points.compute_once(
        ("current", key), lambda: signals.compute_current(_multiply(values, unit.factor), dwell)
    )


def compute_fluorescence(run: Run, config: BoardConfig, channels: tuple[str, ...]) -> Array:
    """Compute the fluorescence mu(E) = sum of the channels / I0, shape (n,)."""
    i0 = config.columns.i0
    counts = [get_column(run.points, key) for key in channels]
    parts = [_equalise(run, config, key, i0, values) for key, values in zip(channels, counts, strict=True)]
    return run.points.compute_once(
        ("fluorescence", channels), lambda: signals.compute_fluorescence([part[0] for part in parts], parts[0][1])
    )


def get_dwell_time(run: Run, config: BoardConfig) -> Array:
    """Return the dwell time of each point, s, shape (n,).

    Raises
    ------
    MissingColumnError
        The run has none.
    """
    key = config.columns.dwell_time
    values, unit = get_column(run.points, key), find_unit(run, config, key)
    factor = unit.factor if unit.kind == "time" else 1.0
    return run.points.compute_once(("dwell time", key), lambda: _multiply(values, factor))


def compute_elapsed_time(points: Points) -> Array:
    """Compute the time since the first point, seconds, shape (n,)."""
    return points.compute_once("elapsed", lambda: points.time - points.time[:1])


def _compute_quotient(
    run: Run, config: BoardConfig, keys: tuple[str, str], formula: Callable[[Array, Array], Array]
) -> Array:
    above, below = keys
    parts = _equalise(run, config, above, below, get_column(run.points, above))
    return run.points.compute_once((formula.__name__, above, below), lambda: formula(*parts))


def _equalise(run: Run, config: BoardConfig, above: str, below: str, values: Array) -> tuple[Array, Array]:
    """Return dividend and divisor as like quantities: both for the dwell time, or both for a second.

    Raises
    ------
    UnlikeUnitsError
        The dwell time, which this takes, is missing.
    """
    divisor = get_column(run.points, below)
    one, other = find_unit(run, config, above), find_unit(run, config, below)
    values = _multiply(values, find_ratio_factor(one, other))
    part = find_dwell_part(run, config, above, below)
    if part == "below":
        return values, divisor * _get_needed_dwell_time(run, config, above, below)
    if part == "above":
        return values * _get_needed_dwell_time(run, config, above, below), divisor
    return values, divisor


def find_dwell_part(run: Run, config: BoardConfig, above: str, below: str) -> Literal["", "above", "below"]:
    """Find which part of a quotient is multiplied by the dwell time, '' for none."""
    one, other = find_unit(run, config, above).kind, find_unit(run, config, below).kind
    if one in COLLECTED and other in PER_TIME:
        return "below"
    return "above" if one in PER_TIME and other in COLLECTED else ""


def _get_needed_dwell_time(run: Run, config: BoardConfig, above: str, below: str) -> Array:
    try:
        return get_dwell_time(run, config)
    except MissingColumnError as problem:
        kinds = (find_unit(run, config, key).kind for key in (above, below))
        text = f"{above} is a {next(kinds)}, {below} is a {next(kinds)}, and there is no dwell time: {problem}"
        raise UnlikeUnitsError(config.columns.dwell_time, f"{text} (columns.dwell_time)") from problem


def _multiply(values: Array, factor: float) -> Array:
    """Multiply values by a factor; for 1 they stay the same object."""
    return values if factor == 1.0 else values * factor
