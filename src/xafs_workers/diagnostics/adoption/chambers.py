"""Suggestions of the ion chambers, the electron yield and the dwell time: by their names, then proved by the edge."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xafs_workers.diagnostics.adoption.edge_proof import EdgeProof, measure_edge
from xafs_workers.diagnostics.adoption.names import (
    DWELL_NAME,
    ROLE_MEANINGS,
    ROLE_WORDS,
    RoleMatch,
    is_setpoint,
    match_role,
)
from xafs_workers.diagnostics.adoption.suggestion import Suggestion, ask
from xafs_workers.diagnostics.adoption.trial import SpectrumRun, list_hinted_keys
from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.devices import find_root
from xafs_workers.scans.runs import Run
from xafs_workers.scans.spectra import MissingColumnError
from xafs_workers.scans.units import COLLECTED, PER_TIME, find_unit

Array = np.ndarray[Any, np.dtype[np.float64]]

NO_SIGNAL = frozenset({"energy", "angle", "length", "time"})
"""Kinds of quantities that no ion chamber measures."""

LONGEST_DWELL = 1e4
"""A longer dwell time is the time of day, seconds."""

FORMULAS: dict[str, tuple[str, Callable[[Run, BoardConfig], Array]]] = {
    "it": ("ln(i0/it)", spectra.compute_transmission),
    "ir": ("ln(it/ir)", spectra.compute_reference),
    "iy": ("iy/i0", spectra.compute_electron_yield),
}
"""What proves each signal."""


@dataclass(frozen=True, slots=True, eq=False)
class Chambers:
    """Data keys of one family of endings, and what they prove.

    Attributes
    ----------
    keys
        Data key of each role.
    dwell
        Data key of the dwell time, '' for none.
    proofs
        Best proof of each role over the runs; a text where it could not be computed.
    config
        Board configuration with these columns.
    """

    keys: dict[str, str]
    dwell: str
    proofs: dict[str, EdgeProof | str]
    config: BoardConfig

    @property
    def proven(self) -> frozenset[str]:
        """Roles that are proven."""
        return frozenset(
            role for role, proof in self.proofs.items() if isinstance(proof, EdgeProof) and proof.is_proven
        )


def find_chambers(found: tuple[SpectrumRun, ...], config: BoardConfig) -> tuple[Chambers, ...]:
    """Find the families of ion chambers whose names suggest an i0, the best first.

    Hinted data keys are before others, currents and rates before counts; then the family with most proven signals.
    """
    runs = tuple(spectrum.run for spectrum in found)
    ranked = sorted(
        _list_matches(runs, config, "i0"),
        key=lambda match: (*_rank_family(runs, config, match.key), match.rank),
    )
    families: list[Chambers] = []
    for i0 in ranked:
        if all(i0.ending != match_ending(known, "i0") for known in families):
            families.append(_build_family(found, config, i0))
    return tuple(sorted(families, key=lambda family: not family.proven))


def match_ending(family: Chambers, role: str) -> str:
    """Return the ending of a family's data keys."""
    match = match_role(family.keys[role], role)
    return "" if match is None else match.ending


def suggest_chambers(
    families: tuple[Chambers, ...], found: tuple[SpectrumRun, ...], *, has_detector: bool
) -> tuple[Suggestion, ...]:
    """Suggest the columns of the best family; what is not proven becomes a question.

    Parameters
    ----------
    has_detector
        Whether a fluorescence detector is proven, which proves I0 too.
    """
    if not families:
        return (_ask_for_i0(found),)
    best = families[0]
    is_proven = bool(best.proven) or has_detector
    reason = _describe_i0(best, found, is_proven)
    others = [family.keys["i0"] for family in families[1:]]
    suggestions = [_decide(("columns", "i0"), best.keys["i0"], reason, others, is_proven)]
    for role in ("it", "ir", "iy"):
        if role in best.keys:
            text, is_sure = _describe_proof(role, best, found)
            others = _list_others(role, best, found)
            suggestions.append(_decide(("columns", role), best.keys[role], text, others, is_sure and is_proven))
    if best.dwell:
        run = found[0].run
        text = find_unit(run, best.config, best.dwell).text
        where = (
            "of the device of i0" if find_root(run, best.dwell) == find_root(run, best.keys["i0"]) else "by its name"
        )
        reason = f"{where}, {text or 'no unit: taken as s'}"
        suggestions.append(Suggestion(("columns", "dwell_time"), best.dwell, reason, _list_dwells(run, best, found)))
    return tuple(suggestions)


def _decide(path: tuple[str, ...], key: str, reason: str, others: Iterable[str], is_sure: bool) -> Suggestion:
    return Suggestion(path, key, reason, tuple(others)) if is_sure else ask(path, key, reason, others)


def _describe_i0(best: Chambers, found: tuple[SpectrumRun, ...], is_proven: bool) -> str:
    run, key = found[0].run, best.keys["i0"]
    unit = find_unit(run, best.config, key)
    parts = ["by its name", "hinted" if key in list_hinted_keys(run) else "not hinted", unit.text or "no unit"]
    if not is_proven:
        parts.append("no signal divided by it has an edge")
    return ", ".join(parts)


def _describe_proof(role: str, best: Chambers, found: tuple[SpectrumRun, ...]) -> tuple[str, bool]:
    """Describe what proves a signal, or why nothing does."""
    proof, formula = best.proofs[role], FORMULAS[role][0]
    if isinstance(proof, str):
        return f"{ROLE_MEANINGS[role]}? {proof}", False
    times = f"{proof.ratio:.0f} times its noise" if abs(proof.ratio) >= 1 else "less than its noise"
    if proof.is_proven:
        return f"{formula} has a step of {proof.step:.3g} at {proof.energy:.0f} eV, {times}", True
    return f"{ROLE_MEANINGS[role]}? {formula} has no step at {proof.energy:.0f} eV ({times})", False


