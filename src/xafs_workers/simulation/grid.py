"""Grid of energies and dwell times of an XAFS scan, built from the bounds, steps and times that users write."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import isfinite, nan, sqrt

from xafs_workers.elements import K_SQUARED_PER_EV


class GridError(ValueError):
    """Bounds, steps and times that make no valid grid."""


def build_energy_grid(bounds: str, steps: str, times: str, e0: float) -> list[tuple[float, float]]:
    """Build the scan's grid: (energy, dwell time) of each point, eV and s, ascending.

    Parameters
    ----------
    bounds
        Region boundaries relative to `e0`, eV, or wavenumbers such as ``12k``, 1/Å.
    steps
        Step of each region, eV, or in wavenumbers such as ``0.05k``.
    times
        Dwell time of each region, s, or a multiple of the wavenumber such as ``0.5k`` (at least 0.25 s).
    e0
        Energy of the edge, eV.

    Raises
    ------
    GridError
        A word is not a number, a step or time is not above zero, the bounds do not ascend, or the numbers of regions
        differ.
    """
    edges = [_parse_bound(word) for word in bounds.split()]
    for word in (*steps.split(), *times.split()):
        if _parse_number(word) <= 0:
            raise GridError(f"step or time {word!r} is not positive (expected more than 0)")
    if not len(edges) - 1 == len(steps.split()) == len(times.split()) > 0:
        raise GridError(
            f"bounds {bounds!r}, steps {steps!r}, times {times!r}: different numbers of regions "
            f"(expected one step and one time for each region)"
        )
    if any(high <= low for low, high in pairwise(edges)):
        raise GridError(f"bounds {bounds!r} do not ascend (expected ascending numbers)")
    points: list[tuple[float, float]] = []
    for low, high, step, time in zip(edges, edges[1:], steps.split(), times.split(), strict=False):
        points.extend((e0 + energy, _compute_dwell(energy, time)) for energy in _iter_region(low, high, step))
    return [*points, (e0 + edges[-1], _compute_dwell(edges[-1], times.split()[-1]))]


def _parse_bound(word: str) -> float:
    number = _parse_number(word)
    if not word.endswith("k"):
        return number
    if number < 0:
        raise GridError(f"bound {word!r} is a negative wavenumber (expected 0 or more)")
    return number**2 / K_SQUARED_PER_EV


def _parse_number(word: str) -> float:
    try:
        number = float(word.removesuffix("k"))
    except ValueError:
        number = nan
    if not isfinite(number):
        raise GridError(f"{word!r} is not a number (expected a number, or a number followed by k)")
    return number


def _to_wavenumber(energy: float) -> float:
    return sqrt(max(energy, 0.0) * K_SQUARED_PER_EV)


def _iter_region(low: float, high: float, step: str) -> Iterator[float]:
    size = _parse_number(step)
    if step.endswith("k") and low < 0:
        raise GridError(f"step {step!r} from {low:g} eV on: wavenumber below the edge (expected a step in eV)")
    count = 0
    while True:
        if step.endswith("k"):
            energy = (_to_wavenumber(low) + count * size) ** 2 / K_SQUARED_PER_EV
        else:
            energy = low + count * size
        if energy >= high - 1e-6:
            return
        yield energy
        count += 1


def _compute_dwell(energy: float, time: str) -> float:
    return max(0.25, _parse_number(time) * _to_wavenumber(energy)) if time.endswith("k") else _parse_number(time)
