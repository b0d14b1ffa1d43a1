"""Noise of chi(k) and chi(R)."""

from __future__ import annotations

from typing import Any

import numpy as np

from xafs_workers.reduction import larch_api
from xafs_workers.reduction.parameters import RECIPE, Recipe


def compute_noise(group: Any, recipe: Recipe = RECIPE) -> dict[str, float]:
    """Compute epsilon_k and epsilon_r of a reduced Group; {} if they cannot be estimated.

    Larch's `estimate_noise` uses chi(R) between 15 and 30 A, where no shell contributes (Newville, Boyanov and Sayers,
    J. Synchrotron Rad. 6, 264 (1999)), with the k range and the weight of the recipe.
    """
    last = float(group.k[-1])
    if last <= recipe.kmin + 1.0:
        return {}
    kmax = min(recipe.kmax, last)
    larch_api.import_xafs().estimate_noise(
        group.k,
        chi=group.chi,
        group=group,
        kweight=recipe.kweight,
        kmin=recipe.kmin,
        kmax=kmax,
        dk=recipe.dk,
        kstep=recipe.kstep,
        kwindow=recipe.window,
        nfft=recipe.nfft,
    )
    found = {"epsilon_k": float(np.mean(group.epsilon_k)), "epsilon_r": float(np.mean(group.epsilon_r))}
    return {name: value for name, value in found.items() if np.isfinite(value)}
