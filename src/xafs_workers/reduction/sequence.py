"""Reduction of a sequence: its repetitions prepared, compared, merged, and the merge reduced once with one e0.

The results are computed from the repetitions alone, never from earlier results; what depends on one repetition only
may come from a `MemberCache`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from xafs_workers.reduction.comparison import Fit, compare_curves
from xafs_workers.reduction.findings import AnalysedMember, Findings, MergedMember
from xafs_workers.reduction.grid import compute_weights, find_hole, merge_curves
from xafs_workers.reduction.judgement import MIN_DRIFT, MIN_SHIFT, MIN_WHITE_LINE_TREND, Verdict, find_trend, judge_fits
from xafs_workers.reduction.member_cache import MemberCache
from xafs_workers.reduction.noise import Scatter, compute_scatter, estimate_noise
from xafs_workers.reduction.notes import build_notes
from xafs_workers.reduction.other_merge import build_other_merge
from xafs_workers.reduction.parameters import RECIPE
from xafs_workers.reduction.preparation import Member
from xafs_workers.reduction.reduce import Edge, ReductionError, find_e0, read_results, reduce
from xafs_workers.reduction.reference_channel import compare_references

MAX_E0_DIFFERENCE = 1.0
"""Largest difference between the first repetition's e0 and the merge's, eV; beyond it the merge's own is used."""


class NoPointsError(ReductionError):
    """No repetition has a usable point."""


def reduce_sequence(members: Sequence[Member], edge: Edge, cache: MemberCache | None = None) -> dict[str, Any]:
    """Reduce a sequence from scratch and return its results by Larch's names, with `members` and `notes`.

    Raises
    ------
    NoPointsError
        No repetition has a usable point.
    """
    cache = MemberCache() if cache is None else cache
    findings = examine_sequence(members, edge, cache)
    values: dict[str, Any] = {
        "energy": findings.merge.energy,
        "mu": findings.merge.mu,
        "mu_std": findings.merge.std,
        "counts": findings.merge.counts,
        "weights": list(findings.merge.weights),
        "members": findings.build_member_values(),
        "notes": build_notes(findings),
        "short": len(findings.merge.energy) <= RECIPE.max_xanes_points and not findings.has_chir,
        "disagreement": findings.disagreement,
        "has_excess_scatter": findings.has_excess_scatter,
        "drift": _build_drift(findings),
        "aligned": None,
    }
    if findings.problem:
        values["problem"] = findings.problem
    if findings.group is None:
        return values
    values |= {**read_results(findings.group), "e0_merge": findings.e0_merge, "mu": findings.merge.mu}
    if findings.larch_noise is not None:
        values["epsilon_k_larch"] = values["epsilon_k"] = findings.larch_noise
    if findings.scatter is not None:
        values |= {"epsilon_k": findings.scatter.epsilon_k, "chi_std": findings.scatter.std}
    values["noise_members"] = findings.scatter.count if findings.scatter is not None else 1
    other = build_other_merge(findings, edge, None if findings.hole is None else findings.hole[0])
    values["other"] = None if other is None else other.read_values()
    if findings.aligned is not None:
        moved = findings.aligned
        values["aligned"] = {"energy": moved.energy, "mu": moved.mu, "mu_std": moved.std}
    return values


def examine_sequence(members: Sequence[Member], edge: Edge, cache: MemberCache) -> Findings:
    """Prepare, compare and merge the repetitions, and reduce the merge.

    Raises
    ------
    NoPointsError
        No repetition has a usable point.
    """
    analysed = tuple(cache.analyse(member, edge) for member in members)
    reasons = {one.uid: one.problem for one in analysed if one.problem}
    usable = [one for one in analysed if one.curve is not None]
    if not usable:
        return _merge_without_edge(analysed, reasons)
    fits = compare_curves([one.curve for one in usable if one.curve is not None])
    verdict = judge_fits(fits)
    reasons |= {one.uid: why for one, why in zip(usable, verdict.reasons, strict=True) if why}
    kept = [(one, fit) for one, fit in zip(usable, fits, strict=True) if one.uid not in reasons]
    merged = _compare_members(kept, fits)
    merge = merge_curves(
        [(one.spectrum.energy, one.spectrum.mu) for one in merged],
        compute_weights([one.analysed.noise for one in merged]),
    )
    merged = tuple(one.weigh(merge, at) for at, one in enumerate(merged))
    e0 = merged[0].analysed.e0
    findings = Findings(analysed, merged, reasons, verdict, merge, e0, e0)
    return _reduce_merge(_find_trends(findings), edge, cache)


