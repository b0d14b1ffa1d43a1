"""What the reduction of a sequence found, from which its results, its notes and its project are made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xafs_workers.reduction.comparison import ComparedCurve, Fit
from xafs_workers.reduction.grid import Merge
from xafs_workers.reduction.judgement import Trend, Verdict, has_moved
from xafs_workers.reduction.noise import Scatter
from xafs_workers.reduction.preparation import PreparedSpectrum
from xafs_workers.reduction.reference_channel import ReferenceShift, is_alike

EXCESS_SCATTER = 3.0
"""Ratio of the scatter between repetitions to Larch's estimate above which they differ by more than their noise."""


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedMember:
    """What depends on one repetition alone.

    Attributes
    ----------
    curve
        The normalised spectrum; None if it has no edge.
    problem
        Why it cannot be merged, '' if it can; `detail` is the full reason.
    step_ratio
        Edge step divided by the rms of the pre-edge about its line.
    noise
        Noise of a point, in edge steps.
    white_line
        Largest normalised mu near the edge.
    reference
        The normalised reference sample; None if it has no clear edge.
    """

    spectrum: PreparedSpectrum
    curve: ComparedCurve | None = None
    problem: str = ""
    detail: str = ""
    step_ratio: float = float("nan")
    noise: float = float("nan")
    white_line: float = float("nan")
    reference: ComparedCurve | None = None

    @property
    def e0(self) -> float:
        """Its own e0, eV; NaN without an edge."""
        return float("nan") if self.curve is None else self.curve.e0

    @property
    def uid(self) -> str:
        """The run."""
        return self.spectrum.uid

    @property
    def number(self) -> int:
        """Number of the repetition."""
        return self.spectrum.number


@dataclass(frozen=True, slots=True, eq=False)
class MergedMember:
    """A repetition that is merged.

    Attributes
    ----------
    fit
        Its comparison with the others; None for a single repetition.
    shift, sigma
        Shift of its edge against the first merged repetition, and the standard deviation, eV; 0 if not compared.
    step_change
        Its edge step, divided by the median of all, minus 1.
    reference
        Shift of its reference sample, None if the reference cannot be used.
    """

    analysed: AnalysedMember
    fit: Fit | None
    weight: float
    coverage: float
    ends: tuple[float, float]
    shift: float = 0.0
    sigma: float = 0.0
    step_change: float = 0.0
    reference: ReferenceShift | None = None

    @property
    def number(self) -> int:
        """Number of the repetition."""
        return self.analysed.number

    @property
    def spectrum(self) -> PreparedSpectrum:
        """The spectrum without all its spikes."""
        spectrum = self.analysed.spectrum
        return spectrum if self.fit is None else spectrum.remove_spikes(self.fit.spikes)

    @property
    def has_moved(self) -> bool:
        """Whether its edge moved."""
        return has_moved(self.shift, self.sigma)

    @property
    def is_confirmed(self) -> bool:
        """Whether its edge moved and its reference moved alike: the monochromator did."""
        return self.has_moved and self.reference is not None and is_alike(self.shift, self.sigma, self.reference)

    def weigh(self, merge: Merge, at: int) -> MergedMember:
        """Return the member with its weight and coverage in a merge."""
        return replace(self, weight=merge.weights[at], coverage=merge.coverages[at], ends=merge.ends[at])


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """Everything that was found about a sequence.

    Attributes
    ----------
    analysed
        All repetitions that were given, in order.
    members
        Those that are merged.
    reasons
        Why each repetition that is not merged was left out, by uid.
    group
        Larch Group of the merge; None if it could not be reduced, for the reason `problem`.
    hole
        Energies on the two sides of the first hole that no repetition fills above the edge.
    drift, white_line_trend
        Trends over the repetitions, None for none.
    aligned
        The merge with the energies of each repetition moved by its reference's shift; None if no shift is confirmed.
    """

    analysed: tuple[AnalysedMember, ...]
    members: tuple[MergedMember, ...]
    reasons: dict[str, str]
    verdict: Verdict
    merge: Merge
    e0: float
    e0_merge: float
    group: Any = None
    problem: str = ""
    hole: tuple[float, float] | None = None
    scatter: Scatter | None = None
    larch_noise: float | None = None
    drift: Trend | None = None
    white_line_trend: Trend | None = None
    aligned: Merge | None = None

    @property
    def has_chi(self) -> bool:
        """Whether the merge has chi(k)."""
        return self.group is not None and hasattr(self.group, "chi")

    @property
    def has_chir(self) -> bool:
        """Whether the merge has chi(R)."""
        return self.group is not None and hasattr(self.group, "chir_mag")

    @property
    def largest_move(self) -> MergedMember | None:
        """The repetition whose edge moved most, None if none did."""
        moved = [one for one in self.members if one.has_moved]
        return max(moved, key=lambda one: abs(one.shift), default=None)

    @property
    def has_references(self) -> bool:
        """Whether the reference sample can be used."""
        return any(one.reference is not None for one in self.members)

    @property
    def disagreement(self) -> str:
        """What the repetitions differ by, where only another one can decide; '' for none."""
        if self.verdict.disagreement:
            return self.verdict.disagreement
        moved = self.largest_move
        if len(self.members) == 2 and moved is not None and not self.has_references:
            return f"edge {moved.shift:+.2f} eV"
        return ""

    @property
    def has_excess_scatter(self) -> bool:
        """Whether the repetitions differ by more than their noise."""
        if self.scatter is None or not self.larch_noise:
            return False
        return self.scatter.epsilon_k > EXCESS_SCATTER * self.larch_noise

    def build_member_values(self) -> list[dict[str, Any]]:
        """Build the results of each repetition, in the order given."""
        merged = {one.analysed.uid: one for one in self.members}
        return [self._build_values(one, merged.get(one.uid)) for one in self.analysed]

    def _build_values(self, one: AnalysedMember, merged: MergedMember | None) -> dict[str, Any]:
        fit = None if merged is None else merged.fit
        spectrum = one.spectrum if merged is None else merged.spectrum
        reference = None if merged is None else merged.reference
        values: dict[str, Any] = {
            "number": one.number,
            "uid": one.uid,
            "state": "left out" if one.uid in self.reasons else "merged",
            "why": self.reasons.get(one.uid, ""),
            "e0": one.e0,
            "edge_step": None if one.curve is None else one.curve.edge_step,
            "noise": one.noise,
            "weight": 0.0 if merged is None else merged.weight,
            "shift": None if fit is None or merged is None else merged.shift,
            "sigma": None if fit is None else fit.sigma,
            "scale": None if fit is None or merged is None else 1 + merged.step_change,
            "shape": None if fit is None else fit.shape,
            "ref_shift": None if reference is None else reference.shift,
            "ref_sigma": None if reference is None else reference.sigma,
            "spikes": [spike.energy for spike in spectrum.spikes],
            "points": spectrum.measured,
            "planned": spectrum.planned,
            "runs_down": spectrum.runs_down,
            "white_line": one.white_line,
        }
        return {name: _drop_unknown(value) for name, value in values.items()}


def _drop_unknown(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value
