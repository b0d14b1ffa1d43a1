"""The d-spacing of a run's monochromator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import numpy as np

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.devices import find_root
from xafs_workers.scans.metadata import as_mapping, as_text, find_by_path
from xafs_workers.scans.runs import Run
from xafs_workers.scans.units import read_unit

Array = np.ndarray[Any, np.dtype[np.float64]]

HC = 12398.419843320026
"""Planck constant times speed of light, eV Å (exact in the SI of 2019)."""

SMALLEST, LARGEST = 0.5, 10.0
"""Range of d-spacings of crystals, Å; outside of it the number is in another unit."""


class DSpacing(NamedTuple):
    """A d-spacing, Å, or the reason why there is none."""

    value: float = math.nan
    problem: str = ""


def apply_bragg_law(known: float | Array, angles: Array) -> Array:
    """Compute hc / (2 x sin θ): of a d-spacing x, Å, the energies, eV; of energies x, eV, the d-spacings, Å.

    Parameters
    ----------
    angles
        Bragg angles, rad, shape (n,).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return HC / (2 * known * np.sin(angles))


def find_d_spacing(run: Run, config: BoardConfig, axis_key: str = "") -> DSpacing:
    """Find the d-spacing of a run, in its start document, else in the configuration of its descriptor.

    Parameters
    ----------
    axis_key
        Data key of the energy or the angle: of several crystals, that of its device counts.
    """
    root = find_root(run, axis_key) if axis_key else ""
    for path in config.metadata.d_spacing:
        found = _select_entry(find_by_path(run.start, path), root)
        if found is not None:
            return _check(found, config.columns.units.get(path, ""), path)
    key = config.columns.d_spacing
    for device in as_mapping(run.descriptor.get("configuration")).values():
        data = as_mapping(as_mapping(device).get("data"))
        if key and key in data:
            about = as_mapping(as_mapping(as_mapping(device).get("data_keys")).get(key))
            return _check(data[key], config.columns.units.get(key) or as_text(about.get("units")), key)
    return DSpacing(problem="no d-spacing (expected one at metadata.d_spacing or columns.d_spacing)")


def _select_entry(value: Any, root: str) -> Any:
    """Select a mono's entry of a mapping of several, or its only one; None for none."""
    if not isinstance(value, Mapping):
        return value
    entries = cast("Mapping[str, Any]", value)
    if root in entries:
        return entries[root]
    return next(iter(entries.values())) if len(entries) == 1 else None


def _check(value: Any, unit_text: str, name: str) -> DSpacing:
    """Convert a d-spacing to Å and check that a crystal has one like it; text may name the unit after the number."""
    if isinstance(value, str):
        number, _, text = value.strip().partition(" ")
        value, unit_text = _to_number(number), unit_text or text
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return DSpacing(problem=f"{name}: got {value!r:.40} (expected a number, Å)")
    unit = read_unit(unit_text)
    return check_spacing(float(value) * (unit.factor if unit.kind == "length" else 1.0), name)


def check_spacing(spacing: float, name: str) -> DSpacing:
    """Check that a crystal has a d-spacing like this one, Å; `name` is where it is from."""
    if not SMALLEST <= spacing <= LARGEST:
        return DSpacing(problem=f"{name}: got {spacing:g} Å (expected {SMALLEST} to {LARGEST} Å)")
    return DSpacing(spacing)


def _to_number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
