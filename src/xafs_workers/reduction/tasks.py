"""Tasks of the reduction's process, by name: each takes a mapping and returns a mapping.

A spectrum that cannot be reduced is no failure of the task: the answer contains its `problem`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from xafs_workers.reduction import larch_api, xdi
from xafs_workers.reduction.athena import build_athena_project
from xafs_workers.reduction.fits import fit_signal, warm_up_fits
from xafs_workers.reduction.live import reduce_partial
from xafs_workers.reduction.member_cache import MemberCache
from xafs_workers.reduction.noise import estimate_noise
from xafs_workers.reduction.preparation import Member
from xafs_workers.reduction.reduce import Edge, ReductionError, reduce
from xafs_workers.reduction.sequence import reduce_sequence
from xafs_workers.reduction.sequence_project import build_journal, build_sequence_groups

Values = Mapping[str, Any]

CACHE = MemberCache()
"""Results of single repetitions, for the life of the process; without them the same results are computed again."""


def reduce_merge(asked: Values) -> Values:
    """Reduce a sequence of one or more repetitions to its merge, chi(k), chi(R), noise and notes."""
    members = [_parse_member(one) for one in asked["members"]]
    try:
        return reduce_sequence(members, _parse_edge(asked), CACHE)
    except ReductionError as problem:
        return {"problem": str(problem)}


def reduce_live(asked: Values) -> Values:
    """Compute chi(k) of a repetition that is still being measured."""
    before = (asked["before_energy"], asked["before_mu"]) if "before_energy" in asked else None
    try:
        return reduce_partial(asked["energy"], asked["mu"], _parse_edge(asked), before)
    except ReductionError as problem:
        return {"problem": str(problem)}


def build_athena(asked: Values) -> Values:
    """Build the Athena project of a sequence; return its `content`, or the `problem`."""
    try:
        groups = build_sequence_groups(asked, _parse_edge(asked))
        return {"content": build_athena_project(groups, build_journal(asked), asked["written"])}
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
    estimate_noise(group)
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


def _parse_member(asked: Values) -> Member:
    needed: dict[str, Any] = {name: asked[name] for name in ("energy", "mu", "i0")}
    return Member(
        asked["uid"],
        asked["number"],
        **needed,
        dwell=asked.get("dwell"),
        reference=asked.get("reference"),
        planned=asked["planned"],
    )


def _parse_edge(asked: Values) -> Edge:
    return Edge(asked["element"], asked["edge"])
