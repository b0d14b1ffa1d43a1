"""Construction of a run's outline from its documents: which form of scan, along which axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.energy_axis import find_energy_axis
from xafs_workers.scans.items import Document
from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.outline import Form, Outline
from xafs_workers.scans.run_axes import RunAxes, find_axes, iterate_members
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import scan_kinds
from xafs_workers.scans.spectrum_outline import describe_spectrum

DECIDING_POINTS = 3
"""Number of points by which a run with two axes is known to be a map or a line."""

TIME_POINTS = 2
"""Smallest number of points of a time scan that is drawn."""

NO_AXIS = "no axis: set columns.energy or columns.bragg"

STILL = 1e-6
"""Largest relative change of the position of an axis at rest."""


def describe_run(run: Run, config: BoardConfig) -> Outline:
    """Describe what a run is: a pure function of its documents."""
    axes = find_axes(run)
    outline = Outline(
        run.uid,
        run.start_position,
        as_text(run.start.get("plan_name")),
        movers=axes.movers,
        moves_energy=_moves_energy(run, axes, config),
        hint=run.hint,
        repetition=run.repetition,
        has_stopped=run.stop is not None,
    )
    if not run.hint and is_reading(run, config):
        return replace(outline, is_reading=True, reason="a reading")
    found = _describe_spectrum(outline, run, config) or _describe_axes(outline, run, axes)
    return _apply_hint(found) if run.hint else found


def _describe_spectrum(outline: Outline, run: Run, config: BoardConfig) -> Outline | None:
    spectrum = describe_spectrum(run, config)
    return None if spectrum is None else replace(outline, form="xafs", spectrum=spectrum)


def may_change(outline: Outline, run: Run, items: Sequence[Document]) -> bool:
    """Check whether the documents that have just been added to a run may have changed what it is."""
    if outline.is_open or run.stop is not None or not items:
        return True
    first = items[0]
    if first.name == "event":
        return any(item.doc["seq_num"] <= DECIDING_POINTS for item in items)
    return first.name != "event_page" or min(first.doc["seq_num"], default=1) <= DECIDING_POINTS


def _moves_energy(run: Run, axes: RunAxes, config: BoardConfig) -> bool:
    """Check whether a run has an energy axis that moves; before its descriptor, whether it moves the configured key."""
    if not run.descriptor:
        return config.columns.energy in axes.movers
    axis = find_energy_axis(run, config)
    if axis.problem:
        return False
    return axis.is_moving or (not axes.is_told and len(run.points) < DECIDING_POINTS)


def _apply_hint(outline: Outline) -> Outline:
    """Let the first word of a hint decide the form; without axes that suit it, the run has no figure of its own."""
    form = find_hinted_form(outline.hint)
    if form == outline.form:
        return outline
    return replace(outline, form=form, reason=f"its hint names another kind: {outline.hint}", is_open=False)


def find_hinted_form(hint: str) -> Form:
    """Find the form of the kind that the first word of a hint names, '' for none."""
    word = next(iter(hint.split()), "")
    found = (scan_kinds[name] for name in scan_kinds if word in scan_kinds[name].hint_prefixes)
    kind = next(found, None)
    return "" if kind is None else kind.form


def is_reading(run: Run, config: BoardConfig) -> bool:
    """Check whether a run measures one point: by its plan, or because it stopped after one."""
    if run.start.get("num_points") == 1:
        return True
    name = as_text(run.start.get("plan_name"))
    if any(fnmatchcase(name, pattern) for pattern in config.ignored_plans):
        return True
    planned = run.start.get("num_points")
    was_aborted = isinstance(planned, int) and planned > 1
    return run.stop is not None and len(run.points) == 1 and not run.arrays.keys and not was_aborted


def _describe_axes(outline: Outline, run: Run, axes: RunAxes) -> Outline:
    entries = axes.entries
    if not entries:
        return _describe_time_scan(outline, run)
    if len(entries) == 1:
        return _describe_line(outline, run, entries[0])
    if len(entries) == 2:
        return _describe_two_axes(outline, run, (entries[0][0], entries[1][0]))
    return replace(outline, reason=f"{len(entries)} dimensions")


def _describe_time_scan(outline: Outline, run: Run) -> Outline:
    if run.descriptor and not run.points.keys:
        return replace(outline, reason=NO_AXIS if run.arrays.keys else "no numbers in its events")
    waits = len(run.points) < TIME_POINTS
    reason = f"fewer than {TIME_POINTS} points" if waits else ""
    return replace(outline, form="time", reason=reason, is_open=waits)


def _describe_line(outline: Outline, run: Run, fields: tuple[str, ...]) -> Outline:
    reason = _find_missing_column(run, fields[:1])
    may_be_spectrum = outline.moves_energy and run.stop is None
    if may_be_spectrum and not reason and len(run.points) < DECIDING_POINTS:
        reason = f"fewer than {DECIDING_POINTS} points"
    return replace(outline, form="line", axes=fields[:1], companions=fields[1:], reason=reason, is_open=may_be_spectrum)


def _describe_two_axes(outline: Outline, run: Run, keys: tuple[str, str]) -> Outline:
    """Describe a map or a trajectory: the start document of a `scan_nd` does not name it, the first points show it."""
    missing = _find_missing_column(run, keys)
    shape, extents = (list(iterate_members(run.start.get(name))) for name in ("shape", "extents"))
    if len(shape) == 2:
        return replace(outline, form="map", axes=keys, reason=missing)
    if len(extents) == 2:
        return replace(outline, form="map", axes=(keys[1], keys[0]), reason=missing)  # x before y
    if missing:
        return replace(outline, reason=missing, is_open=True)
    if len(run.points) < DECIDING_POINTS and (run.stop is None or len(run.points) < 2):
        return replace(outline, reason=f"fewer than {DECIDING_POINTS} points", is_open=True)
    moves = {key: _find_moves(run, key) for key in keys}
    together = all(bool(moves[key].all()) for key in keys)
    if together:
        first, second = _sort_by_device(run, keys)
        return replace(outline, form="line", axes=(first,), companions=(second,))
    fast = max(keys, key=lambda key: (int(moves[key].sum()), bool(moves[key][0])))
    slow = keys[0] if fast == keys[1] else keys[1]
    return replace(outline, form="map", axes=(slow, fast))


def _find_missing_column(run: Run, keys: tuple[str, ...]) -> str:
    if not run.descriptor:
        return "no descriptor"
    missing = next((key for key in keys if key not in run.points), "")
    return f"no {missing} in this run" if missing else ""


def _find_moves(run: Run, key: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Find between which of the first points an axis moves."""
    positions = run.points.get_column(key)[:DECIDING_POINTS]
    digits = as_mapping(run.data_keys.get(key)).get("precision")
    least = 0.5 * 10.0**-digits if isinstance(digits, int) and 0 <= digits <= 15 else 0.0
    return np.abs(np.diff(positions)) > np.maximum(least, STILL * np.abs(positions[1:]))


def _sort_by_device(run: Run, keys: tuple[str, str]) -> tuple[str, str]:
    """Sort axes as the descriptor lists their devices: the order in a start document may change from run to run."""
    owned = as_mapping(run.descriptor.get("object_keys"))
    order = {str(key): n for n, key in enumerate(key for keys in owned.values() for key in iterate_members(keys))}
    first, second = sorted(keys, key=lambda key: (order.get(key, len(order)), key))
    return first, second
