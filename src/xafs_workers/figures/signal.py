"""The signal that a line, time or area scan asks for, as curves still to be computed."""

from __future__ import annotations

from dataclasses import dataclass

from xafs_workers.figures.trace_builder import Curve
from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import ChannelSelection, compute_run_fluorescence, find_fluorescence_channels
from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.runs import Run

FLUORESCENCE_DETECTORS = frozenset({"fluorescence", "xs1", "dante"})


@dataclass(frozen=True, slots=True)
class SignalRequest:
    """What a start message asks to see.

    Attributes
    ----------
    detector
        Canonical name, or a data key to be shown as it is.
    motor
        '' for a scan against time.
    element
        Whose fluorescence; None: as the run says.
    separate_channels
        Each fluorescence channel in place of the sum.
    """

    detector: str
    motor: str = ""
    fluo_detector: str | None = None
    stacked: bool = False
    element: str | None = None
    separate_channels: bool = False


def build_signal_curves(asked: SignalRequest, run: Run | None, rules: BoardConfig) -> tuple[str, tuple[Curve, ...]]:
    """Return the axis label and the curves of a detector's signal."""
    columns = rules.columns
    if asked.detector in FLUORESCENCE_DETECTORS:
        return "fluorescence / I0", build_fluorescence_curves(asked, run, rules)
    if asked.detector in ("pilatus", "eiger"):
        return "intensity (counts)", (_build_raw_curve("specular", "specular"), _build_raw_curve("diffuse", "diffuse"))
    if asked.detector == "ic1":
        return "Ita/I0 and Itb/I0", (
            build_ratio_curve("Ita/I0", "Ita", rules),
            build_ratio_curve("Itb/I0", "Itb", rules),
        )
    if asked.detector == "ic0":
        return "I0a and I0b (nA·s)", (_build_raw_curve("I0a", "I0a"), _build_raw_curve("I0b", "I0b"))
    ratios = {"transmission": ("It/I0", columns.it), "yield": ("Iy/I0", columns.iy)}
    if asked.detector in ratios:
        label, key = ratios[asked.detector]
        return label, (build_ratio_curve(label, key, rules),)
    charges = {"i0": columns.i0, "test": columns.i0, "reference": columns.ir}
    if asked.detector in charges:
        key = charges[asked.detector]
        return f"{key} (nA·s)", (_build_raw_curve(key),)
    return format_with_unit(asked.detector, run), (_build_raw_curve(asked.detector),)


def build_fluorescence_curves(asked: SignalRequest, run: Run | None, rules: BoardConfig) -> tuple[Curve, ...]:
    """Return the sum of the channels over I0, or each of them."""
    wish = ChannelSelection(asked.detector, asked.fluo_detector, asked.element)
    if asked.separate_channels and run is not None:
        found = find_fluorescence_channels(run, rules, wish)
        if not found.problem:
            return tuple(build_channel_curve(key, rules) for key in found.columns)
    return (Curve("fluorescence", y=lambda run: compute_run_fluorescence(run, rules, wish)),)


def build_channel_curve(key: str, rules: BoardConfig) -> Curve:
    """Return one fluorescence channel over I0."""
    return Curve(key, y=lambda run: spectra.compute_ratio(run.points, key, rules.columns.i0), label=key)


def build_ratio_curve(label: str, key: str, rules: BoardConfig) -> Curve:
    """Return a data key over I0."""
    legend = label if key in ("Ita", "Itb") else ""
    return Curve(label, y=lambda run: spectra.compute_ratio(run.points, key, rules.columns.i0), label=legend)


def format_with_unit(key: str, run: Run | None) -> str:
    """Return a data key with its unit, where the run tells one."""
    unit = as_text(as_mapping(run.data_keys.get(key)).get("units")) if run else ""
    return f"{key} ({unit})" if unit else key


def _build_raw_curve(key: str, label: str = "") -> Curve:
    return Curve(key, y=lambda run: spectra.get_column(run.points, key), label=label)
