"""Parameters of the reduction: normalisation, background removal and Fourier transform of spectra."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xafs_workers.elements import find_edge_energy


@dataclass(frozen=True, slots=True)
class Recipe:
    """Parameters of the reduction that are the same for all spectra; energies in eV, k in 1/A, R in A.

    Attributes
    ----------
    constant_below
        Length of the post-edge range below which the post-edge line is a constant, eV. Above, its degree follows
        Larch's own rule: 1 for a range (norm2 - norm1) below 300 eV, otherwise 2.
    chi_from
        Distance from e0 that the data must reach for chi(k), eV: below, the background follows the first shell.
    chir_from
        Value of k that the data must reach for chi(R), 1/A.
    max_xanes_points
        Largest number of points of a XANES spectrum, of which only mu(E) is shown; one that reaches chi(R) is none.
    below_next_edge, k_below_next_edge
        Distance of the ends of the post-edge line and of the background from the next edge of the element.
    """

    constant_below: float = 200.0
    chi_from: float = 150.0
    chir_from: float = 8.0
    nvict: int = 0
    rbkg: float = 1.0
    background_kmin: float = 0.0
    background_kweight: int = 2
    background_dk: float = 0.1
    background_window: str = "hanning"
    nclamp: int = 3
    clamp_lo: float = 0.0
    clamp_hi: float = 1.0
    kmin: float = 3.0
    kmax: float = 12.0
    dk: float = 2.0
    kweight: int = 2
    window: str = "hanning"
    kstep: float = 0.05
    nfft: int = 2048
    max_xanes_points: int = 100
    below_next_edge: float = 20.0
    k_below_next_edge: float = 30.0

    def to_autobk_arguments(self) -> dict[str, Any]:
        """Return the parameters of the background as arguments of Larch's `autobk`."""
        return {
            "rbkg": self.rbkg,
            "kmin": self.background_kmin,
            "kweight": self.background_kweight,
            "dk": self.background_dk,
            "win": self.background_window,
            "nclamp": self.nclamp,
            "clamp_lo": self.clamp_lo,
            "clamp_hi": self.clamp_hi,
        }

    def to_xftf_arguments(self) -> dict[str, Any]:
        """Return the parameters of the Fourier transform as arguments of Larch's `xftf`."""
        return {"kmin": self.kmin, "kmax": self.kmax, "dk": self.dk, "kweight": self.kweight, "window": self.window}


RECIPE = Recipe()

NEXT_EDGE = {"L3": "L2", "L2": "L1"}
"""Next edge of the same element, which ends the useful range of an edge."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """Ranges of the pre-edge and post-edge lines, eV relative to e0.

    Attributes
    ----------
    nnorm
        Degree of the post-edge line, as Larch counts (2 is a parabola); None for Larch's own rule.
    """

    pre1: float
    pre2: float
    norm1: float
    norm2: float
    nnorm: int | None


def compute_ranges(lowest: float, highest: float, e0: float, gap: float | None, recipe: Recipe = RECIPE) -> Ranges:
    """Compute the ranges of the pre-edge and post-edge lines of a spectrum.

    Parameters
    ----------
    lowest, highest
        First and last energy of the spectrum, eV.
    gap
        Distance to the next edge of the element from `compute_next_edge_gap`, eV.
    """
    pre1, norm2 = lowest - e0, highest - e0
    if gap is not None and norm2 > gap:
        norm2 = gap - recipe.below_next_edge
    return Ranges(pre1, pre1 / 3, norm2 / 5, norm2, 0 if norm2 < recipe.constant_below else None)


def compute_next_edge_gap(element: str, edge: str) -> float | None:
    """Compute the tabulated distance from an L3 or L2 edge to the next edge, eV; None for other edges."""
    following = NEXT_EDGE.get(edge)
    here = find_edge_energy(element, edge) if following else None
    there = find_edge_energy(element, following) if following else None
    return None if here is None or there is None else there - here
