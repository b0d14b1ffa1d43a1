"""Notes on a sequence: each intervention and each doubt as one short text, the worst first."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from xafs_workers.reduction.curves import compute_local_steps
from xafs_workers.reduction.findings import Findings, MergedMember
from xafs_workers.reduction.grid import WHOLE_COVERAGE
from xafs_workers.reduction.judgement import MAX_STEP_CHANGE, has_moved

WEAK_EDGE_RATIO = 20.0
"""Ratio of edge step to the pre-edge's rms below which an edge is weak."""

NOTED_WEIGHT = 0.5
"""Weight below which a repetition is noted as noisier; the weights of equally noisy ones differ a little too."""


def build_notes(findings: Findings) -> list[str]:
    """Build the notes on a sequence, the worst first."""
    return [
        *_note_disagreement(findings),
        *(
            f"{one.number} left out: {findings.reasons[one.uid]}"
            for one in findings.analysed
            if one.uid in findings.reasons
        ),
        *_note_range(findings),
        *_note_movement(findings),
        *_note_trends(findings),
        *_note_shapes(findings),
        *_note_coverage(findings),
        *_note_weights(findings),
        *_note_spikes(findings),
        *_note_averages(findings),
    ]


def _note_disagreement(findings: Findings) -> Iterator[str]:
    what, numbers = findings.disagreement, [one.number for one in findings.members]
    if what and len(numbers) == 2:
        yield f"{numbers[0]} and {numbers[1]} differ ({what}): the next decides"
    elif what:
        yield f"the repetitions disagree ({what}): none is left out"


def _note_range(findings: Findings) -> Iterator[str]:
    if findings.hole is not None and findings.group is not None:
        below, above = findings.hole
        reach = f"χ(k) to k {findings.group.k[-1]:.1f}" if findings.has_chi else "no χ(k)"
        yield f"no points {below:.0f} to {above:.0f} eV: {reach}"
    elif findings.group is not None and not findings.has_chi:
        yield "XANES: edge step only"
    if findings.group is not None and findings.has_chi and findings.group.is_uncertain:
        yield "background uncertain"


def _note_movement(findings: Findings) -> Iterator[str]:
    moved = findings.largest_move
    if moved is None:
        references = [one.reference for one in findings.members if one.reference is not None]
        if any(has_moved(one.shift, one.sigma) for one in references):
            yield "reference moves, sample does not"
    elif moved.is_confirmed:
        yield f"energy drifts: {moved.shift:+.2f} eV in {len(findings.members)} repetitions (reference too)"
    elif moved.reference is None:
        if not findings.disagreement:
            yield f"edge moves by {moved.shift:+.2f} eV; no usable reference"
    elif has_moved(moved.reference.shift, moved.reference.sigma):
        yield f"edge moves by {moved.shift:+.2f} eV, the reference by {moved.reference.shift:+.2f} eV"
    else:
        yield f"edge moves by {moved.shift:+.2f} eV, the reference does not: the sample changes"


def _note_trends(findings: Findings) -> Iterator[str]:
    if findings.drift is not None:
        yield f"edge drifts {findings.drift.slope:+.3f} eV a repetition"
    if findings.white_line_trend is not None:
        yield f"white line changes by {100 * findings.white_line_trend.slope:+.1f} % a repetition"


def _note_shapes(findings: Findings) -> Iterator[str]:
    for one in findings.members:
        if one.fit is not None and one.fit.has_other_shape and not findings.verdict.disagreement:
            yield f"{one.number}: shape differs by {100 * one.fit.shape:.1f} % of the edge step"
        if abs(one.step_change) > MAX_STEP_CHANGE:
            yield f"{one.number}: edge step {100 * one.step_change:+.0f} % (sample moved?)"
        if one.analysed.step_ratio < WEAK_EDGE_RATIO:
            yield f"{one.number}: weak edge"


def _note_coverage(findings: Findings) -> Iterator[str]:
    filled = ", filled by the others" if len(findings.members) > 1 and findings.hole is None else ""
    for one in findings.members:
        spectrum = one.spectrum
        if spectrum.dark:
            yield f"{one.number}: {_count_points(spectrum.dark)} without beam{filled}"
        if spectrum.missing:
            yield f"{one.number}: {_count_points(spectrum.missing)} without a value{filled}"
        if one.coverage < WHOLE_COVERAGE and len(findings.members) > 1:
            yield from _note_ends(findings, one)
        if 0 < spectrum.measured < spectrum.planned:
            yield f"{one.number}: {spectrum.measured} of {spectrum.planned} points measured"


def _note_ends(findings: Findings, one: MergedMember) -> Iterator[str]:
    energy = findings.merge.energy
    steps = compute_local_steps(energy)
    if one.ends[0] > energy[0] + steps[0]:
        yield f"{one.number} starts at {one.ends[0]:.0f} eV: counts from there"
    if one.ends[1] < energy[-1] - steps[-1]:
        yield f"{one.number} ends at {one.ends[1]:.0f} eV: counts until there"


def _note_weights(findings: Findings) -> Iterator[str]:
    for one in findings.members:
        if one.weight < NOTED_WEIGHT:
            yield f"{one.number} counts {one.weight:.2g} (noisier)"


def _note_spikes(findings: Findings) -> Iterator[str]:
    common = _find_common_spikes(findings)
    if common:
        yield f"glitch at {_list_energies(common)} eV"
    for one in findings.members:
        own = [spike for spike in one.spectrum.spikes if not _is_near(spike.energy, common, findings)]
        for word, found in (
            ("spike", [spike.energy for spike in own if not spike.has_dip]),
            ("glitch", [spike.energy for spike in own if spike.has_dip]),
        ):
            if found:
                yield f"{one.number}: {_count_points(len(found))} left out at {_list_energies(found)} eV ({word})"


def _note_averages(findings: Findings) -> Iterator[str]:
    for one in findings.members:
        if one.spectrum.averaged:
            yield f"{one.number}: {_count_points(one.spectrum.averaged)} of nearly equal energies averaged"


def _find_common_spikes(findings: Findings) -> list[float]:
    """Find the spikes that all of several repetitions have: those of the monochromator, eV."""
    if len(findings.members) < 2:
        return []
    first, *others = findings.members
    spikes = [[spike.energy for spike in one.spectrum.spikes] for one in others]
    return [
        spike.energy
        for spike in first.spectrum.spikes
        if all(_is_near(spike.energy, found, findings) for found in spikes)
    ]


def _is_near(energy: float, places: list[float], findings: Findings) -> bool:
    """Check whether one of these places is at most a local step away."""
    grid = findings.merge.energy
    at = int(np.clip(np.searchsorted(grid, energy), 1, len(grid) - 1))
    step = float(compute_local_steps(grid)[at - 1])
    return any(abs(energy - place) <= step for place in places)


def _list_energies(energies: list[float]) -> str:
    return ", ".join(f"{energy:.1f}" for energy in energies)


def _count_points(count: int) -> str:
    return f"{count} point" if count == 1 else f"{count} points"
