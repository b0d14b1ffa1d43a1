"""One spectrum reduced with Larch. Runs only in the reduction's own process.

Every call gets a fresh Group and no session, so nothing is left over from one reduction to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.elements import edge_energy
from xafs_workers.reduction import larch_api
from xafs_workers.reduction.merge import Array, ordered
from xafs_workers.reduction.parameters import RECIPE, Recipe, gap_to_next_edge, ranges

FARTHEST_E0 = 50.0
"""Of e0 from the tabulated edge, eV; beyond it the edge was not found."""

SMALLEST_STEP = 1e-9
"""Of an edge; flat data have steps of about 1e-12 and no error."""


class NotReduced(ValueError):
    """A spectrum that cannot be reduced; the text says why."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The edge that was measured, as the message names it."""

    element: str
    edge: str

    @property
    def energy(self) -> float | None:
        """Its tabulated energy, eV."""
        return edge_energy(self.element, self.edge)

    @property
    def gap(self) -> float | None:
        """How far above it the next edge of the element lies, eV, where that matters."""
        return gap_to_next_edge(self.element, self.edge)


NUMBERS = ("e0", "edge_step")
CURVES = ("energy", "mu", "norm", "pre_edge", "post_edge", "bkg", "k", "chi", "r", "chir_mag", "chir_re", "chir_im")


def reduce(energy: Array, mu: Array, edge: Edge, recipe: Recipe = RECIPE) -> Any:
    """Return a Larch Group with everything from e0 to chi(R) of a spectrum as measured.

    Raises
    ------
    NotReduced
        There is no edge in it, or Larch cannot find it.
    """
    group = background_removed(*ordered(energy, mu), edge, recipe)
    larch_api.xafs().xftf(group, kstep=recipe.kstep, nfft=recipe.nfft, **recipe.xftf())
    return group


def background_removed(energy: Array, mu: Array, edge: Edge, recipe: Recipe = RECIPE) -> Any:
    """Return a Larch Group with e0, edge step, norm and chi(k) of an `ordered` spectrum.

    Raises
    ------
    NotReduced
        As `reduce`.
    """
    group = normalised(energy, mu, edge, recipe)
    try:
        larch_api.xafs().autobk(group, e0=group.e0, kstep=recipe.kstep, nfft=recipe.nfft, **_until(edge, recipe))
    except (ValueError, IndexError, TypeError) as error:
        raise NotReduced(f"no background: {error}") from error
    if not np.isfinite(group.chi).all():
        raise NotReduced("no background: χ(k) is not finite")
    return group


def normalised(energy: Array, mu: Array, edge: Edge, recipe: Recipe = RECIPE) -> Any:
    """Return a Larch Group with e0, edge step and norm of an `ordered` spectrum.

    Raises
    ------
    NotReduced
        As `reduce`.
    """
    group = with_e0(energy, mu, edge)
    limits = ranges(float(energy[0]), float(energy[-1]), group.e0, edge.gap, recipe)
    try:
        larch_api.xafs().pre_edge(
            group,
            e0=group.e0,
            pre1=limits.pre1,
            pre2=limits.pre2,
            norm1=limits.norm1,
            norm2=limits.norm2,
            nnorm=recipe.nnorm,
            nvict=recipe.nvict,
        )
    except (ValueError, IndexError, TypeError) as error:
        raise NotReduced(f"not normalised: {error}") from error
    return checked_step(group)


def with_e0(energy: Array, mu: Array, edge: Edge) -> Any:
    """Return a Larch Group of an `ordered` spectrum with e0 found.

    Raises
    ------
    NotReduced
        There are too few points, or what is found lies far from the tabulated edge.
    """
    group = larch_api.group(energy=energy, mu=mu)
    try:
        larch_api.xafs().find_e0(group)
    except (ValueError, IndexError, TypeError) as error:
        raise NotReduced(f"no e0: {error}") from error
    table = edge.energy
    if table is not None and abs(group.e0 - table) > FARTHEST_E0:
        raise NotReduced(f"no {edge.element} {edge.edge} edge: e0 {group.e0:.1f} eV, by the tables {table:.1f} eV")
    return group


def checked_step(group: Any) -> Any:
    """Return a Group whose edge step is one.

    Raises
    ------
    NotReduced
        It is zero or negative.
    """
    if not np.isfinite(group.edge_step) or group.edge_step < SMALLEST_STEP:
        raise NotReduced(f"no edge: its step is {group.edge_step:.3g}")
    return group


def values_of(group: Any) -> Mapping[str, Any]:
    """Return the results of a Group by Larch's names."""
    values: dict[str, Any] = {name: float(getattr(group, name)) for name in NUMBERS}
    return values | {name: np.asarray(getattr(group, name), float) for name in CURVES if hasattr(group, name)}


def background_end(edge: Edge, recipe: Recipe = RECIPE) -> float | None:
    """Return the k at which the background must end because the next edge begins, None where the data decide."""
    gap = edge.gap
    return None if gap is None else float(larch_api.xafs().etok(gap - recipe.k_below_next_edge))


def _until(edge: Edge, recipe: Recipe) -> dict[str, Any]:
    end = background_end(edge, recipe)
    return recipe.autobk() if end is None else {**recipe.autobk(), "kmax": end}
