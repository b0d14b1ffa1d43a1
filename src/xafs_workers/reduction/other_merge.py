"""The merge with, or without, the odd repetitions: shown beside the one that is in the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from xafs_workers.reduction.curves import Array
from xafs_workers.reduction.findings import Findings
from xafs_workers.reduction.grid import merge_curves
from xafs_workers.reduction.preparation import PreparedSpectrum
from xafs_workers.reduction.reduce import Edge, ReductionError, read_results, reduce

SHOWN = ("k", "chi", "r", "chir_mag")
"""Results that are shown beside those of the merge in the files."""


@dataclass(frozen=True, slots=True, eq=False)
class OtherMerge:
    """A merge that is shown and in no file.

    Attributes
    ----------
    label
        What it contains beyond the merge in the files, or lacks: ``with 2``, ``without 3``; ``3 alone`` for what has no
        edge and makes no sense in a merge.
    group
        Larch Group; None if it could not be reduced.
    """

    label: str
    energy: Array
    mu: Array
    group: Any = None

    def read_values(self) -> Mapping[str, Any]:
        """Read label and curves into a mapping with Larch's names."""
        results = {} if self.group is None else read_results(self.group)
        curves = {name: results[name] for name in SHOWN if name in results}
        return {"label": self.label, "energy": self.energy, "mu": self.mu, **curves}


def build_other_merge(findings: Findings, edge: Edge, end: float | None) -> OtherMerge | None:
    """Build the merge with the repetitions that were left out, else without those of another shape; None for neither.

    It has the range of energies of the merge in the files: beyond, one repetition alone would make a step.

    Parameters
    ----------
    end
        Energy at which the usable data end, eV; None for the last one.
    """
    label, spectra, has_edge = _select_spectra(findings)
    if not spectra:
        return None
    merge = merge_curves([(one.energy, one.mu) for one in spectra], (1.0,) * len(spectra))
    own = findings.merge.energy
    inside = (merge.energy >= own[0]) & (merge.energy <= own[-1])
    other = OtherMerge(label, merge.energy[inside], merge.mu[inside])
    if not has_edge or findings.group is None or (findings.has_chi and findings.group.is_uncertain):
        return other
    try:
        return replace(other, group=reduce(other.energy, other.mu, edge, findings.e0, end))
    except ReductionError:
        return other


def _select_spectra(findings: Findings) -> tuple[str, list[PreparedSpectrum], bool]:
    """Select the spectra of the other merge, with its label and whether it has an edge; none where nothing is odd."""
    merged = [one.spectrum for one in findings.members]
    left_out = [one for one in findings.analysed if one.uid in findings.reasons and len(one.spectrum.energy)]
    compared = [one for one in left_out if one.curve is not None]
    if left_out:
        numbers = ", ".join(str(one.number) for one in compared or left_out)
        if not compared:
            return f"{numbers} alone", [one.spectrum for one in left_out], False
        return f"with {numbers}", [*merged, *(one.spectrum for one in compared)], True
    odd = [one for one in findings.members if one.fit is not None and one.fit.has_other_shape]
    if not odd or len(odd) == len(merged) or findings.verdict.disagreement:
        return "", [], False
    numbers = ", ".join(str(one.number) for one in odd)
    return f"without {numbers}", [one.spectrum for one in findings.members if one not in odd], True
