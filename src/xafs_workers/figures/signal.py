"""The signal that a line, time or area scan asks for, as curves still to be computed."""

from __future__ import annotations

from dataclasses import dataclass

from xafs_workers.figures.trace_builder import Curve
from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.detectors import Wish, fluorescence, fluorescence_channels
from xafs_workers.scans.metadata import mapping, text
from xafs_workers.scans.runs import Run

FLUORESCENCE = frozenset({"fluorescence", "xs1", "dante"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a start message asks to see.

    Attributes
    ----------
    detector
        Canonical name, or a data key to be shown as it is.
    motor
        '' for a scan against time.
    element
        Whose fluorescence; None: as the run says.
    channels
        Each fluorescence channel in place of the sum.
    """

    detector: str
    motor: str = ""
    fluo_detector: str | None = None
    stack: bool = False
    element: str | None = None
    channels: bool = False


def signal(asked: Asked, run: Run | None, rules: Rules) -> tuple[str, tuple[Curve, ...]]:
    """Return the axis label and the curves of a detector's signal."""
    columns = rules.columns
    if asked.detector in FLUORESCENCE:
        return "fluorescence / I0", fluorescence_curves(asked, run, rules)
    if asked.detector in ("pilatus", "eiger"):
        return "intensity (counts)", (_raw("specular", "specular"), _raw("diffuse", "diffuse"))
    if asked.detector == "ic1":
        return "Ita/I0 and Itb/I0", (ratio("Ita/I0", "Ita", rules), ratio("Itb/I0", "Itb", rules))
    if asked.detector == "ic0":
        return "I0a and I0b (nA·s)", (_raw("I0a", "I0a"), _raw("I0b", "I0b"))
    ratios = {"transmission": ("It/I0", columns.it), "yield": ("Iy/I0", columns.iy)}
    if asked.detector in ratios:
        label, key = ratios[asked.detector]
        return label, (ratio(label, key, rules),)
    charges = {"i0": columns.i0, "test": columns.i0, "reference": columns.ir}
    if asked.detector in charges:
        key = charges[asked.detector]
        return f"{key} (nA·s)", (_raw(key),)
    return with_unit(asked.detector, run), (_raw(asked.detector),)


def fluorescence_curves(asked: Asked, run: Run | None, rules: Rules) -> tuple[Curve, ...]:
    """Return the sum of the channels over I0, or each of them."""
    wish = Wish(asked.detector, asked.fluo_detector, asked.element)
    if asked.channels and run is not None:
        found = fluorescence_channels(run, rules, wish)
        if not found.problem:
            return tuple(channel_curve(key, rules) for key in found.columns)
    return (Curve("fluorescence", y=lambda run: fluorescence(run, rules, wish)),)


def channel_curve(key: str, rules: Rules) -> Curve:
    """Return one fluorescence channel over I0."""
    return Curve(key, y=lambda run: spectra.ratio(run.points, key, rules.columns.i0), label=key)


def ratio(label: str, key: str, rules: Rules) -> Curve:
    """Return a data key over I0."""
    legend = label if key in ("Ita", "Itb") else ""
    return Curve(label, y=lambda run: spectra.ratio(run.points, key, rules.columns.i0), label=legend)


def with_unit(key: str, run: Run | None) -> str:
    """Return a data key with its unit, where the run tells one."""
    unit = text(mapping(run.data_keys.get(key)).get("units")) if run else ""
    return f"{key} ({unit})" if unit else key


def _raw(key: str, label: str = "") -> Curve:
    return Curve(key, y=lambda run: spectra.column(run.points, key), label=label)
