"""The energy axis of a run: where its energies are, and their values in eV.

The first rule that gives a value for each point decides: the configured data key, a list in the start document, bins
of a pass, an angle with a d-spacing, else the only data key of the scanned devices whose unit is an energy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, cast

import numpy as np

from xafs_workers.elements import find_edge_energy
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.d_spacing import apply_bragg_law, find_d_spacing
from xafs_workers.scans.devices import find_root, list_dimension_keys
from xafs_workers.scans.measured_runs import list_measured_runs
from xafs_workers.scans.metadata import find_by_path
from xafs_workers.scans.named_edge import NamedEdge, find_named_edge
from xafs_workers.scans.runs import Run
from xafs_workers.scans.spectra import MissingColumnError, get_column
from xafs_workers.scans.units import Unit, find_unit, read_unit

Array = np.ndarray[Any, np.dtype[np.float64]]

EV_PER_KEV = 1000.0

UNSUITABLE_WORDS = re.compile(r"und.*|gap|id|setpoint")
"""Words in the names of energies that are not those of the monochromator, or not readings."""

NEAR_EDGE = 0.2
"""Part of an edge's energy within which the first points of a scan towards it lie."""

Source = Literal["none", "key", "list", "bins", "angle"]


@dataclass(frozen=True, slots=True, eq=False)
class EnergyAxis:
    """Energies of a run's points, or the reason why there are none.

    Attributes
    ----------
    source
        Kind of the place that the energies come from, ``none`` if there is a `problem`.
    key
        Data key, or path of the list.
    energies
        Energies, eV, shape (n,), in the order of `seq_num`.
    factor
        Factor from the values of the source to eV; of an angle, to rad.
    is_moving
        Whether the run scans the energy.
    note
        How the unit was found where nothing names it, '' otherwise.
    """

    source: Source = "none"
    key: str = ""
    energies: Array = field(default_factory=lambda: np.empty(0))
    factor: float = 1.0
    is_moving: bool = False
    problem: str = ""
    note: str = ""


class NoEnergyError(MissingColumnError):
    """A run has no energy axis; the text gives the reason."""

    def __str__(self) -> str:
        return self.problem


class _Factor(NamedTuple):
    """Factor to eV, with a note or a problem."""

    value: float
    note: str = ""
    problem: str = ""


def find_energy_axis(run: Run, config: BoardConfig, named: NamedEdge | None = None) -> EnergyAxis:
    """Find the energy axis of a run; the same object for the same points.

    Parameters
    ----------
    named
        Element and edge that a message names; None for those of the start document. They decide only between eV and
        keV, where no unit is known.
    """
    run = list_measured_runs(run, config)[0]
    return run.points.compute_once(
        ("energy axis", named, run.stop is None), lambda: _find_axis(run, config, named or find_named_edge(run, config))
    )


def compute_energy(run: Run, config: BoardConfig, named: NamedEdge | None = None) -> Array:
    """Compute the energies of a run's points, eV, shape (n,).

    Raises
    ------
    NoEnergyError
        The run has no energy axis, or its unit is not known.
    """
    axis = find_energy_axis(run, config, named)
    if axis.problem:
        raise NoEnergyError(axis.key or config.columns.energy, axis.problem)
    return axis.energies


def get_energies(run: Run, config: BoardConfig) -> Array:
    """Return the energies of a run's points, eV, shape (n,); of shape (0,) if it has no energy axis."""
    axis = find_energy_axis(run, config)
    return np.empty(0) if axis.problem else axis.energies


def _find_axis(run: Run, config: BoardConfig, named: NamedEdge) -> EnergyAxis:
    problems: list[str] = []
    for rule in (_use_key, _use_list, _use_bins, _use_angle, _use_only_energy):
        axis = rule(run, config, named)
        if axis is not None and not axis.problem:
            return axis
        if axis is not None:
            problems.append(axis.problem)
    return EnergyAxis(problem=problems[0] if problems else "no energy axis: set columns.energy or columns.bragg")


def _use_key(run: Run, config: BoardConfig, named: NamedEdge) -> EnergyAxis | None:
    key = config.columns.energy
    if not key:
        return None
    try:
        return _build_from_key(run, config, key, named)
    except MissingColumnError as problem:
        return EnergyAxis(problem=str(problem))


def _build_from_key(run: Run, config: BoardConfig, key: str, named: NamedEdge) -> EnergyAxis:
    values = get_column(run.points, key)
    factor = _find_factor(values, find_unit(run, config, key), f"columns.units.{key}", named, run)
    axis = EnergyAxis("key", key, _scale(values, factor.value), factor.value, _is_moving(run, key, values))
    return replace(axis, note=factor.note, problem=factor.problem)


def _scale(values: Array, factor: float) -> Array:
    """Multiply values by a factor; those in eV stay the same object."""
    return values if factor == 1.0 else values * factor


