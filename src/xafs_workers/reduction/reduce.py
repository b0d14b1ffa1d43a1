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
from xafs_workers.reduction.curves import Array
from xafs_workers.reduction.parameters import RECIPE, Recipe, compute_next_edge_gap, compute_ranges

MAX_E0_SHIFT = 50.0
"""Largest distance of e0 from the tabulated edge, eV; beyond it the edge was not found."""

MIN_STEP_RATIO = 5.0
"""Smallest ratio of an edge step to the rms of the pre-edge about its line; below it there is no edge."""

LARCH_ERRORS = (ValueError, IndexError, TypeError, ZeroDivisionError, np.linalg.LinAlgError)
"""Errors that Larch raises for data that it cannot reduce."""


class ReductionError(ValueError):
    """A spectrum cannot be reduced; the text gives the reason."""


class NoEdgeError(ReductionError):
    """A spectrum has no edge where one is expected."""


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


def reduce(
    energy: Array, mu: Array, edge: Edge, e0: float | None = None, end: float | None = None, recipe: Recipe = RECIPE
) -> Any:
    """Reduce a spectrum from `sort_spectrum` as far as its range carries; return a Larch Group with the results.

    The Group has `chi` only if the data reach `recipe.chi_from`, and chi(R) only if they reach `recipe.chir_from`.

    Parameters
    ----------
    e0
        Origin of k, eV; None to find it.
    end
        Energy at which the usable data end, eV; None for the last one.

    Raises
    ------
    ReductionError
        The spectrum has no edge, or Larch cannot find it.
    """
    group = normalize(energy, mu, edge, e0, recipe)
    end = float(energy[-1]) if end is None else end
    if end - group.e0 >= recipe.chi_from:
        remove_background(group, edge, end, recipe)
        if group.k[-1] >= recipe.chir_from:
            larch_api.import_xafs().xftf(group, kstep=recipe.kstep, nfft=recipe.nfft, **recipe.to_xftf_arguments())
    return group


def normalize(energy: Array, mu: Array, edge: Edge | None, e0: float | None = None, recipe: Recipe = RECIPE) -> Any:
    """Compute e0, edge step and norm of a spectrum from `sort_spectrum`; return a Larch Group.

    Its `step_ratio` is the ratio of the edge step to the rms of the pre-edge about its line. Without an `edge`, as for
    a reference sample of another element, the edge is wherever e0 is found.

    Raises
    ------
    ReductionError
        As in `reduce`.
    """
    group = larch_api.create_group(energy=energy, mu=mu)
    group.e0 = find_e0(energy, mu, edge) if e0 is None else e0
    gap = None if edge is None else edge.gap
    limits = compute_ranges(float(energy[0]), float(energy[-1]), group.e0, gap, recipe)
    try:
        larch_api.import_xafs().pre_edge(
            group,
            e0=group.e0,
            pre1=limits.pre1,
            pre2=limits.pre2,
            norm1=limits.norm1,
            norm2=limits.norm2,
            nnorm=limits.nnorm,
            nvict=recipe.nvict,
            make_flat=False,
        )
    except LARCH_ERRORS as error:
        raise ReductionError(f"not normalised: {error}") from error
    return check_edge_step(group)


def find_e0(energy: Array, mu: Array, edge: Edge | None) -> float:
    """Find e0 of a spectrum from `sort_spectrum`, eV: the maximum of the smoothed derivative.

    Only where e0 of the whole spectrum is far from the tabulated edge, e0 is found again near the edge: a part of the
    spectrum changes Larch's smoothing.

    Raises
    ------
    NoEdgeError
        The spectrum has too few points, or e0 is far from the tabulated edge.
    """
    table = None if edge is None else edge.energy
    e0 = _find_larch_e0(energy, mu)
    if edge is None or table is None or abs(e0 - table) <= MAX_E0_SHIFT:
        return e0
    near = np.abs(energy - table) <= MAX_E0_SHIFT
    try:
        again = _find_larch_e0(energy[near], mu[near])
    except NoEdgeError:
        again = e0
    if abs(again - table) > MAX_E0_SHIFT:
        raise NoEdgeError(f"no {edge.element} {edge.edge} edge: e0 {e0:.1f} eV, by the tables {table:.1f} eV")
    return again


def _find_larch_e0(energy: Array, mu: Array) -> float:
    try:
        return float(larch_api.import_xafs().find_e0(energy, mu))
    except LARCH_ERRORS as error:
        raise NoEdgeError(f"no edge: e0 cannot be found ({error})") from error


def check_edge_step(group: Any) -> Any:
    """Return a normalised Group if it has an edge, with the ratio of its step to the pre-edge's rms as `step_ratio`.

    Larch's `edge_step` is an absolute value; the step is taken here with its sign, because inverted data have none.

    Raises
    ------
    NoEdgeError
        The edge step is not finite, or not above `MIN_STEP_RATIO` times the rms of the pre-edge about its line.
    """
    at = int(np.argmin(np.abs(group.energy - group.e0)))
    step = float(group.post_edge[at] - group.pre_edge[at])
    details = group.pre_edge_details
    distance = group.energy - group.e0
    before = (distance >= details.pre1) & (distance <= details.pre2)
    rms = float(np.sqrt(np.mean((group.mu - group.pre_edge)[before] ** 2))) if before.any() else 0.0
    if not np.isfinite(step) or step <= max(MIN_STEP_RATIO * rms, np.finfo(float).eps * float(np.abs(group.mu).max())):
        raise NoEdgeError(f"no edge: its step is {step:.3g}, the pre-edge's rms {rms:.3g}")
    group.step_ratio = step / rms if rms > 0 else float("inf")
    return group


def remove_background(group: Any, edge: Edge, end: float, recipe: Recipe = RECIPE) -> Any:
    """Compute chi(k) of a normalised Group; it gets `is_uncertain` for a background without a covariance.

    On noisy data Larch's least squares end without a covariance, which `autobk` then indexes; its own twin on lmfit
    takes the same arguments and needs none.

    Raises
    ------
    ReductionError
        Larch finds no background, or one that is not finite.
    """
    arguments = {
        "e0": group.e0,
        "kstep": recipe.kstep,
        "nfft": recipe.nfft,
        "calc_uncertainties": False,
        **recipe.to_autobk_arguments(),
        **_limit_background(group, edge, end, recipe),
    }
    group.is_uncertain = False
    try:
        try:
            larch_api.import_xafs().autobk(group, **arguments)
        except TypeError:
            group.is_uncertain = True
            larch_api.import_autobk_lmfit()(group, **arguments)
    except LARCH_ERRORS as error:
        raise ReductionError(f"no background: {error}") from error
    if not np.isfinite(group.chi).all():
        raise ReductionError("no background: χ(k) is not finite")
    return group


def read_results(group: Any) -> Mapping[str, Any]:
    """Read the results of a Group into a mapping with Larch's names."""
    values: dict[str, Any] = {name: float(getattr(group, name)) for name in SCALAR_NAMES}
    values["nnorm"] = int(group.pre_edge_details.nnorm)
    return values | {name: np.asarray(getattr(group, name), float) for name in CURVE_NAMES if hasattr(group, name)}


def _limit_background(group: Any, edge: Edge, end: float, recipe: Recipe) -> dict[str, float]:
    """Return `kmax` where the background must end before the data do: at a hole, or before the next edge."""
    limits = [] if edge.gap is None else [edge.gap - recipe.k_below_next_edge]
    limits += [end - group.e0] if end < group.energy[-1] else []
    return {"kmax": float(larch_api.import_xafs().etok(min(limits)))} if limits else {}
