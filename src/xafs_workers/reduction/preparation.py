"""Preparation of one repetition: points without beam or value, near-equal energies, and spikes away from the edge.

Nothing measured is changed: what is left out or averaged here is so for the merge alone, and each is reported.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from xafs_workers.reduction.curves import Array, Mask, compute_local_steps
from xafs_workers.reduction.spikes import count_bad_ends, find_spikes

MIN_BEAM_FRACTION = 0.10
"""Smallest I0 per dwell time with beam, as a fraction of its median; real scans go down to 0.33."""

NEAR_FRACTION = 0.25
"""Distance, in local steps, below which points count as one: Larch's spline through close points rings."""

EDGE_BEFORE, EDGE_BEYOND = 20.0, 65.0
"""Window about the tabulated edge in which one repetition alone shows no spike, eV: white lines look like spikes."""

STEP_FROM, STEP_UNTIL = 20.0, 120.0
"""Distances from the tabulated edge between which mu is compared to estimate the edge step, eV."""

SAME_PLACE = 2
"""Largest distance of a spike from a dip of I0 that explains it, points."""


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One repetition as measured; all arrays have shape (n,), NaN is a gap.

    Attributes
    ----------
    uid, number
        The run, and the number of the repetition in the plan.
    energy, mu, i0
        Energies (eV), absorption, incident intensity.
    dwell
        Dwell time of each point, s; None if it is not known.
    reference
        Absorption of the reference sample; None if it was not measured.
    planned
        Number of points that the run promised, 0 if it is not known.
    """

    uid: str
    number: int
    energy: Array
    mu: Array
    i0: Array
    dwell: Array | None = None
    reference: Array | None = None
    planned: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Spike:
    """A point that is left out of the merge; `has_dip` if I0 has a dip there."""

    energy: float
    has_dip: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PreparedSpectrum:
    """A repetition ready for the merge: ascending energies, finite mu.

    Attributes
    ----------
    reference
        Absorption of the reference sample at these energies, NaN for a gap; None if it was not measured.
    dark, missing
        Number of points without beam, and without a value.
    averaged
        Number of points that were averaged with others of nearly the same energy.
    measured, planned
        Number of points measured and promised (0: not known).
    runs_down
        Whether it was measured with descending energies.
    spikes
        Points left out.
    """

    uid: str
    number: int
    energy: Array
    mu: Array
    i0: Array
    reference: Array | None
    dark: int
    missing: int
    averaged: int
    measured: int
    planned: int
    runs_down: bool
    spikes: tuple[Spike, ...] = ()

    def remove_spikes(self, found: Mask) -> PreparedSpectrum:
        """Return the spectrum without these points, which are listed among its spikes."""
        if not found.any():
            return self
        dips = _find_dips(self.energy, self.i0)
        near = [bool(dips[max(0, at - SAME_PLACE) : at + SAME_PLACE + 1].any()) for at in np.flatnonzero(found)]
        new = [Spike(float(e), has_dip) for e, has_dip in zip(self.energy[found], near, strict=True)]
        spikes = tuple(sorted((*self.spikes, *new), key=lambda spike: spike.energy))
        return replace(self._select(~found), spikes=spikes)

    def _select(self, kept: Mask) -> PreparedSpectrum:
        reference = None if self.reference is None else self.reference[kept]
        return replace(self, energy=self.energy[kept], mu=self.mu[kept], i0=self.i0[kept], reference=reference)


def prepare_member(member: Member, table: float | None) -> PreparedSpectrum:
    """Prepare a repetition for the merge.

    Parameters
    ----------
    table
        Tabulated energy of the edge, eV; None if it is not in the tables. No spike is looked for without it, nor in a
        spectrum that does not reach across it.
    """
    spectrum = _average_near_energies(_remove_gaps(member))
    step = None if table is None else _estimate_step(spectrum.energy, spectrum.mu, table)
    if table is None or step is None:
        return spectrum
    first, last = count_bad_ends(spectrum.mu, step)
    ends = np.zeros(len(spectrum.energy), bool)
    ends[:first] = True
    ends[len(ends) - last :] = True
    spectrum = spectrum.remove_spikes(ends)
    energy = spectrum.energy
    away = (energy < table - EDGE_BEFORE) | (energy > table + EDGE_BEYOND)
    return spectrum.remove_spikes(find_spikes(energy, spectrum.mu, step) & away)


def _remove_gaps(member: Member) -> PreparedSpectrum:
    """Remove the points without beam or value and sort the others by energy."""
    dark = _find_dark(member)
    usable = np.isfinite(member.energy) & np.isfinite(member.mu) & ~dark
    order = np.flatnonzero(usable)[np.argsort(member.energy[usable], kind="stable")]
    return PreparedSpectrum(
        member.uid,
        member.number,
        np.asarray(member.energy, float)[order],
        np.asarray(member.mu, float)[order],
        np.asarray(member.i0, float)[order],
        None if member.reference is None else np.asarray(member.reference, float)[order],
        dark=int(np.count_nonzero(dark)),
        missing=int(np.count_nonzero(~usable & ~dark)),
        averaged=0,
        measured=len(member.energy),
        planned=member.planned,
        runs_down=bool(len(order) > 1 and np.median(np.diff(order)) < 0),
    )


def _find_dark(member: Member) -> Mask:
    """Find the points without beam; dark noise gives finite nonsense there."""
    intensity = np.asarray(member.i0, float)
    if member.dwell is not None:
        lasting = np.isfinite(member.dwell) & (member.dwell > 0)
        intensity = np.divide(intensity, member.dwell, out=np.full(len(intensity), np.nan), where=lasting)
    known = np.isfinite(intensity)
    if not known.any():
        return np.zeros(len(intensity), bool)
    usual = float(np.median(intensity[known]))
    dark: Mask = np.zeros(len(intensity), bool)
    dark[known] = intensity[known] < MIN_BEAM_FRACTION * usual
    return dark


def _average_near_energies(spectrum: PreparedSpectrum) -> PreparedSpectrum:
    steps = np.diff(spectrum.energy)
    apart = (steps >= NEAR_FRACTION * compute_local_steps(spectrum.energy)) & (steps > 0)
    if apart.all():
        return spectrum
    chains = np.concatenate([[0], np.cumsum(apart)])
    sizes = np.bincount(chains)

    def average(values: Array) -> Array:
        return np.bincount(chains, values) / sizes

    return replace(
        spectrum,
        energy=average(spectrum.energy),
        mu=average(spectrum.mu),
        i0=average(spectrum.i0),
        reference=None if spectrum.reference is None else average(spectrum.reference),
        averaged=int(sizes[sizes > 1].sum()),
    )


def _estimate_step(energy: Array, mu: Array, table: float) -> float | None:
    """Estimate the edge step without a fit, because a spike could be what the fit finds; None if it is not known."""
    distance = energy - table
    above = mu[(distance > STEP_FROM) & (distance < STEP_UNTIL)]
    below = mu[(distance < -STEP_FROM) & (distance > -STEP_UNTIL)]
    if not len(above) or not len(below):
        return None
    return abs(float(np.median(above) - np.median(below)))


def _find_dips(energy: Array, i0: Array) -> Mask:
    """Find the points at which I0 deviates as a spike does, its median in place of the edge step."""
    known = np.isfinite(i0)
    dips = np.zeros(len(i0), bool)
    if known.any():
        usual = abs(float(np.median(i0[known])))
        dips[known] = find_spikes(energy[known], i0[known], usual)
    return dips
