"""Fine structure chi(k): the EXAFS equation with simple analytic scattering functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]

S02 = 0.85  # amplitude reduction factor; metals and oxides are found at 0.7 to 1.0


@dataclass(frozen=True, slots=True)
class ScatteringPath:
    """Single-scattering path: one shell of equal neighbours.

    Parameters
    ----------
    distance
        Half the path length R, Å.
    degeneracy
        Number N of neighbours.
    sigma2
        Mean square variation of the distance, Å².
    element
        Symbol of the scattering element.
    """

    distance: float
    degeneracy: float
    sigma2: float
    element: str

    def __post_init__(self) -> None:
        if self.distance <= 0:
            raise ValueError(f"path: distance {self.distance} Å is not positive (expected more than 0)")
        if self.sigma2 < 0:
            raise ValueError(f"path: sigma2 {self.sigma2} Å² is negative (expected 0 or more)")


@cache
def find_atomic_number(element: str) -> int:
    """Return the atomic number Z of an element; ValueError for a symbol that xraydb does not know."""
    import xraydb

    return int(xraydb.atomic_number(element))


def compute_amplitude(k: Array, z: int) -> Array:
    """Compute the backscattering amplitude F(k), Å, same shape as k (1/Å).

    F(k) is a Lorentzian in k. Its maximum moves up and broadens with the square root of Z: near 2.4 1/Å for oxygen,
    5 1/Å for iron, 10 1/Å for platinum. That is the trend of calculated amplitudes (Teo & Lee, J. Am. Chem. Soc.
    101, 2815 (1979)) without the dips of heavy scatterers.
    """
    root = np.sqrt(z)
    return 1.0 / (1.0 + ((k - (1.2 * root - 1.0)) / (2.6 + 0.5 * root)) ** 2)


def compute_phase(k: Array, z: int) -> Array:
    """Compute the phase shift delta(k) of absorber and scatterer together, radians, same shape as k (1/Å).

    It falls nearly linearly, a little faster at low k and for heavier scatterers. A slope of -2a displaces a peak of
    the Fourier transform by -a: here 0.40 Å (oxygen) to 0.51 Å (platinum) below the distance.
    """
    return 0.12 * z - (0.72 + 0.003 * z) * k + 2.0 / (1.0 + k / 3.0)


def compute_mean_free_path(k: Array) -> Array:
    """Compute the photoelectron's mean free path lambda(k), Å, same shape as k (1/Å, above 0).

    It is long for slow electrons, about 5 Å at the minimum near k = 3.5, then proportional to k: the shape of the
    universal curve (Seah & Dench, Surf. Interface Anal. 1, 2 (1979)) with the core hole's life time.
    """
    return (k + (3.0 / k) ** 4) / 0.8


def compute_chi(k: Array, paths: Sequence[ScatteringPath]) -> Array:
    """Compute chi(k), dimensionless, same shape as k (1/Å); zero where k is not above zero.

    The sum over paths of N S02 F(k) / (k R²) exp(-2 k² sigma2) exp(-2 R / lambda(k)) sin(2 k R + delta(k)):
    Sayers, Stern & Lytle, Phys. Rev. Lett. 27, 1204 (1971).
    """
    k = np.asarray(k, dtype=np.float64)
    above = k > 0
    inside = k[above]
    total = np.zeros_like(inside)
    free = compute_mean_free_path(inside)
    for path in paths:
        z = find_atomic_number(path.element)
        size = path.degeneracy * S02 * compute_amplitude(inside, z) / (inside * path.distance**2)
        damping = np.exp(-2.0 * inside**2 * path.sigma2 - 2.0 * path.distance / free)
        total += size * damping * np.sin(2.0 * inside * path.distance + compute_phase(inside, z))
    result = np.zeros_like(k)
    result[above] = total
    return result
