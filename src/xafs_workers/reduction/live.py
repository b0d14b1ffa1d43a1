"""Chi(k) of a repetition that is still being measured. Runs only in the reduction's own process.

What partial data allow was measured: the usual cubic post-edge line is useless on a short range, and below 150 eV
the background has more freedom than it should, so what is drawn until then is marked as provisional.
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
"""Above the tabulated edge chi(k) is shown, eV."""

RELIABLE_FROM = 150.0
"""Above the tabulated edge it is no longer provisional, eV."""

LINE_FROM, PARABOLA_FROM = 80.0, 300.0
"""Above e0 the post-edge curve is of degree 1, then 2, eV; of degree 0 before."""

MAX_NORM1 = 25.0
"""The post-edge line begins so far above e0 at most, eV, as long as it is short."""


def reduce_partial(
    energy: Array, mu: Array, edge: Edge, before: Curve | None = None, recipe: Recipe = RECIPE
) -> dict[str, Any]:
    """Return `k` and `chi` of partial data, and whether they are `provisional`; or what is waited for (`waiting`).

    Parameters
    ----------
    before
        A finished repetition, as measured: its background is carried over.

    Raises
    ------
    ReductionError
        There is no edge in the data, or the tables do not know it.
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
    """Return `k` and `chi` with the background of a finished repetition.

    mu = a + b mu_done is fitted over the energies measured so far, by linear least squares; then the background is
    a + b bkg_done and the edge step b edge_step_done.

    Parameters
    ----------
    energy, mu
        An `ordered` spectrum.
    done
        A reduced Group.

    Raises
    ------
    ReductionError
        The two have no energies in common, or nothing in common.
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
