"""Tasks of the reduction's process, by name: each takes a mapping and returns a mapping.

A spectrum that cannot be reduced is no failure of the task: the answer contains its `problem`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from xafs_workers.reduction import larch_api, xdi
from xafs_workers.reduction.athena import ProjectMember, build_athena_project
from xafs_workers.reduction.fits import fit_signal, warm_up_fits
from xafs_workers.reduction.live import reduce_partial
from xafs_workers.reduction.noise import compute_noise
from xafs_workers.reduction.parameters import RECIPE
from xafs_workers.reduction.reduce import Edge, ReductionError, read_results, reduce

Values = Mapping[str, Any]


def reduce_merge(asked: Values) -> Values:
    """Reduce one merged spectrum from e0 to chi(R) and its noise; return only mu(E) of a short one."""
    energy, mu = asked["energy"], asked["mu"]
    plain: Values = {"energy": energy, "mu": mu, "members": asked.get("members", 1)}
    if len(energy) <= RECIPE.max_xanes_points:
        return {**plain, "short": True}
    try:
        group = reduce(energy, mu, _parse_edge(asked))
    except ReductionError as problem:
        return {**plain, "problem": str(problem)}
    return {**plain, **read_results(group), **compute_noise(group)}


def reduce_live(asked: Values) -> Values:
    """Compute chi(k) of a repetition that is still being measured."""
    before = (asked["before_energy"], asked["before_mu"]) if "before_energy" in asked else None
    try:
        return reduce_partial(asked["energy"], asked["mu"], _parse_edge(asked), before)
    except ReductionError as problem:
        return {"problem": str(problem)}


def build_athena(asked: Values) -> Values:
    """Build an Athena project; return its `content`, or the `problem`."""
    members = [
        ProjectMember(one["label"], np.asarray(one["energy"]), np.asarray(one["mu"]), one.get("i0"))
        for one in asked["members"]
    ]
    try:
        return {"content": build_athena_project(members, _parse_edge(asked), asked["written"])}
    except ReductionError as problem:
        return {"problem": str(problem)}


def read_xdi(asked: Values) -> Values:
    """Read an XDI file with Larch; return its `labels` and the number of `rows`, or the `problem`."""
    return xdi.read_xdi(asked["content"])


def warm_up(asked: Values) -> Values:
    """Reduce simulated data once, because the first reduction is the slowest, and return Larch's version."""
    energy = np.concatenate([np.arange(6912.0, 7100.0, 10.0), np.arange(7100.0, 7900.0, 3.0)])
    mu = np.arctan((energy - 7112.0) / 2.0) / np.pi + 0.02 * np.sin((energy - 7112.0) / 20.0) * (energy > 7112.0)
    group = reduce(energy, mu, Edge("Fe", "K"))
    compute_noise(group)
    return {"version": larch_api.get_version()}


TASKS: Mapping[str, Callable[[Values], Values]] = {
    "merge": reduce_merge,
    "live": reduce_live,
    "athena": build_athena,
    "read xdi": read_xdi,
    "fit": fit_signal,
    "warm up fits": warm_up_fits,
    "warm up": warm_up,
}


def _parse_edge(asked: Values) -> Edge:
    return Edge(asked["element"], asked["edge"])
