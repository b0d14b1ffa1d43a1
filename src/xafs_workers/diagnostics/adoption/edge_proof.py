"""Proof that a signal has an absorption edge: its step there, compared with its noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]

GAP, WIDTH = 15.0, 150.0
"""Distances from the edge between which lines are fitted, eV: outside of the white line, and not too far."""

LEAST_POINTS = 4
"""Smallest number of points of a line."""

PROVEN_RATIO = 5.0
"""A step that is more than so many times the noise proves a signal."""

NO_NOISE = 1e-12
"""Noise below this part of the signal is rounding."""


@dataclass(frozen=True, slots=True)
class EdgeProof:
    """Step of a signal at an edge.

    Attributes
    ----------
    energy
        Energy of the edge, eV.
    step
        Height of the step, in the unit of the signal; negative where the signal falls.
    noise
        Root mean square of the signal about a straight line before the edge.
    """

    energy: float
    step: float
    noise: float

    @property
    def ratio(self) -> float:
        """Step divided by noise."""
        return self.step / self.noise

    @property
    def is_proven(self) -> bool:
        """Whether the signal has an edge."""
        return self.ratio > PROVEN_RATIO


def measure_edge(energy: Array, signal: Array, edge: float | None) -> EdgeProof | None:
    """Measure the step of a signal at an edge; None where there are too few points on one side.

    Straight lines are fitted on both sides, over ranges of equal width, so that a slope or a curvature of the
    background is no step. The noise is taken before the edge, where a spectrum has no oscillations.

    Parameters
    ----------
    energy, signal
        Energies, eV, and signal, shape (n,), in any order; points that are not finite are left out.
    edge
        Energy of the edge, eV; None for that of the steepest rise.
    """
    usable = np.isfinite(energy) & np.isfinite(signal)
    energy, places = np.unique(energy[usable], return_index=True)
    signal = signal[usable][places]
    if len(energy) < 2 * LEAST_POINTS:
        return None
    at = find_steepest_rise(energy, signal) if edge is None or not energy[0] < edge < energy[-1] else edge
    width = min(WIDTH, at - energy[0], energy[-1] - at)
    distance = energy - at
    below = _fit_line(distance, signal, (distance >= -width) & (distance <= -GAP))
    above = _fit_line(distance, signal, (distance <= width) & (distance >= GAP))
    if below is None or above is None:
        return None
    floor = NO_NOISE * float(np.abs(signal).max()) + np.finfo(float).tiny
    return EdgeProof(float(at), above[0] - below[0], max(below[1], floor))


def find_steepest_rise(energy: Array, signal: Array) -> float:
    """Find the energy in the middle of the steepest rise, eV, of a signal with ascending energies."""
    place = int(np.argmax(np.diff(signal) / np.diff(energy)))
    return float(energy[place : place + 2].mean())


def _fit_line(distance: Array, signal: Array, part: np.ndarray[Any, np.dtype[np.bool_]]) -> tuple[float, float] | None:
    """Fit a line to a part of a signal; return its value at the edge and the residual's root mean square."""
    count = int(np.count_nonzero(part))
    if count < LEAST_POINTS:
        return None
    slope, value = np.polyfit(distance[part], signal[part], 1)
    residual = signal[part] - (slope * distance[part] + value)
    return float(value), float(np.sqrt((residual**2).sum() / (count - 2)))
