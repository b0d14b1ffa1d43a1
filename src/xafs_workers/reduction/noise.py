"""Noise of chi(k): the scatter between repetitions, and Larch's estimate for a single one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.reduction import larch_api
from xafs_workers.reduction.curves import Array
from xafs_workers.reduction.parameters import RECIPE, Recipe


@dataclass(frozen=True, slots=True, eq=False)
class Scatter:
    """Scatter of chi(k) between repetitions.

    Attributes
    ----------
    epsilon_k
        Noise of their weighted mean, k-weight 0.
    std
        Standard deviation of one repetition of weight 1 at each k, shape (n,).
    count
        Number of repetitions.
    """

    epsilon_k: float
    std: Array
    count: int


def compute_scatter(
    k: Array, curves: Sequence[Array], weights: Sequence[float], recipe: Recipe = RECIPE
) -> Scatter | None:
    """Compute the noise of the weighted mean of chi(k) from the scatter of its members; None for fewer than two.

    With s^2(k) = sum w_i (chi_i - mean)^2 / (n - 1) it is the root of the mean of s^2(k) / sum w_i over k between the
    recipe's limits: the standard error of a weighted mean.

    Parameters
    ----------
    k
        Common grid, 1/A.
    curves
        chi of each repetition on this grid; a shorter one ends it.
    """
    end = min((len(k), *(len(chi) for chi in curves)))
    inside = (k[:end] >= recipe.kmin) & (k[:end] <= recipe.kmax)
    if len(curves) < 2 or not inside.any():
        return None
    values, factors = np.array([chi[:end] for chi in curves]), np.asarray(weights, float)[:, None]
    mean = (factors * values).sum(axis=0) / factors.sum()
    variance = (factors * (values - mean) ** 2).sum(axis=0) / (len(curves) - 1)
    epsilon = np.sqrt(np.mean(variance[inside]) / factors.sum())
    return Scatter(float(epsilon), np.sqrt(variance), len(curves))


def estimate_noise(group: Any, recipe: Recipe = RECIPE) -> float | None:
    """Estimate epsilon_k of a reduced Group; None if it cannot be estimated.

    Larch's `estimate_noise` uses chi(R) between 15 and 30 A, where no shell contributes (Newville, Boyanov and Sayers,
    J. Synchrotron Rad. 6, 264 (1999)), with the k range and the weight of the recipe.
    """
    last = float(group.k[-1])
    if last <= recipe.kmin + 1.0:
        return None
    larch_api.import_xafs().estimate_noise(
        group.k,
        chi=group.chi,
        group=group,
        kweight=recipe.kweight,
        kmin=recipe.kmin,
        kmax=min(recipe.kmax, last),
        dk=recipe.dk,
        kstep=recipe.kstep,
        kwindow=recipe.window,
        nfft=recipe.nfft,
    )
    epsilon = float(np.mean(group.epsilon_k))
    return epsilon if np.isfinite(epsilon) else None
