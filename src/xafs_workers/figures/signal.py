"""Signals of line, time and area scans, as curves that are not computed yet."""

from __future__ import annotations

from dataclasses import dataclass

from xafs_workers.figures.model import Array
from xafs_workers.figures.trace_builder import Curve
from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import ChannelSelection, compute_run_fluorescence, find_fluorescence_channels
from xafs_workers.scans.runs import Run
from xafs_workers.scans.units import find_unit, format_with_unit

FLUORESCENCE_DETECTORS = frozenset({"fluorescence", "xs1", "dante"})
STRIP_DETECTORS = frozenset({"mythen", "mca_full", "dir", "refl"})
"""The Mythen strip detector, and its regions."""

OLDER_MONITORS = ("Bicron", "bicron", "apd", "struck")
"""Data keys that the beam monitor had before."""


@dataclass(frozen=True, slots=True)
class SignalRequest:
    """The signal that a start message requests.

    Attributes
    ----------
    detector
        Canonical name of a detector, or a data key that is shown unchanged.
    motor
        Name of the scanned motor, '' for a scan against time.
    element
        Symbol of the element whose fluorescence is shown; None for the element in the run's metadata.
    separate_channels
        True to show each fluorescence channel in place of their sum.
    with_reflected
        True to show the reflected beam beside the direct one, for a strip detector.
    """

    detector: str
    motor: str = ""
    fluo_detector: str | None = None
    stacked: bool = False
    element: str | None = None
    separate_channels: bool = False
    with_reflected: bool = False


def build_signal_curves(request: SignalRequest, run: Run | None, config: BoardConfig) -> tuple[str, tuple[Curve, ...]]:
    """Build the axis label and the curves of a detector's signal."""
    if request.detector in FLUORESCENCE_DETECTORS:
        return "fluorescence / I0", build_fluorescence_curves(request, run, config)
    if request.detector in STRIP_DETECTORS:
        return _build_strip_curves(request, run, config)
    if request.detector == "monitor":
        return "monitor (counts)", (_build_region_curve("", (config.goniometer.monitor, *OLDER_MONITORS)),)
    several = _build_paired_curves(request.detector, run, config)
    if several is not None:
        return several
    columns = config.columns
    ratios = {
        "transmission": ("It/I0", columns.it),
        "yield": ("Iy/I0", columns.iy),
        "pips": ("Pips/I0", columns.pips),
        "diode": ("Diode/I0", columns.diode),
    }
    if request.detector in ratios:
        label, key = ratios[request.detector]
        return label, (build_ratio_curve(label, key, config),)
    charges = {"i0": columns.i0, "ic0": columns.i0, "test": columns.i0, "reference": columns.ir}
    if request.detector in charges:
        key = charges[request.detector]
        return format_key_label(key, run, config), (_build_raw_curve(key),)
    return format_key_label(request.detector, run, config), (_build_raw_curve(request.detector),)


def _build_paired_curves(detector: str, run: Run | None, config: BoardConfig) -> tuple[str, tuple[Curve, ...]] | None:
    """Build the label and the two curves of a detector that has two regions or halves; None for any other."""
    columns = config.columns
    if detector in ("pilatus", "eiger"):
        curves = _build_region_curve("specular", columns.specular), _build_region_curve("diffuse", columns.diffuse)
        return "intensity (counts)", curves
    if detector == "ic1":
        return "Ita/I0 and Itb/I0", (
            build_ratio_curve("Ita/I0", "Ita", config),
            build_ratio_curve("Itb/I0", "Itb", config),
        )
    if detector == "ic0" and run is not None and "I0a" in run.points:
        label = f"I0a and {format_key_label('I0b', run, config)}"
        return label, (_build_raw_curve("I0a", "I0a"), _build_raw_curve("I0b", "I0b"))
    return None


def _build_strip_curves(request: SignalRequest, run: Run | None, config: BoardConfig) -> tuple[str, tuple[Curve, ...]]:
    """Build the label and the curves of a strip detector: count rates of its regions, else the counts of all strips."""
    names = config.goniometer
    keys = {"dir": names.direct, "refl": names.reflected, "mca_full": names.total}
    both = {names.direct: "direct", names.reflected: "reflected"}
    if request.detector == "mythen":
        present = [key for key in both if run is None or key in run.points]
        if not present:
            return f"{names.total} (counts)", (_build_raw_curve(names.total),)
        return "Mythen count rate (1/s)", tuple(_build_rate_curve(key, both[key], config) for key in present)
    key = keys[request.detector]
    label = f"{key} count rate (1/s)"
    if not request.with_reflected or key == names.reflected:
        return label, (_build_rate_curve(key, "", config),)
    return label, tuple(_build_rate_curve(one, both.get(one, one), config) for one in (key, names.reflected))


def build_fluorescence_curves(request: SignalRequest, run: Run | None, config: BoardConfig) -> tuple[Curve, ...]:
    """Build the curve of the fluorescence channels' sum divided by I0, or a curve for each channel."""
    selection = ChannelSelection(request.detector, request.fluo_detector, request.element)
    if request.separate_channels and run is not None:
        found = find_fluorescence_channels(run, config, selection)
        if not found.problem:
            return tuple(build_channel_curve(key, config) for key in found.columns)
    return (Curve("fluorescence", y=lambda run: compute_run_fluorescence(run, config, selection)),)


def build_channel_curve(key: str, config: BoardConfig) -> Curve:
    """Build the curve of one fluorescence channel divided by I0."""
    return Curve(key, y=lambda run: spectra.compute_ratio(run, config, key, config.columns.i0), label=key)


def build_ratio_curve(label: str, key: str, config: BoardConfig) -> Curve:
    """Build the curve of a data key divided by I0."""
    legend = label if key in ("Ita", "Itb") else ""
    return Curve(label, y=lambda run: spectra.compute_ratio(run, config, key, config.columns.i0), label=legend)


def format_key_label(key: str, run: Run | None, config: BoardConfig) -> str:
    """Format a data key with its unit, where the settings or the run's descriptor contain one."""
    return format_with_unit(key, find_unit(run, config, key).text)


def _build_rate_curve(key: str, label: str, config: BoardConfig) -> Curve:
    """Build the curve of counts divided by the dwell time."""
    return Curve(key, y=lambda run: spectra.compute_rate(run, config, key), label=label)


def _build_region_curve(label: str, keys: tuple[str, ...]) -> Curve:
    """Build the curve of a signal whose data key has had several names: the first that a run has."""

    def get_counts(run: Run) -> Array:
        return spectra.get_column(run.points, spectra.find_first_key(run.points, keys))

    return Curve(label or keys[0], y=get_counts, label=label)


def _build_raw_curve(key: str, label: str = "") -> Curve:
    return Curve(key, y=lambda run: spectra.get_column(run.points, key), label=label)
