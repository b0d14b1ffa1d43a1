"""The merge of repetitions: the mean of mu(E) on the energies of the first, kept as running sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]

Curve = tuple[Array, Array]
"""Energy, eV, and mu(E)."""


class NoOverlap(ValueError):
    """A spectrum that has no energy in common with the merge."""


def sort_spectrum(energy: Array, mu: Array) -> Curve:
    """Return a spectrum by ascending energy, without the points that are not finite.

    Larch drops such points itself in one step and keeps them in the next, and interpolates nonsense when energies
    descend; points of equal energy keep their order.
    """
    usable = np.isfinite(energy) & np.isfinite(mu)
    energy, mu = np.asarray(energy, float)[usable], np.asarray(mu, float)[usable]
    order = np.argsort(energy, kind="stable")
    return energy[order], mu[order]


@dataclass(frozen=True, slots=True, eq=False)
class Merge:
    """The merge of one or more spectra.

    Attributes
    ----------
    energy
        That of the first spectrum, eV, ascending.
    total
        Sum of mu at each energy over those spectra that reach it.
    counts
        How many do.
    members
        How many spectra there are.
    """

    energy: Array
    total: Array
    counts: Array
    members: int

    @classmethod
    def from_spectrum(cls, energy: Array, mu: Array) -> Merge:
        """Return the merge of one spectrum, `ordered`."""
        return cls(energy, mu, np.ones(len(energy)), 1)

    @property
    def mu(self) -> Array:
        """The mean."""
        return self.total / self.counts

    def add_spectrum(self, energy: Array, mu: Array) -> Merge:
        """Return the merge with one more spectrum, `ordered`; the cost does not depend on how many there are.

        A spectrum that ends early counts where it was measured: it is never continued by its last value.

        Raises
        ------
        NoOverlap
            None of its energies is near one of the merge's.
        """
        inside = _find_reached(self.energy, energy)
        if not inside.any():
            raise NoOverlap("its energies are not those of the first repetition")
        added = np.where(inside, np.interp(self.energy, energy, mu), 0.0)
        return Merge(self.energy, self.total + added, self.counts + inside, self.members + 1)


def _find_reached(grid: Array, energy: Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell which energies of the grid a spectrum reaches.

    A monochromator does not come back to the very same energy: an end that is missed by less than half of the
    grid's step there counts as reached.
    """
    steps = np.diff(grid) if len(grid) > 1 else np.zeros(1)
    return (grid >= energy[0] - steps[0] / 2) & (grid <= energy[-1] + steps[-1] / 2)


def merge_spectra(spectra: Iterable[Curve]) -> Merge:
    """Return the merge of spectra as measured, made from scratch.

    Raises
    ------
    NoOverlap
        One of them has no energy in common with the first, or no finite points.
    """
    merge: Merge | None = None
    for energy, mu in spectra:
        clean = sort_spectrum(energy, mu)
        if not len(clean[0]):
            raise NoOverlap("it has no usable points")
        merge = Merge.from_spectrum(*clean) if merge is None else merge.add_spectrum(*clean)
    if merge is None:
        raise NoOverlap("nothing to merge")
    return merge