def _merge_without_edge(analysed: tuple[AnalysedMember, ...], reasons: dict[str, str]) -> Findings:
    """Merge what has no edge, to show mu(E); a short spectrum needs none."""
    curves = [(one.spectrum.energy, one.spectrum.mu) for one in analysed if len(one.spectrum.energy)]
    if not curves:
        raise NoPointsError("no usable points")
    merge = merge_curves(curves, (1.0,) * len(curves))
    short = len(merge.energy) <= RECIPE.max_xanes_points
    problem = "" if short else next(one.detail for one in analysed if one.detail)
    return Findings(
        analysed, (), {} if short else reasons, Verdict(()), merge, float("nan"), float("nan"), problem=problem
    )


def _compare_members(
    kept: list[tuple[AnalysedMember, Fit | None]], fits: Sequence[Fit | None]
) -> tuple[MergedMember, ...]:
    """Compute the shift, edge step and reference of each merged repetition against the others."""
    scales = [fit.scale for fit in fits if fit is not None]
    usual = float(np.median(scales)) if len(scales) > 2 else scales[0] if scales else 1.0
    first = kept[0][1]
    references = compare_references([one.reference for one, _ in kept]) if len(kept) > 1 else ()
    merged: list[MergedMember] = []
    for at, (one, fit) in enumerate(kept):
        member = MergedMember(one, fit, 1.0, 1.0, (0.0, 0.0), reference=references[at] if references else None)
        if fit is not None and first is not None:
            sigma = 0.0 if at == 0 else float(np.hypot(fit.sigma, first.sigma))
            change = fit.scale / usual - 1
            member = replace(member, shift=fit.shift - first.shift, sigma=sigma, step_change=change)
        merged.append(member)
    return tuple(merged)


def _find_trends(findings: Findings) -> Findings:
    compared = [one for one in findings.members if one.fit is not None]
    numbers = [one.number for one in compared]
    aligned = None
    if any(one.is_confirmed and one.reference and abs(one.reference.shift) >= MIN_SHIFT for one in compared):
        curves = [
            (one.spectrum.energy - (one.reference.shift if one.reference else 0.0), one.spectrum.mu) for one in compared
        ]
        aligned = merge_curves(curves, findings.merge.weights)
    return replace(
        findings,
        drift=find_trend(numbers, [one.shift for one in compared], MIN_DRIFT),
        white_line_trend=find_trend(numbers, [one.analysed.white_line for one in compared], MIN_WHITE_LINE_TREND),
        aligned=aligned,
    )


def _reduce_merge(findings: Findings, edge: Edge, cache: MemberCache) -> Findings:
    energy, mu, e0 = findings.merge.energy, findings.merge.mu, findings.e0
    try:
        e0_merge = find_e0(energy, mu, edge)
    except ReductionError:
        e0_merge = e0
    e0 = e0_merge if abs(e0_merge - e0) > MAX_E0_DIFFERENCE else e0
    hole = find_hole(energy, e0)
    findings = replace(findings, e0=e0, e0_merge=e0_merge, hole=hole)
    end = None if hole is None else hole[0]
    try:
        group = reduce(energy, mu, edge, e0, end)
    except ReductionError as problem:
        return replace(findings, problem=str(problem))
    findings = replace(findings, group=group)
    if not findings.has_chi:
        return findings
    return replace(findings, larch_noise=estimate_noise(group), scatter=_compute_scatter(findings, edge, cache, end))


def _compute_scatter(findings: Findings, edge: Edge, cache: MemberCache, end: float | None) -> Scatter | None:
    """Compute the scatter of the whole repetitions, each with its own background and the merge's e0.

    A merge without a covariance of its background is so noisy that its single repetitions give none either.
    """
    if len(findings.members) < 2 or findings.group.is_uncertain:
        return None
    curves: list[Any] = []
    weights: list[float] = []
    for member, whole in zip(findings.members, findings.merge.is_whole, strict=True):
        chi = cache.compute_chi(member.spectrum, edge, findings.e0, end) if whole else None
        if chi is not None:
            curves.append(chi)
            weights.append(member.weight)
    return compute_scatter(findings.group.k, curves, weights) if curves else None


def _build_drift(findings: Findings) -> dict[str, float] | None:
    """Return what is known of a drift: its slope from four repetitions, or the shift that the reference confirms."""
    values: dict[str, float] = {}
    if findings.drift is not None:
        values |= {"slope": findings.drift.slope, "slope_error": findings.drift.error, "total": findings.drift.total}
    moved = findings.largest_move
    if moved is not None and moved.is_confirmed and moved.reference is not None:
        values |= {"shift": moved.shift, "reference_shift": moved.reference.shift}
    return values or None
