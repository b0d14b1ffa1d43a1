"""The signal of a line scan against its motor, as it is analysed for a plan: only points that can be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import ChannelSelection, NoChannelsError, compute_run_fluorescence
from xafs_workers.scans.points import Points
from xafs_workers.scans.runs import Run
from xafs_workers.scans.signals import compute_quotient
from xafs_workers.scans.spectra import MissingColumnError

Array = np.ndarray[Any, np.dtype[np.float64]]

LEAST_POINTS = 5
"""Smallest number of points of a scan that is analysed."""

MONITORS = frozenset({"monitor", "bicron", "apd", "struck", "srtuck"})
"""Names under which plans ask for the counts of the beam monitor (the last is a spelling that is in use)."""

MONITOR_KEY = "monitor"


class UnusableScanError(ValueError):
    """The scan cannot be analysed; the text gives the reason."""


@dataclass(frozen=True, slots=True, eq=False)
class ScannedSignal:
    """Signal of a line scan, in the order of measurement.

    Attributes
    ----------
    x, y
        Positions and signal, shape (n,), all finite.
    label
        Formula of the signal, for axes.
    is_counted
        Whether the signal is the counts of one monitor, from which nothing is subtracted.
    """

    x: Array
    y: Array
    label: str
    is_counted: bool = False


def extract_signal(
    run: Run, motor: str, signal: str, config: BoardConfig, *, rate: bool = False, drop: int = 0
) -> ScannedSignal:
    """Extract the signal of a run against a motor, each time the same object.

    Parameters
    ----------
    signal
        ``I0``, ``It`` (divided by I0), ``Ir`` (divided by It) or ``If`` (sum of the element's regions, divided by I0),
        with any initial letter; a name of the beam monitor; else a data key.
    rate
        Whether the signal is divided by the dwell time.
    drop
        Number of points at the end that are left out.

    Raises
    ------
    UnusableScanError
        A column is missing, or fewer than `LEAST_POINTS` points can be used.
    """
    key = ("scanned signal", motor, signal, rate, drop)
    return run.points.compute_once(key, lambda: _extract(run, motor, signal, config, rate, drop))


def _extract(run: Run, motor: str, signal: str, config: BoardConfig, rate: bool, drop: int) -> ScannedSignal:
    try:
        x = spectra.get_column(run.points, motor)
        label, y = _compute_signal(run, signal, config)
        if rate:
            y = compute_quotient(y, spectra.get_dwell_time(run, config))
    except (MissingColumnError, NoChannelsError) as problem:
        raise UnusableScanError(str(problem)) from problem
    usable = np.isfinite(x) & np.isfinite(y)
    usable[max(0, len(usable) - drop) :] = False
    if np.count_nonzero(usable) < LEAST_POINTS:
        raise UnusableScanError(
            f"{np.count_nonzero(usable)} of {len(x)} points can be used (expected {LEAST_POINTS} or more)"
        )
    x, y = x[usable], y[usable]
    if x.min() == x.max():
        raise UnusableScanError(f"{motor} did not move")
    return ScannedSignal(x, y, label, signal.lower() in MONITORS)


def _compute_signal(run: Run, signal: str, config: BoardConfig) -> tuple[str, Array]:
    """Return the label and the values of a signal, NaN where it cannot be computed."""
    points, columns = run.points, config.columns
    ratios: Mapping[str, tuple[str, str, str]] = {
        "it": ("It/I0", columns.it, columns.i0),
        "ir": ("Ir/It", columns.ir, columns.it),
    }
    special: Mapping[str, Callable[[], tuple[str, Array]]] = {
        "i0": lambda: ("I0", spectra.get_column(points, columns.i0)),
        "if": lambda: ("If/I0", compute_run_fluorescence(run, config, ChannelSelection())),
        "mythen_dir": lambda: ("dir / dwell time", spectra.compute_rate(run, config, "dir")),
    }
    name = signal.lower()
    if name in ratios:
        label, above, below = ratios[name]
        return label, spectra.compute_ratio(run, config, above, below)
    if name in special:
        return special[name]()
    key = _find_key(points, signal)
    return key, spectra.get_column(points, key)


def _find_key(points: Points, signal: str) -> str:
    """Find the data key of a signal: with its spelling, with a capital letter, or that of the beam monitor."""
    spellings = (signal, signal[:1].upper() + signal[1:], *((MONITOR_KEY,) if signal.lower() in MONITORS else ()))
    return next((key for key in spellings if key in points), signal)
