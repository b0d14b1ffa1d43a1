"""The edge of a run without a message: the named one where it lies within the energies, else a guess from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from xafs_workers.elements import find_edge_energy, guess_edge
from xafs_workers.scans.absorption import Absorber, compute_absorption
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import NoChannelsError
from xafs_workers.scans.energy_axis import find_energy_axis
from xafs_workers.scans.measured_runs import list_measured_runs
from xafs_workers.scans.named_edge import NamedEdge, find_named_edge
from xafs_workers.scans.runs import Run
from xafs_workers.scans.spectra import MissingColumnError

Array = np.ndarray[Any, np.dtype[np.float64]]

MARGIN = 50.0
"""A named edge may lie so much below the first energy, eV."""

LEAST_POINTS = 10
"""Smallest number of points whose steepest rise is taken for the edge."""

NO_EDGE: NamedEdge = NamedEdge("", "")


def find_edge(run: Run, config: BoardConfig, mode: str) -> NamedEdge:
    """Find the edge that a run measures: the named one, else a guess; empty where there is none."""
    named = find_named_edge(run, config)
    if named.element and named.edge:
        return named
    run = list_measured_runs(run, config)[0]
    return run.points.compute_once(("guessed edge", mode), lambda: _guess(run, config, mode))


def describe_outside_edge(run: Run, config: BoardConfig) -> str:
    """Describe why the edge that a run names cannot be the one that it measures; '' if it can."""
    named = find_named_edge(run, config)
    edge = find_edge_energy(named.element, named.edge) if named.element and named.edge else None
    energies = find_energy_axis(list_measured_runs(run, config)[0], config).energies
    finite = energies[np.isfinite(energies)]
    if edge is None or not len(finite):
        return ""
    if edge >= finite.min() - MARGIN and (run.stop is None or edge <= finite.max()):
        return ""
    return f"{named.element} {named.edge} ({edge:.0f} eV) lies outside of these energies: not reduced"


def resolve_absorber(absorber: Absorber, run: Run, config: BoardConfig) -> Absorber | None:
    """Return the absorber with its edge, guessed where it is not named; None for a spectrum that is not reduced."""
    if describe_outside_edge(run, config):
        return None
    found = find_edge(run, config, absorber.mode)
    return replace(absorber, element=found.element, edge=found.edge) if found.element else None


def _guess(run: Run, config: BoardConfig, mode: str) -> NamedEdge:
    energy = next((run.start[key] for key in ("E0", "e0") if isinstance(run.start.get(key), int | float)), None)
    if energy is None:
        energy = _find_steepest_rise(run, config, mode)
    found = None if energy is None else guess_edge(float(energy))
    return NO_EDGE if found is None else NamedEdge(*found)


def _find_steepest_rise(run: Run, config: BoardConfig, mode: str) -> float | None:
    """Find the energy in the middle of the steepest rise, eV; None for too few points."""
    try:
        spectrum = compute_absorption(run, config, Absorber("", "", mode))
    except (MissingColumnError, NoChannelsError):
        return None
    usable = np.isfinite(spectrum.energy) & np.isfinite(spectrum.mu)
    energy, places = np.unique(spectrum.energy[usable], return_index=True)
    if len(energy) < LEAST_POINTS:
        return None
    rise = np.diff(spectrum.mu[usable][places]) / np.diff(energy)
    steepest = int(np.argmax(rise))
    return float(energy[steepest : steepest + 2].mean())
