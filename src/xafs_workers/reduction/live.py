"""Chi(k) of a repetition that is still being measured; this module runs only in the reduction's process.

The limits come from tests with partial data: below 150 eV the background has too much freedom, so chi(k) is marked as
provisional until then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from xafs_workers.reduction import larch_api
from xafs_workers.reduction.curves import Array, Curve, sort_spectrum
from xafs_workers.reduction.parameters import RECIPE, Recipe
from xafs_workers.reduction.reduce import Edge, ReductionError, normalize, remove_background

CHI_FROM = 60.0
"""Energy above the tabulated edge from which chi(k) is shown, eV."""

RELIABLE_FROM = 150.0
"""Energy above the tabulated edge from which chi(k) is no longer provisional, eV."""


def reduce_partial(
    energy: Array, mu: Array, edge: Edge, before: Curve | None = None, recipe: Recipe = RECIPE
) -> dict[str, Any]:
    """Reduce partial data to `k`, `chi`, `provisional` and the edge, or return the range to wait for (`waiting`).

    The edge is `edge_step`, and the line `pre_edge` at the energies `energy`.

    Parameters
    ----------
    before
        Finished repetition as measured; its background is used again.

    Raises
    ------
    ReductionError
        The data have no edge, or the edge is not in the tables.
    """
    table = edge.energy
    if table is None:
        raise ReductionError(f"the tables know no {edge.element} {edge.edge} edge")
    energy, mu = sort_spectrum(energy, mu)
    if not len(energy) or energy[-1] <= table + CHI_FROM:
        return {"waiting": f"from +{CHI_FROM:.0f} eV"}
    if energy[0] >= table:
        return {"waiting": "from the edge down"}
    if before is not None:
        done = _reduce_spectrum(*sort_spectrum(*before), edge, recipe)
        return {**apply_background(energy, mu, done), "provisional": False}
    group = _reduce_spectrum(energy, mu, edge, recipe)
    provisional = bool(energy[-1] < table + RELIABLE_FROM)
    return {"k": group.k, "chi": group.chi, "provisional": provisional, **_read_edge(group)}


def apply_background(energy: Array, mu: Array, done: Any) -> Mapping[str, Any]:
    """Compute `k`, `chi` and the edge with the background of a finished repetition.

    mu = a + b mu_done is fitted by linear least squares over the energies measured so far. Then the background is
    a + b bkg_done, the pre-edge line a + b pre_edge_done, and the edge step b edge_step_done.

    Parameters
    ----------
    energy, mu
        Spectrum from `sort_spectrum`.
    done
        Reduced Group of the finished repetition.

    Raises
    ------
    ReductionError
        The two spectra have too few energies in common, or do not resemble each other.
    """
    inside = (energy >= done.energy[0]) & (energy <= done.energy[-1])
    energy, mu = energy[inside], mu[inside]
    if np.count_nonzero(energy > done.e0) < 2 or np.count_nonzero(energy < done.e0) < 2:
        raise ReductionError("it does not reach across the edge of the repetition before")
    known = np.interp(energy, done.energy, done.mu)
    (a, b), *_ = np.linalg.lstsq(np.column_stack([np.ones_like(known), known]), mu, rcond=None)
    if b <= 0:
        raise ReductionError("it does not look like the repetition before")
    chi = (mu - a - b * np.interp(energy, done.energy, done.bkg)) / (b * done.edge_step)
    line = a + b * np.interp(energy, done.energy, done.pre_edge)
    edge = {"energy": energy, "pre_edge": line, "edge_step": float(b * done.edge_step)}
    return {**_interpolate_to_grid(energy, chi, done), **edge}


def _read_edge(group: Any) -> dict[str, Any]:
    return {"energy": group.energy, "pre_edge": group.pre_edge, "edge_step": float(group.edge_step)}


def _interpolate_to_grid(energy: Array, chi: Array, done: Any) -> Mapping[str, Array]:
    above = energy >= done.e0
    k = larch_api.import_xafs().etok(1.0) * np.sqrt(energy[above] - done.e0)
    grid = done.k[done.k <= k[-1]]
    return {"k": grid, "chi": np.interp(grid, k, chi[above])}


def _reduce_spectrum(energy: Array, mu: Array, edge: Edge, recipe: Recipe) -> Any:
    group = normalize(energy, mu, edge, recipe=recipe)
    if energy[-1] <= group.e0:
        raise ReductionError("no edge yet")
    return remove_background(group, edge, float(energy[-1]), recipe)
