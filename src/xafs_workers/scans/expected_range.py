"""Range of the abscissa that a running measurement is to cover, computed from its start document."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

from xafs_workers.elements import K_SQUARED_PER_EV
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.energy_axis import find_energy_axis
from xafs_workers.scans.metadata import as_mapping
from xafs_workers.scans.runs import Run

Range = tuple[float, float]

STEADY_POINTS = 5
"""Number of points from which the pace of a scan against time is taken."""


def find_motor_range(run: Run, motor: str) -> Range | None:
    """Return the range that a motor's plan covers, None if it is not known or the run has ended.

    The plan's numbers may be relative to where the motor was, so the range begins at the first measured position.
    """
    planned = _find_planned_positions(run, motor)
    if planned is None or run.stop is not None or not run.points.is_consecutive or motor not in run.points:
        return None
    first = float(run.points.get_column(motor)[0]) if len(run.points) else math.nan
    if not math.isfinite(first):
        return None
    return first + min(planned) - planned[0], first + max(planned) - planned[0]


def find_energy_range(run: Run, config: BoardConfig) -> Range | None:
    """Return the range of energy that an XAFS scan covers, eV; None where it is not known or the run has ended."""
    by_bounds = _find_bounds_range(run)
    if by_bounds is not None:
        return by_bounds
    axis = find_energy_axis(run, config)
    planned = find_motor_range(run, axis.key) if axis.source == "key" else None
    return None if planned is None else (planned[0] * axis.factor, planned[1] * axis.factor)


def _find_bounds_range(run: Run) -> Range | None:
    """Return the range of energy by the bounds of a scan and its edge, eV."""
    user = as_mapping(run.xdi.get("_user"))
    e0 = _to_number(user.get("e0")) or _to_number(as_mapping(run.xdi.get("Scan")).get("edge_energy"))
    bounds = user.get("bounds_given") or user.get("bounds")
    words = bounds.replace(",", " ").split() if isinstance(bounds, str) else bounds
    if run.stop is not None or not e0 or not isinstance(words, Sequence) or len(cast("Sequence[Any]", words)) < 2:
        return None
    ends = [_parse_bound(word) for word in cast("Sequence[Any]", words)]
    if None in (ends[0], ends[-1]):
        return None
    low, high = sorted((cast(float, ends[0]), cast(float, ends[-1])))
    return (e0 + low, e0 + high) if low < high else None


def find_time_range(run: Run) -> Range | None:
    """Return the range of elapsed time of a scan by its number of points and its pace, s; None if not known."""
    total = run.start.get("num_points")
    if run.stop is not None or not isinstance(total, int) or len(run.points) < STEADY_POINTS or total < STEADY_POINTS:
        return None
    times = run.points.time
    step = float(times[STEADY_POINTS - 1] - times[0]) / (STEADY_POINTS - 1)
    return (0.0, step * (total - 1)) if math.isfinite(step) and step > 0 else None


def _find_planned_positions(run: Run, motor: str) -> list[float] | None:
    """Return the positions of a motor in the arguments of its plan: start and stop, or all of a list."""
    for section in ("plan_pattern_args", "plan_args"):
        args = as_mapping(run.start.get(section)).get("args")
        for name, values in _iter_arguments(args):
            numbers = [number for value in values if (number := _to_number(value)) is not None]
            if name == motor and len(numbers) == len(values) > 1 and min(numbers) < max(numbers):
                return numbers
    return None


def _iter_arguments(args: Any) -> Iterator[tuple[str, list[Any]]]:
    """Yield the motors in a plan's arguments, each with what follows: start and stop, or a list of positions."""
    if not isinstance(args, list | tuple):
        return
    found = cast("list[Any]", args)
    names = [(at, name) for at, member in enumerate(found) if (name := _find_name(member))]
    for at, name in names:
        following = found[at + 1 : at + 3]
        if following and isinstance(following[0], list | tuple):
            yield name, list(cast("list[Any]", following[0]))
        else:
            yield name, following


def _find_name(member: Any) -> str:
    """Return the name in the text by which a start document holds a device, such as ``Axis(name='x')``."""
    if not isinstance(member, str):
        return ""
    found = re.search(r"\bname=['\"]([^'\"]*)['\"]", member)
    return found.group(1) if found else member


def _parse_bound(word: Any) -> float | None:
    """Return a boundary relative to the edge, eV; ``17k`` is a wavenumber, 1/Å."""
    if isinstance(word, str) and word.endswith("k"):
        number = _to_number(word[:-1])
        return None if number is None or number < 0 else number**2 / K_SQUARED_PER_EV
    return _to_number(word)


def _to_number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
