"""Curves of reflectivity on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from xafs_workers.figures.model import Array
from xafs_workers.figures.trace_builder import Curve
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.reflectivity import Reflectivity, compute_reflectivity
from xafs_workers.scans.runs import Run
from xafs_workers.scans.spectra import MissingColumnError, get_column

REFLECTIVITY_LABEL = "factor × refl / monitor / dwell time (1/s)"


def mask_for_log(values: Array) -> Array:
    """Replace what a logarithmic axis cannot show, zero and less, by gaps; same shape."""
    return np.where(values > 0, values, np.nan)


def build_reflectivity_curve(key: str, motor: str, config: BoardConfig, *, label: str = "", series: int = 0) -> Curve:
    """Build the curve of the reflectivity against a motor."""
    return _build_curve(key, motor, config, lambda found: found.values, label, series)


def build_error_curves(motor: str, config: BoardConfig, *, series: int) -> tuple[Curve, Curve]:
    """Build the curves of the reflectivity plus and minus its standard error."""
    return (
        _build_curve("upper", motor, config, lambda found: found.values + found.errors, "± counting error", series),
        _build_curve("lower", motor, config, lambda found: found.values - found.errors, "", series),
    )


def _build_curve(
    key: str, motor: str, config: BoardConfig, choose: Callable[[Reflectivity], Array], label: str, series: int
) -> Curve:
    def compute_y(run: Run) -> Array:
        found = compute_reflectivity(run.points, config)
        return run.points.compute_once(("reflectivity", key), lambda: mask_for_log(choose(found)))

    return Curve(key, y=compute_y, x=lambda run: get_column(run.points, motor), label=label, series=series)


def describe_gaps(run: Run, config: BoardConfig) -> tuple[str, ...]:
    """Describe what the curve of a run does not show, and why; empty where it shows everything."""
    try:
        found = compute_reflectivity(run.points, config)
    except MissingColumnError:
        return ()  # the curve's own note states which
    hidden = int(np.count_nonzero(found.values <= 0))
    zeros = (f"not shown: {hidden} points at zero",) if hidden else ()
    return (*found.problems, *zeros)


def join_notes(lines: Iterable[str]) -> str:
    """Join notes for the title of a panel, above its curves."""
    return "; ".join(dict.fromkeys(lines))
