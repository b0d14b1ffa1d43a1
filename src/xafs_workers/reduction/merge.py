"""Merge of repetitions: the mean of mu(E) at the energies of the first one, stored as running sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]

Curve = tuple[Array, Array]
"""Energies (eV) and mu(E) of a spectrum."""


class NoOverlap(ValueError):
    """A spectrum has no points, or no energy in common with the merge."""


def sort_spectrum(energy: Array, mu: Array) -> Curve:
    """Sort a spectrum by ascending energy and remove the points that are not finite.

    Larch removes such points in one step and keeps them in the next, and it interpolates wrongly when energies
    descend. Points of equal energy keep their order.
    """
    usable = np.isfinite(energy) & np.isfinite(mu)
    energy, mu = np.asarray(energy, float)[usable], np.asarray(mu, float)[usable]
    order = np.argsort(energy, kind="stable")
    return energy[order], mu[order]


@dataclass(frozen=True, slots=True, eq=False)
class Merge:
    """Merge of one or more spectra.

    Attributes
    ----------
    energy
        Energies of the first spectrum, eV, ascending.
    total
        Sum of mu at each energy over the spectra that reach it.
    counts
        Number of spectra that reach each energy.
    members
        Number of spectra.
    """

    energy: Array
    total: Array
    counts: Array
    members: int

    @classmethod
    def from_spectrum(cls, energy: Array, mu: Array) -> Merge:
        """Build the merge of one spectrum from `sort_spectrum`.

        Raises
        ------
        NoOverlap
            The spectrum has no points.
        """
        if not len(energy):
            raise NoOverlap("it has no usable points")
        return cls(energy, mu, np.ones(len(energy)), 1)

    @property
    def mu(self) -> Array:
        """Mean of mu at each energy."""
        return self.total / self.counts

    def add_spectrum(self, energy: Array, mu: Array) -> Merge:
        """Return the merge with one more spectrum from `sort_spectrum`; the cost does not depend on their number.

        A spectrum that ends early counts only where it was measured; its last value is not continued.

        Raises
        ------
        NoOverlap
            The spectrum has no points, or none of its energies is near an energy of the merge.
        """
        if not len(energy):
            raise NoOverlap("it has no usable points")
        inside = _find_reached(self.energy, energy)
        if not inside.any():
            raise NoOverlap("its energies are not those of the first repetition")
        added = np.where(inside, np.interp(self.energy, energy, mu), 0.0)
        return Merge(self.energy, self.total + added, self.counts + inside, self.members + 1)


def _find_reached(grid: Array, energy: Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Find the energies of the grid that a spectrum reaches.

    A monochromator does not return to exactly the same energy: an end of the grid that is missed by less than half of
    its step counts as reached.
    """
    steps = np.diff(grid) if len(grid) > 1 else np.zeros(1)
    return (grid >= energy[0] - steps[0] / 2) & (grid <= energy[-1] + steps[-1] / 2)
