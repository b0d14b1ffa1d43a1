"""Suggestions of fluorescence detectors: data keys that are equal but for the number of a channel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from xafs_workers.diagnostics.adoption.chambers import NO_SIGNAL, Chambers, prove
from xafs_workers.diagnostics.adoption.edge_proof import EdgeProof
from xafs_workers.diagnostics.adoption.names import NumberedKey, list_numberings
from xafs_workers.diagnostics.adoption.suggestion import Suggestion
from xafs_workers.diagnostics.adoption.trial import SpectrumRun
from xafs_workers.scans import spectra
from xafs_workers.scans.devices import find_root
from xafs_workers.scans.named_edge import find_named_edge
from xafs_workers.scans.runs import Run
from xafs_workers.scans.units import find_unit

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class DetectorGroup:
    """Data keys of one pattern, summed.

    Attributes
    ----------
    device
        Name of the device, '' if it is not known.
    numbers
        Numbers of the channels in the runs.
    """

    device: str
    pattern: str
    keys: tuple[str, ...]
    numbers: tuple[int, ...]
    proof: EdgeProof


def find_detectors(found: tuple[SpectrumRun, ...], chambers: Chambers) -> tuple[tuple[DetectorGroup, ...], ...]:
    """Find the fluorescence detectors of spectra: for each device and form of its data keys the groups, the best first.

    A group is proven by the step of its sum divided by I0. Of several regions of interest the one with the largest step
    over its noise is the best.
    """
    used = {*chambers.keys.values(), chambers.dwell, *(spectrum.axis.key for spectrum in found)}
    patterns = _collect_patterns(found, chambers, used)
    groups = [
        group for pattern, members in patterns.items() if (group := _prove_group(found, chambers, pattern, members))
    ]
    by_run: dict[tuple[str, frozenset[str]], list[DetectorGroup]] = {}
    for group in groups:
        runs = frozenset(
            spectrum.run.uid for spectrum in found if any(key in spectrum.run.points for key in group.keys)
        )
        place = next((known for known in by_run if known[0] == group.device and known[1] & runs), (group.device, runs))
        by_run.setdefault(place, []).append(group)
    return tuple(
        tuple(sorted(members, key=lambda group: group.proof.ratio, reverse=True)) for members in by_run.values()
    )


def suggest_detectors(detectors: tuple[tuple[DetectorGroup, ...], ...]) -> tuple[Suggestion, ...]:
    """Suggest the table of detectors."""
    suggestions: list[Suggestion] = []
    names: set[str] = set()
    for groups in detectors:
        best = groups[0]
        name = _find_free_name(best.device or "fluorescence", names)
        names.add(name)
        channels, missing = fill_gaps(best.numbers)
        reason = (
            f"the sum divided by i0 has a step of {best.proof.step:.3g} at {best.proof.energy:.0f} eV, "
            f"{best.proof.ratio:.0f} times its noise"
        )
        if missing:
            reason += f"; no run has channel {', '.join(map(str, missing))}: remove it if there is none"
        value = {"channels": list(channels), "column": best.pattern}
        others = [group.pattern for group in groups[1:]]
        suggestions.append(Suggestion(("detectors", "table", name), value, reason, tuple(others)))
    return tuple(suggestions)


def fill_gaps(numbers: Iterable[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the numbers of channels without gaps, where fewer are missing than there are, and the missing ones."""
    present = sorted(set(numbers))
    whole = tuple(range(present[0], present[-1] + 1))
    missing = tuple(number for number in whole if number not in present)
    return (whole, missing) if len(missing) < len(present) else (tuple(present), ())


def _find_free_name(device: str, names: set[str]) -> str:
    """Return the device's name, with a number where it has several forms of data keys."""
    if device not in names:
        return device
    return next(f"{device} {n}" for n in range(2, len(names) + 3) if f"{device} {n}" not in names)


def _collect_patterns(
    found: tuple[SpectrumRun, ...], chambers: Chambers, used: set[str]
) -> dict[str, dict[str, NumberedKey]]:
    """Collect the data keys by pattern; each key belongs to the one that joins it with most others."""
    numberings: dict[str, dict[str, NumberedKey]] = {}
    for spectrum in found:
        element = find_named_edge(spectrum.run, chambers.config).element
        for key in spectrum.run.points.keys:
            if key in used or find_unit(spectrum.run, chambers.config, key).kind in NO_SIGNAL:
                continue
            for numbered in list_numberings(key, element):
                numberings.setdefault(numbered.pattern, {})[key] = numbered

    def rate(pattern: str) -> tuple[bool, int]:
        members = numberings[pattern]
        return any(numbered.is_named for numbered in members.values()), len(members)

    chosen: dict[str, dict[str, NumberedKey]] = {}
    taken: set[str] = set()
    for pattern in sorted(numberings, key=rate, reverse=True):
        members = {key: numbered for key, numbered in numberings[pattern].items() if key not in taken}
        if members and (len(members) > 1 or rate(pattern)[0]):
            chosen[pattern] = members
            taken |= members.keys()
    return chosen


def _prove_group(
    found: tuple[SpectrumRun, ...], chambers: Chambers, pattern: str, members: dict[str, NumberedKey]
) -> DetectorGroup | None:
    """Return a group whose sum has an edge, None for any other."""
    i0 = chambers.keys["i0"]

    def compute(run: Run) -> Array:
        keys = [key for key in members if key in run.points] or list(members)[:1]
        return reduce(np.add, (spectra.compute_ratio(run, chambers.config, key, i0) for key in keys))

    proof = prove(found, compute)
    if not isinstance(proof, EdgeProof) or not proof.is_proven:
        return None
    holder = next(spectrum.run for spectrum in found if any(key in spectrum.run.points for key in members))
    key = next(key for key in members if key in holder.points)
    numbers = tuple(sorted(numbered.number for numbered in members.values()))
    return DetectorGroup(find_root(holder, key), pattern, tuple(members), numbers, proof)