def _use_list(run: Run, config: BoardConfig, named: NamedEdge) -> EnergyAxis | None:
    for path in config.columns.energy_lists:
        values = _read_numbers(find_by_path(run.start, path))
        if values is None or len(values) != _count_planned(run):
            continue
        unit = read_unit(config.columns.units.get(path, ""))
        factor = _find_factor(values, unit, f"columns.units.{path}", named, run)
        places = np.array(run.points.sequence_numbers, dtype=np.int64) - 1
        inside = (places >= 0) & (places < len(values))
        energies = np.full(len(places), np.nan)
        energies[inside] = values[places[inside]] * factor.value
        return EnergyAxis("list", path, energies, factor.value, True, factor.problem, factor.note)
    return None


def _use_bins(run: Run, config: BoardConfig, named: NamedEdge) -> EnergyAxis | None:
    """Use the bins of a pass: their column is named by their path."""
    path = next((path for path in config.columns.energy_bins if path in run.points), None)
    return None if path is None else replace(_build_from_key(run, config, path, named), source="bins")


def _read_numbers(value: Any) -> Array | None:
    """Read a list of two numbers or more, None for anything else."""
    if not isinstance(value, list | tuple | np.ndarray):
        return None
    try:
        numbers = np.array(cast(Any, value), dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return numbers if numbers.ndim == 1 and len(numbers) > 1 and np.isfinite(numbers).all() else None


def _count_planned(run: Run) -> int | None:
    """Count the points that a run promises, else those that a finished one has."""
    planned = run.start.get("num_points")
    if isinstance(planned, int):
        return planned
    return None if run.stop is None else len(run.points)


def _use_angle(run: Run, config: BoardConfig, named: NamedEdge) -> EnergyAxis | None:
    key = config.columns.bragg
    if not key:
        return None
    try:
        angles = get_column(run.points, key)
    except MissingColumnError as problem:
        return EnergyAxis(problem=str(problem))
    unit = find_unit(run, config, key)
    if unit.kind != "angle":
        given = f"its unit is {unit.text!r}" if unit.text else "its unit is not known"
        return EnergyAxis(problem=f"{key}: {given} (expected deg, rad or mrad: set columns.units.{key})")
    spacing = find_d_spacing(run, config, key)
    if spacing.problem:
        return EnergyAxis(problem=spacing.problem)
    energies = apply_bragg_law(spacing.value, angles * unit.factor)
    return EnergyAxis("angle", key, energies, unit.factor, True)


def _use_only_energy(run: Run, config: BoardConfig, named: NamedEdge) -> EnergyAxis | None:
    """Use the only data key with a unit of energy, among the dimensions or, failing these, of the moved devices."""
    if config.columns.energy or config.columns.bragg:
        return None
    dimensions = run.points.keys if run.pass_number is not None else list_dimension_keys(run)
    movers = {find_root(run, mover) for mover in (*(run.motors or ()), *dimensions)} - {""}
    siblings = tuple(key for key in run.points.keys if find_root(run, key) in movers)
    for candidates in (dimensions, siblings):
        energies = [key for key in candidates if key in run.points and find_unit(run, config, key).kind == "energy"]
        found = energies if len(energies) == 1 else [key for key in energies if not _is_unsuitable(key)]
        if len(found) == 1:
            return _build_from_key(run, config, found[0], named)
        if energies:
            return EnergyAxis(problem=f"which of {', '.join(energies)} is the energy? Set columns.energy")
    return None


def _is_unsuitable(key: str) -> bool:
    return any(UNSUITABLE_WORDS.fullmatch(word) for word in re.split(r"[\W_]+", key.lower()))


def _is_moving(run: Run, key: str, values: Array) -> bool:
    """Check whether a key is a dimension, belongs to a moved device, or differs in the first three points."""
    dimensions = list_dimension_keys(run)
    if key in dimensions or run.pass_number is not None:
        return True
    root = find_root(run, key)
    if root and root in {find_root(run, mover) for mover in (*(run.motors or ()), *dimensions)}:
        return True
    first = values[:3]
    return len(first) == 3 and len(set(first.tolist())) == 3


def _find_factor(values: Array, unit: Unit, setting: str, named: NamedEdge, run: Run) -> _Factor:
    """Find the factor to eV of energies: by their unit, else by the edge that lies within them."""
    key = setting.removeprefix("columns.units.")
    if unit.kind == "energy":
        return _Factor(unit.factor)
    if unit.kind not in ("unknown", "none"):
        return _Factor(1.0, problem=f"{key}: its unit is {unit.text!r} (expected an energy: set {setting})")
    finite = values[np.isfinite(values)]
    edge = find_edge_energy(named.element, named.edge) if named.element and named.edge else None
    if edge is not None and len(finite):
        for name, factor in (("eV", 1.0), ("keV", EV_PER_KEV)):
            if _has_edge(finite * factor, edge, is_open=run.stop is None):
                return _Factor(factor, f"{key} is taken as {name}: {named.element} {named.edge} lies within it")
    if not len(finite):
        return _Factor(1.0)
    return _Factor(1.0, problem=f"{key}: its unit is not known (expected eV or keV: set {setting})")


def _has_edge(energies: Array, edge: float, *, is_open: bool) -> bool:
    """Check whether an edge lies within energies, eV; those of a run that goes on may still approach it."""
    if energies.min() <= edge <= energies.max():
        return True
    return is_open and bool(np.abs(energies - edge).max() < NEAR_EDGE * edge)
