"""The d-spacing that follows from a run's energies and angles, where no metadata name it."""

from __future__ import annotations

import numpy as np

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.d_spacing import DSpacing, apply_bragg_law, check_spacing
from xafs_workers.scans.energy_axis import find_energy_axis
from xafs_workers.scans.runs import Run
from xafs_workers.scans.spectra import MissingColumnError, get_column
from xafs_workers.scans.units import find_unit


def measure_d_spacing(run: Run, config: BoardConfig) -> DSpacing:
    """Compute the median of hc / (2 E sin θ) over a run's points, Å; a problem where a run has not both columns."""
    axis, key = find_energy_axis(run, config), config.columns.bragg
    if not key or axis.problem or axis.source == "angle":
        return DSpacing(problem="no energies beside the angles of columns.bragg")
    try:
        angles = get_column(run.points, key)
    except MissingColumnError as problem:
        return DSpacing(problem=str(problem))
    unit = find_unit(run, config, key)
    if unit.kind != "angle":
        return DSpacing(problem=f"{key}: its unit is not known (expected deg, rad or mrad)")
    spacings = apply_bragg_law(axis.energies, angles * unit.factor)
    finite = spacings[np.isfinite(spacings)]
    return check_spacing(float(np.median(finite)), key) if len(finite) else DSpacing(problem=f"{key}: no angles")
