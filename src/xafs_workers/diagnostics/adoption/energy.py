"""Suggestion of the energy axis: each data key that may be one is tried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xafs_workers.diagnostics.adoption.names import ANGLE_WORDS, ENERGY_WORDS, is_setpoint, list_words
from xafs_workers.diagnostics.adoption.suggestion import Suggestion, ask
from xafs_workers.diagnostics.adoption.trial import (
    SessionData,
    SpectrumRun,
    list_hinted_keys,
    list_runs,
    list_spectra,
)
from xafs_workers.scans.board import Board
from xafs_workers.scans.devices import find_root, list_dimension_keys
from xafs_workers.scans.energy_axis import EV_PER_KEV, EnergyAxis, find_energy_axis
from xafs_workers.scans.measured_runs import list_measured_runs
from xafs_workers.scans.metadata import as_mapping
from xafs_workers.scans.named_edge import find_named_edge
from xafs_workers.scans.runs import Run
from xafs_workers.scans.spectrum_outline import LEAST_POINTS, LEAST_RANGE
from xafs_workers.scans.units import find_unit

MAX_CANDIDATES = 12
"""Largest number of data keys that are tried."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A way to the energies.

    Attributes
    ----------
    kind
        ``unit`` for a data key with a unit of energy, ``name`` for one whose name alone suggests it, ``documents`` for
        what is found without a setting, ``angle``.
    """

    kind: str
    key: str = ""

    @property
    def columns(self) -> dict[str, str]:
        """Settings in `columns`."""
        if not self.key:
            return {}
        return {"bragg" if self.kind == "angle" else "energy": self.key}


KIND_RANKS = {"unit": 3, "documents": 2, "name": 1, "angle": 0}


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """A candidate and the spectra that it gives."""

    candidate: _Candidate
    spectra: tuple[SpectrumRun, ...]
    rank: tuple[int, ...]


def suggest_energy(data: SessionData, base: Mapping[str, Any]) -> tuple[Suggestion, ...]:
    """Suggest the energy axis of a session; empty where no run suggests one.

    The axis gives most spectra; of several such, one whose device has an angle or a d-spacing, then one that contains
    the edge which the metadata name.

    Parameters
    ----------
    base
        Settings that are suggested already.
    """
    board = data.try_settings(base)
    candidates = _list_candidates(board)
    trials = [_try(data, base, candidate) for candidate in candidates]
    usable = [trial for trial in trials if trial.spectra]
    if not usable:
        return _ask_for_energy(board, candidates)
    best = max(usable, key=lambda trial: trial.rank)
    others = [trial.candidate.key for trial in usable if trial.candidate.key and not _is_same_axis(trial, best)]
    return (*_suggest(best, board, others), *_suggest_unit(best, board))


def list_needs(board: Board) -> tuple[str, ...]:
    """List the runs that have no figure because they have no energy axis, each with its reason."""
    needs: list[str] = []
    for run in list_runs(board):
        outline = board.table.outlines[run.uid]
        if outline.form == "xafs" or outline.is_reading:
            continue
        named = find_named_edge(run, board.config)
        if not outline.form or (named.element and named.edge):
            unread = "its data are in files that were not read" if run.frames.pending else ""
            axis = find_energy_axis(run, board.config)
            problem = run.frames.note or unread or axis.problem or outline.reason or _describe_range(axis)
            needs.append(f"run {run.uid[:8]} ({run.start.get('plan_name', 'no plan name')}): {problem}")
    return tuple(needs)


def _describe_range(axis: EnergyAxis) -> str:
    """Describe the energies of a run that is no spectrum."""
    energies = axis.energies[np.isfinite(axis.energies)]
    if not len(energies):
        return f"{axis.key}: no point has an energy"
    points = f"{len(energies)} point{'s' if len(energies) != 1 else ''}"
    where = f"{axis.key} {energies.min():.0f} to {energies.max():.0f} eV"
    return f"{points}, {where} (expected {LEAST_POINTS} points or more over {LEAST_RANGE:.0f} eV or more)"


def _list_candidates(board: Board) -> tuple[_Candidate, ...]:
    found: dict[_Candidate, None] = {_Candidate("documents"): None}
    for run in list_runs(board):
        if board.table.outlines[run.uid].is_reading:
            continue
        for key in _list_keys(run):
            kind = _classify(run, board, key)
            if kind:
                found[_Candidate(kind, key)] = None
    return tuple(found)[:MAX_CANDIDATES]


def _list_keys(run: Run) -> Iterable[str]:
    """List the data keys of a run, in all its streams, without setpoints."""
    keys = (*run.data_keys, *(key for stream in run.streams.values() for key in stream.data_keys))
    return (key for key in dict.fromkeys(map(str, keys)) if not is_setpoint(key))


def _classify(run: Run, board: Board, key: str) -> str:
    unit, words = find_unit(_add_keys(run), board.config, key), set(list_words(key))
    if unit.kind == "energy":
        return "unit"
    if unit.kind == "angle" and words & ANGLE_WORDS:
        return "angle"
    return "name" if unit.kind in ("unknown", "none") and words & ENERGY_WORDS else ""


def _add_keys(run: Run) -> Run:
    """Return a run whose data keys are those of all its streams."""
    keys = {key: about for stream in run.streams.values() for key, about in stream.data_keys.items()}
    return replace(run, data_keys={**keys, **run.data_keys})


def _try(data: SessionData, base: Mapping[str, Any], candidate: _Candidate) -> _Trial:
    columns = {**base.get("columns", {}), **candidate.columns}
    board = data.try_settings({**base, "columns": columns})
    spectra = tuple(spectrum for spectrum in list_spectra(board) if _is_meant(spectrum, candidate))
    if not spectra:
        return _Trial(candidate, (), ())
    first, key = spectra[0], candidate.key or spectra[0].axis.key
    inside = sum(spectrum.edge is not None for spectrum in spectra)
    rank = (
        len(spectra),
        KIND_RANKS[candidate.kind],
        int(bool(_find_sibling(first.run, board, key))),
        inside,
        int(key in list_dimension_keys(first.run)),
        int(key in list_hinted_keys(first.run)),
    )
    return _Trial(candidate, spectra, rank)


def _is_meant(spectrum: SpectrumRun, candidate: _Candidate) -> bool:
    """Check whether a spectrum has its energies from the candidate, and not from what else is there."""
    if candidate.kind == "documents":
        return spectrum.axis.source in ("list", "bins")
    return spectrum.axis.key == candidate.key


def _is_same_axis(trial: _Trial, best: _Trial) -> bool:
    return trial.candidate.key == (best.candidate.key or best.spectra[0].axis.key)


def _find_sibling(run: Run, board: Board, key: str) -> str:
    """Find an angle, or a d-spacing, of the device of an energy; '' where it has none."""
    root = find_root(run, key)
    if not root:
        return ""
    for other in run.points.keys:
        if other != key and find_root(run, other) == root and _is_geometry(run, board, other):
            return other
    configuration = as_mapping(as_mapping(run.descriptor.get("configuration")).get(root))
    keys = map(str, as_mapping(configuration.get("data_keys")))
    return next((other for other in keys if "spacing" in other.lower()), "")


def _is_geometry(run: Run, board: Board, key: str) -> bool:
    words = set(list_words(key))
    return bool(words & ANGLE_WORDS) or "spacing" in key.lower() or find_unit(run, board.config, key).kind == "angle"


def _suggest(best: _Trial, board: Board, others: list[str]) -> tuple[Suggestion, ...]:
    first = best.spectra[0]
    energies = first.axis.energies[np.isfinite(first.axis.energies)]
    count = f"in {len(best.spectra)} of {len(board.runs)} runs"
    reason = f"{energies.min():.0f} to {energies.max():.0f} eV {count}"
    if best.candidate.kind == "documents":
        path = ("columns", "energy_lists" if first.axis.source == "list" else "energy_bins")
        return (Suggestion(path, [first.axis.key], f"{reason}; a default", tuple(others), is_default=True),)
    sibling = _find_sibling(first.run, board, best.candidate.key)
    if sibling:
        reason += f"; {sibling} is of the same device"
    (setting,) = best.candidate.columns
    return (Suggestion(("columns", setting), best.candidate.key, reason, tuple(others)),)


def _suggest_unit(best: _Trial, board: Board) -> tuple[Suggestion, ...]:
    """Suggest the unit of the energies where no document names it, so that runs which name no edge have one too."""
    axis = best.spectra[0].axis
    if not axis.note:
        return ()
    unit = "keV" if axis.factor == EV_PER_KEV else "eV"
    return (Suggestion(("columns", "units", axis.key), unit, axis.note),)


def _ask_for_energy(board: Board, candidates: tuple[_Candidate, ...]) -> tuple[Suggestion, ...]:
    """Ask for the energy where it is needed, or where data keys suggest one that no run scans over an edge."""
    needs = list_needs(board)
    keys = [candidate.key for candidate in candidates if candidate.key]
    if not needs and not keys:
        return ()
    reason = "; ".join(needs) if needs else f"no run scans one of these over {LEAST_RANGE:.0f} eV or more"
    moved = [
        key
        for run in list_runs(board)[:1]
        for key in list_dimension_keys(list_measured_runs(run, board.config)[0])
        if key != "time"
    ]
    return (ask(("columns", "energy"), None, reason, dict.fromkeys((*keys, *moved))),)
