"""Chi(k) of a repetition that is still being measured; this module runs only in the reduction's process.

The limits come from tests with partial data: the usual cubic post-edge line is useless on a short range, and below
150 eV the background has too much freedom, so chi(k) is marked as provisional until then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from xafs_workers.reduction import larch_api
from xafs_workers.reduction.merge import Array, Curve, sort_spectrum
from xafs_workers.reduction.parameters import RECIPE, Recipe
from xafs_workers.reduction.reduce import (
    Edge,
    ReductionError,
    build_group_with_e0,
    check_edge_step,
    compute_background_end,
    reduce,
)

CHI_FROM = 60.0
"""Energy above the tabulated edge from which chi(k) is shown, eV."""

RELIABLE_FROM = 150.0
"""Energy above the tabulated edge from which chi(k) is no longer provisional, eV."""

LINE_FROM, PARABOLA_FROM = 80.0, 300.0
"""Energies above e0 from which the post-edge curve has degree 1 and 2, eV; it has degree 0 below."""

MAX_NORM1 = 25.0
"""Largest distance of the beginning of a short post-edge line from e0, eV."""


def reduce_partial(
    energy: Array, mu: Array, edge: Edge, before: Curve | None = None, recipe: Recipe = RECIPE
) -> dict[str, Any]:
    """Reduce partial data to `k`, `chi` and `provisional`, or return the range to wait for (`waiting`).

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
        return {**apply_background(energy, mu, reduce(*before, edge, recipe)), "provisional": False}
    group = _reduce_first(energy, mu, edge, recipe)
    return {"k": group.k, "chi": group.chi, "provisional": bool(energy[-1] < table + RELIABLE_FROM)}


def apply_background(energy: Array, mu: Array, done: Any) -> Mapping[str, Array]:
    """Compute `k` and `chi` with the background of a finished repetition.

    mu = a + b mu_done is fitted by linear least squares over the energies measured so far. Then the background is
    a + b bkg_done and the edge step is b edge_step_done.

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
    return _interpolate_to_grid(energy, chi, done)


def _interpolate_to_grid(energy: Array, chi: Array, done: Any) -> Mapping[str, Array]:
    above = energy >= done.e0
    k = larch_api.import_xafs().etok(1.0) * np.sqrt(energy[above] - done.e0)
    grid = done.k[done.k <= k[-1]]
    return {"k": grid, "chi": np.interp(grid, k, chi[above])}


def _reduce_first(energy: Array, mu: Array, edge: Edge, recipe: Recipe) -> Any:
    group = build_group_with_e0(energy, mu, edge)
    span = float(energy[-1]) - group.e0
    if span <= 0:
        raise ReductionError("no edge yet")
    pre1 = float(energy[0]) - group.e0
    norm1 = min(span / 5, MAX_NORM1) if span < PARABOLA_FROM else span / 5
    degree = 0 if span < LINE_FROM else 1 if span < PARABOLA_FROM else 2
    end = compute_background_end(edge, recipe)
    limit = {} if end is None else {"kmax": end}
    try:
        larch_api.import_xafs().pre_edge(
            group,
            e0=group.e0,
            pre1=pre1,
            pre2=pre1 / 3,
            norm1=norm1,
            norm2=span,
            nnorm=degree,
            nvict=recipe.nvict,
            make_flat=False,
        )
        larch_api.import_xafs().autobk(
            check_edge_step(group),
            e0=group.e0,
            kstep=recipe.kstep,
            nfft=recipe.nfft,
            **recipe.to_autobk_arguments(),
            **limit,
        )
    except (ValueError, IndexError, TypeError) as error:
        raise ReductionError(f"no background: {error}") from error
    if not np.isfinite(group.chi).all():
        raise ReductionError("no background: χ(k) is not finite")
    return group
