"""Places of motors, as far as documents report them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from xafs_workers.scans.runs import Run


def find_motor_place(runs: Iterable[Run], column: str) -> float | None:
    """Find the last position of a motor that one of the runs reports: in an event, or in a baseline reading."""
    readings = (reading for run in runs for reading in _list_last_readings(run, column))
    return max(readings, default=(0.0, None), key=lambda reading: reading[0])[1]


def _list_last_readings(run: Run, column: str) -> Iterator[tuple[float, float]]:
    """Yield the time and the position of the last event, and of the baseline, that contain a motor's position."""
    if len(run.points) and column in run.points:
        position = float(run.points.get_column(column)[-1])
        if math.isfinite(position):
            yield float(run.points.time[-1]), position
    if column in run.baseline:
        yield run.start_position[0], run.baseline[column]
