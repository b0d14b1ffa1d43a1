"""One spectrum reduced with Larch. Runs only in the reduction's own process.

Every call gets a fresh Group and no session, so nothing is left over from one reduction to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.elements import find_edge_energy
from xafs_workers.reduction import larch_api
from xafs_workers.reduction.merge import Array, sort_spectrum
from xafs_workers.reduction.parameters import RECIPE, Recipe, compute_next_edge_gap, compute_ranges

MAX_E0_SHIFT = 50.0
"""Of e0 from the tabulated edge, eV; beyond it the edge was not found."""

MIN_EDGE_STEP = 1e-9
"""Of an edge; flat data have steps of about 1e-12 and no error."""


class ReductionError(ValueError):
    """A spectrum that cannot be reduced; the text says why."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The edge that was measured, as the message names it."""

    element: str
    edge: str

    @property
    def energy(self) -> float | None:
        """Its tabulated energy, eV."""
        return find_edge_energy(self.element, self.edge)

    @property
    def gap(self) -> float | None:
        """How far above it the next edge of the element lies, eV, where that matters."""
        return compute_next_edge_gap(self.element, self.edge)


SCALAR_NAMES = ("e0", "edge_step")
CURVE_NAMES = (
    "energy",
    "mu",
    "norm",
    "pre_edge",
    "post_edge",
    "bkg",
    "k",
    "chi",
    "r",
    "chir_mag",
    "chir_re",
    "chir_im",
)


def reduce(energy: Array, mu: Array, edge: Edge, recipe: Recipe = RECIPE) -> Any:
    """Return a Larch Group with everything from e0 to chi(R) of a spectrum as measured.

    Raises
    ------
    ReductionError
        There is no edge in it, or Larch cannot find it.
    """
    group = remove_background(*sort_spectrum(energy, mu), edge, recipe)
    larch_api.import_xafs().xftf(group, kstep=recipe.kstep, nfft=recipe.nfft, **recipe.to_xftf_arguments())
    return group


def remove_background(energy: Array, mu: Array, edge: Edge, recipe: Recipe = RECIPE) -> Any:
    """Return a Larch Group with e0, edge step, norm and chi(k) of an `ordered` spectrum.

    Raises
    ------
    ReductionError
        As `reduce`.
    """
    group = normalize(energy, mu, edge, recipe)
    try:
        larch_api.import_xafs().autobk(
            group, e0=group.e0, kstep=recipe.kstep, nfft=recipe.nfft, **_build_autobk_arguments(edge, recipe)
        )
    except (ValueError, IndexError, TypeError) as error:
        raise ReductionError(f"no background: {error}") from error
    if not np.isfinite(group.chi).all():
        raise ReductionError("no background: χ(k) is not finite")
    return group


def normalize(energy: Array, mu: Array, edge: Edge, recipe: Recipe = RECIPE) -> Any:
    """Return a Larch Group with e0, edge step and norm of an `ordered` spectrum.

    Raises
    ------
    ReductionError
        As `reduce`.
    """
    group = build_group_with_e0(energy, mu, edge)
    limits = compute_ranges(float(energy[0]), float(energy[-1]), group.e0, edge.gap, recipe)
    try:
        larch_api.import_xafs().pre_edge(
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
        raise ReductionError(f"not normalised: {error}") from error
    return check_edge_step(group)


def build_group_with_e0(energy: Array, mu: Array, edge: Edge) -> Any:
    """Return a Larch Group of an `ordered` spectrum with e0 found.

    Raises
    ------
    ReductionError
        There are too few points, or what is found lies far from the tabulated edge.
    """
    group = larch_api.create_group(energy=energy, mu=mu)
    try:
        larch_api.import_xafs().find_e0(group)
    except (ValueError, IndexError, TypeError) as error:
        raise ReductionError(f"no e0: {error}") from error
    table = edge.energy
    if table is not None and abs(group.e0 - table) > MAX_E0_SHIFT:
        raise ReductionError(f"no {edge.element} {edge.edge} edge: e0 {group.e0:.1f} eV, by the tables {table:.1f} eV")
    return group


def check_edge_step(group: Any) -> Any:
    """Return a Group whose edge step is one.

    Raises
    ------
    ReductionError
        It is zero or negative.
    """
    if not np.isfinite(group.edge_step) or group.edge_step < MIN_EDGE_STEP:
        raise ReductionError(f"no edge: its step is {group.edge_step:.3g}")
    return group


def read_results(group: Any) -> Mapping[str, Any]:
    """Return the results of a Group by Larch's names."""
    values: dict[str, Any] = {name: float(getattr(group, name)) for name in SCALAR_NAMES}
    return values | {name: np.asarray(getattr(group, name), float) for name in CURVE_NAMES if hasattr(group, name)}


def compute_background_end(edge: Edge, recipe: Recipe = RECIPE) -> float | None:
    """Return the k at which the background must end because the next edge begins, None where the data decide."""
    gap = edge.gap
    return None if gap is None else float(larch_api.import_xafs().etok(gap - recipe.k_below_next_edge))


def _build_autobk_arguments(edge: Edge, recipe: Recipe) -> dict[str, Any]:
    end = compute_background_end(edge, recipe)
    return recipe.to_autobk_arguments() if end is None else {**recipe.to_autobk_arguments(), "kmax": end}
