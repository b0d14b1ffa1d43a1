"""Shifts of the monochromator, from the reference sample that is measured with each repetition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xafs_workers.reduction.comparison import ComparedCurve, build_reference, fit_shift
from xafs_workers.reduction.curves import sort_spectrum
from xafs_workers.reduction.preparation import PreparedSpectrum
from xafs_workers.reduction.reduce import ReductionError, normalize

MIN_STEP_RATIO = 10.0
"""Smallest ratio of a usable reference's edge step to the rms of its pre-edge."""

MAX_SIGMA = 0.03
"""Largest standard deviation of a usable reference's shift, eV."""

MAX_STEP_CHANGE = 0.10
"""Largest relative change of a usable reference's edge step."""

ALIKE, ALIKE_SIGMAS, ALIKE_FRACTION = 0.05, 5.0, 0.30
"""Largest difference between two shifts that are alike: in eV, in sigmas, as a fraction of the shift."""


@dataclass(frozen=True, slots=True)
class ReferenceShift:
    """Shift of a repetition's reference sample against that of the first, with its standard deviation, eV."""

    shift: float
    sigma: float


def normalize_reference(spectrum: PreparedSpectrum) -> ComparedCurve | None:
    """Normalise the reference sample's spectrum about its own edge; None if it has no clear edge."""
    if spectrum.reference is None:
        return None
    energy, mu = sort_spectrum(spectrum.energy, spectrum.reference)
    if not len(energy):
        return None
    try:
        group = normalize(energy, mu, None)
    except ReductionError:
        return None
    if group.step_ratio <= MIN_STEP_RATIO:
        return None
    return ComparedCurve(energy, mu, group.norm, group.e0, group.edge_step)


def compare_references(curves: Sequence[ComparedCurve | None]) -> tuple[ReferenceShift, ...]:
    """Compare each repetition's reference with the first; () if one of them cannot be used."""
    first = curves[0]
    if first is None:
        return ()
    reference, found = build_reference((first.energy, first.norm), first.e0), list[ReferenceShift]()
    for curve in curves:
        fit = None if curve is None else fit_shift(curve, reference)
        if fit is None or fit.sigma > MAX_SIGMA or abs(fit.scale / first.edge_step - 1) > MAX_STEP_CHANGE:
            return ()
        found.append(ReferenceShift(fit.shift, fit.sigma))
    return tuple(found)


def is_alike(shift: float, sigma: float, reference: ReferenceShift) -> bool:
    """Check whether a sample's shift is that of its reference; the difference is then the monochromator's."""
    allowed = max(ALIKE, ALIKE_SIGMAS * float(np.hypot(sigma, reference.sigma)), ALIKE_FRACTION * abs(shift))
    return abs(shift - reference.shift) <= allowed
