"""Reflectivity of a run on the goniometer, and the factors of the attenuator; for figures and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.scans import signals
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.points import Points
from xafs_workers.scans.spectra import get_column

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Reflectivity:
    """Reflectivity at each point of a run.

    Attributes
    ----------
    values
        Shape (n,), 1/s; NaN is a gap.
    errors
        Standard error of the values by counting statistics, shape (n,); NaN where it is not known.
    problems
        What is missing, for notes in figures and comments in files.
    """

    values: Array
    errors: Array
    problems: tuple[str, ...] = ()


def compute_reflectivity(points: Points, config: BoardConfig) -> Reflectivity:
    """Compute the reflectivity of a run's points, once for the same points.

    Where the run has no dwell time, the quotient is not divided by it, and a problem states so.

    Raises
    ------
    MissingColumnError
        The run has no counts of the reflected beam, of the monitor, or no setting of the attenuator.
    """
    return points.compute_once("reflectivity", lambda: _compute(points, config))


def _compute(points: Points, config: BoardConfig) -> Reflectivity:
    names = config.goniometer
    reflected, monitor = get_column(points, names.reflected), get_column(points, names.monitor)
    settings = get_column(points, names.attenuator)
    factors = find_factors(settings, names.attenuator_factors)
    problems = list(_describe_settings(settings, factors, len(names.attenuator_factors)))
    dwell_key = config.columns.dwell_time
    if dwell_key in points:
        dwell = get_column(points, dwell_key)
    else:
        dwell = np.ones(len(points))
        problems.append(f"no {dwell_key} in this run: not divided by the dwell time")
    values = signals.compute_reflectivity(reflected, monitor, factors, dwell)
    errors = values * signals.compute_relative_counting_error(reflected, monitor)
    return Reflectivity(values, errors, tuple(problems))


def find_factors(settings: Array, table: Sequence[float]) -> Array:
    """Find the factor of each setting of the attenuator, shape (n,); NaN where the table has none."""
    numbers = np.round(np.where(np.isfinite(settings), settings, -1.0))
    known = (numbers >= 0) & (numbers < len(table)) & (np.abs(numbers - settings) < 0.1)
    factors = np.full(np.shape(settings), np.nan)
    factors[known] = np.asarray(table, dtype=np.float64)[numbers[known].astype(np.intp)]
    return factors


def _describe_settings(settings: Array, factors: Array, size: int) -> tuple[str, ...]:
    unknown = sorted({float(value) for value in settings[np.isnan(factors)] if np.isfinite(value)})
    if not unknown:
        return ()
    listed = ", ".join(f"{value:g}" for value in unknown[:5])
    return (f"attenuator {listed}: no factor (the settings have 0 to {size - 1})",)