def _list_others(role: str, best: Chambers, found: tuple[SpectrumRun, ...]) -> list[str]:
    runs = tuple(spectrum.run for spectrum in found)
    keys = (match.key for match in _list_matches(runs, best.config, role))
    return [key for key in keys if key != best.keys[role]]


def ask_for_unproven(runs: tuple[Run, ...], config: BoardConfig) -> tuple[Suggestion, ...]:
    """Ask for I0 where names suggest one, but no run scans an edge that would prove it."""
    keys = [match.key for match in _list_matches(runs, config, "i0")]
    if not keys:
        return ()
    return (ask(("columns", "i0"), keys[0], "by its name; no run scans over an edge, which would prove it", keys[1:]),)


def _ask_for_i0(found: tuple[SpectrumRun, ...]) -> Suggestion:
    run, axis = found[0].run, found[0].axis
    names = ", ".join(ROLE_WORDS["i0"])
    signals = [key for key in run.points.keys if key != axis.key]
    others = [key for key in signals if key in list_hinted_keys(run)] or signals
    return ask(("columns", "i0"), None, f"no data key has one of the words {names}", others)


def _list_matches(runs: tuple[Run, ...], config: BoardConfig, role: str) -> list[RoleMatch]:
    """List the data keys of runs that a role's words match, each once."""
    found: dict[str, RoleMatch] = {}
    for run in runs:
        for key in run.points.keys:
            match = match_role(key, role)
            if match is not None and find_unit(run, config, key).kind not in NO_SIGNAL:
                found.setdefault(key, match)
    return list(found.values())


def _rank_family(runs: tuple[Run, ...], config: BoardConfig, key: str) -> tuple[bool, int]:
    """Rank a data key: hinted first, then currents and rates, then what has no known unit, then counts and charges."""
    run = next(run for run in runs if key in run.points)
    kind = find_unit(run, config, key).kind
    return key not in list_hinted_keys(run), 0 if kind in PER_TIME else 2 if kind in COLLECTED else 1


def _build_family(found: tuple[SpectrumRun, ...], config: BoardConfig, i0: RoleMatch) -> Chambers:
    runs = tuple(spectrum.run for spectrum in found)
    keys = {"i0": i0.key}
    for role in FORMULAS:
        matches = [match for match in _list_matches(runs, config, role) if match.ending == i0.ending]
        best = min(matches, key=lambda match: (match.beginning != i0.beginning, match.rank), default=None)
        if best is not None and best.key not in keys.values():
            keys[role] = best.key
    dwell = next(iter(_list_dwell_keys(runs, config, i0.key)), "")
    columns = config.columns.model_copy(update={**keys, "dwell_time": dwell})
    chosen = replace(config, columns=columns)
    proofs = {role: _prove(found, chosen, role) for role in FORMULAS if role in keys}
    return Chambers(keys, dwell, proofs, chosen)


def _prove(found: tuple[SpectrumRun, ...], config: BoardConfig, role: str) -> EdgeProof | str:
    return prove(found, lambda run: FORMULAS[role][1](run, config))


def prove(found: tuple[SpectrumRun, ...], compute: Callable[[Run], Array]) -> EdgeProof | str:
    """Return the best proof of a signal over the spectra, or the reason why there is none."""
    proofs: list[EdgeProof] = []
    problem = "too few points on one side of the edge"
    for spectrum in found:
        try:
            with np.errstate(all="ignore"):
                signal = compute(spectrum.run)
        except MissingColumnError as error:
            problem = str(error)
            continue
        proof = measure_edge(spectrum.axis.energies, signal, spectrum.edge)
        if proof is not None:
            proofs.append(proof)
    return max(proofs, key=lambda proof: proof.ratio, default=problem)


def _list_dwell_keys(runs: tuple[Run, ...], config: BoardConfig, i0: str) -> list[str]:
    """List the data keys that may be the dwell time: of the device of i0 first, with a unit first, hinted first."""
    ranked: dict[str, tuple[bool, bool, bool]] = {}
    for run in runs:
        for key in run.points.keys:
            unit = find_unit(run, config, key)
            if (
                is_setpoint(key)
                or not DWELL_NAME.search(key)
                or unit.kind not in ("time", "unknown")
                or not _is_dwell(run, key)
            ):
                continue
            is_other = find_root(run, key) != find_root(run, i0)
            ranked.setdefault(key, (is_other, unit.kind != "time", key not in list_hinted_keys(run)))
    return sorted(ranked, key=ranked.__getitem__)


def _list_dwells(run: Run, best: Chambers, found: tuple[SpectrumRun, ...]) -> tuple[str, ...]:
    runs = tuple(spectrum.run for spectrum in found)
    keys = _list_dwell_keys(runs, best.config, best.keys["i0"])
    return tuple(key for key in keys if key != best.dwell)


def _is_dwell(run: Run, key: str) -> bool:
    """Check that values are times of points: positive, short, and no clock that goes on from point to point."""
    values = run.points.get_column(key)
    values = values[np.isfinite(values)]
    if not len(values) or values.min() <= 0 or values.max() > LONGEST_DWELL:
        return False
    return len(values) < 3 or not bool((np.diff(values) > 0).all())
