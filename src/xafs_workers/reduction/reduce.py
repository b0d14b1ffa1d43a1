"""Reduction of one spectrum with Larch; this module runs only in the reduction's process.

Every call uses a new Group and no Larch session, so a reduction does not depend on the ones before.
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
"""Largest distance of e0 from the tabulated edge, eV; beyond it the edge was not found."""

MIN_EDGE_STEP = 1e-9
"""Smallest step of an edge; flat data give steps of about 1e-12 and no error from Larch."""


class ReductionError(ValueError):
    """A spectrum cannot be reduced; the text gives the reason."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Measured edge, as the message names it."""

    element: str
    edge: str

    @property
    def energy(self) -> float | None:
        """Tabulated energy of the edge, eV; None if it is not in the tables."""
        return find_edge_energy(self.element, self.edge)

    @property
    def gap(self) -> float | None:
        """Distance to the next edge of the element, eV; None if it does not limit the range."""
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
    """Reduce a spectrum as measured and return a Larch Group with all results from e0 to chi(R).

    Raises
    ------
    ReductionError
        The spectrum has no edge, or Larch cannot find it.
    """
    group = remove_background(*sort_spectrum(energy, mu), edge, recipe)
    larch_api.import_xafs().xftf(group, kstep=recipe.kstep, nfft=recipe.nfft, **recipe.to_xftf_arguments())
    return group


def remove_background(energy: Array, mu: Array, edge: Edge, recipe: Recipe = RECIPE) -> Any:
    """Compute e0, edge step, norm and chi(k) of a spectrum from `sort_spectrum`; return a Larch Group.

    Raises
    ------
    ReductionError
        As in `reduce`.
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
    """Compute e0, edge step and norm of a spectrum from `sort_spectrum`; return a Larch Group.

    Raises
    ------
    ReductionError
        As in `reduce`.
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
    """Build a Larch Group of a spectrum from `sort_spectrum` and find its e0.

    Raises
    ------
    ReductionError
        The spectrum has too few points, or e0 is far from the tabulated edge.
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
    """Return a Group if its edge step is large enough.

    Raises
    ------
    ReductionError
        The edge step is zero, negative or not finite.
    """
    if not np.isfinite(group.edge_step) or group.edge_step < MIN_EDGE_STEP:
        raise ReductionError(f"no edge: its step is {group.edge_step:.3g}")
    return group


def read_results(group: Any) -> Mapping[str, Any]:
    """Read the results of a Group into a mapping with Larch's names."""
    values: dict[str, Any] = {name: float(getattr(group, name)) for name in SCALAR_NAMES}
    return values | {name: np.asarray(getattr(group, name), float) for name in CURVE_NAMES if hasattr(group, name)}


def compute_background_end(edge: Edge, recipe: Recipe = RECIPE) -> float | None:
    """Compute the k at which the background must end before the next edge; None if no edge limits it."""
    gap = edge.gap
    return None if gap is None else float(larch_api.import_xafs().etok(gap - recipe.k_below_next_edge))


def _build_autobk_arguments(edge: Edge, recipe: Recipe) -> dict[str, Any]:
    end = compute_background_end(edge, recipe)
    return recipe.to_autobk_arguments() if end is None else {**recipe.to_autobk_arguments(), "kmax": end}
