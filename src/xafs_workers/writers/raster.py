"""The files of a map: spreadsheet and Matlab file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.messages.detectors import canonical_detector
from xafs_workers.messages.raster import RasterFiles
from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.detectors import NoChannels, Wish, fluorescence, fluorescence_channels
from xafs_workers.scans.metadata import mapping, text
from xafs_workers.scans.runs import Run
from xafs_workers.writers import text_format
from xafs_workers.writers.matlab import mat_file
from xafs_workers.writers.registry import CannotWrite, Material, end_of, writers
from xafs_workers.writers.spreadsheet import xlsx_file

Array = np.ndarray[Any, Any]

FLUORESCENCE = ("fluorescence", "xs1", "dante")
PAIRS = {
    "pilatus": ("specular", "diffuse"),
    "eiger": ("specular", "diffuse"),
    "ic0": ("I0a", "I0b"),
    "ic1": ("Ita", "Itb"),
}
"""Detectors that give two signals: their data keys."""

FOLDER = "maps"
_PICTURE = re.compile(r"\.(png|pdf|svg)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """One signal of a map.

    Attributes
    ----------
    raw
        As counted or collected; of fluorescence the sum of the channels. Shape (n,).
    ratio
        Divided by I0, as plotted.
    """

    label: str
    raw: Array
    ratio: Array


@dataclass(frozen=True, slots=True)
class Told:
    """What the run says of its map."""

    detector: str
    slow: str
    fast: str


@writers.register("raster")
def files(message: RasterFiles, material: Material) -> Mapping[str, bytes]:
    """Return the files that a message asks for."""
    return content(material.run, material.rules)


def content(run: Run, rules: Rules) -> Mapping[str, bytes]:
    """Return spreadsheet and Matlab file of a finished map, by name; the points in the order of measurement.

    Raises
    ------
    CannotWrite
        The run did not end, nothing was measured, or it tells neither detector nor motors nor names of files.
    MissingColumn, NoChannels
        The signal is missing.
    """
    if not len(run.points):
        raise CannotWrite("nothing was measured in it")
    ended, told, names = end_of(run), told_by(run), names_of(run)
    signals = tuple(signals_of(run, rules, told.detector))
    sample = text_format.one_line(text(mapping(run.xdi.get("Sample")).get("name")))
    sheet = dict(_rows(run, rules, told, signals))
    return {
        names[0]: xlsx_file(sample, sheet, ended),
        names[1]: mat_file(_variables(run, rules, told, signals, sample), ended),
    }


def told_by(run: Run) -> Told:
    """Return detector and motors, from the hint `areascan <detector> <slow> <fast> ...`, else from the plan.

    Raises
    ------
    CannotWrite
        Neither tells them.
    """
    said = run.hint.split()
    hinted = said[1:4] if len(said) > 3 and said[0] == "areascan" else []
    planned = text(run.start.get("plan_name")).split()
    detector = hinted[0] if hinted else planned[-1] if len(planned) > 2 else ""
    motors = run.motors if run.motors and len(run.motors) == 2 else hinted[1:]
    if not detector or len(motors) != 2:
        expected = "a hint `areascan <detector> <slow> <fast>`, or motors and a plan_name that ends with the detector"
        raise CannotWrite(f"it does not tell what was mapped: expected {expected}")
    slow, fast = motors
    return Told(detector, slow, fast)


def names_of(run: Run) -> tuple[str, str]:
    """Return the names of spreadsheet and Matlab file: told, else those of the picture or the data.

    Raises
    ------
    CannotWrite
        The start document has no name for any of them.
    """
    told = mapping(run.xdi.get("_snapshots"))
    picture = text(told.get("pngout")) or text(mapping(run.start.get("BMM_kafka")).get("pngout"))
    stem = _PICTURE.sub("", picture) or text(run.xdi.get("_filename"))
    found = [
        text(told.get(key)) or (stem and f"{stem}{end}") for key, end in (("xlsxout", ".xlsx"), ("matout", ".mat"))
    ]
    if not all(found):
        raise CannotWrite("its start document names no files: expected XDI._snapshots.xlsxout and matout")
    xlsx, mat = (name if "/" in name else f"{FOLDER}/{name}" for name in found)
    return xlsx, mat


def signals_of(run: Run, rules: Rules, detector: str) -> Iterator[Signal]:
    """Yield what a detector saw.

    Raises
    ------
    MissingColumn, NoChannels
        The run does not have it.
    """
    canonical, names = canonical_detector(detector), rules.columns
    if canonical in FLUORESCENCE:
        wish = Wish(canonical)
        ratio = fluorescence(run, rules, wish)
        yield Signal(text_format.label(detector), _total(run, rules, wish), ratio)
        return
    currents = {"transmission": names.it, "reference": names.ir, "yield": names.iy, "i0": names.i0, "test": names.i0}
    for key in PAIRS.get(canonical, (currents.get(canonical, canonical),)):
        label = text_format.label(key if canonical in PAIRS else detector)
        raw = spectra.column(run.points, key)
        over = names.i0 in run.points
        yield Signal(label, raw, spectra.ratio(run.points, key, names.i0) if over else np.full(raw.shape, np.nan))


def _total(run: Run, rules: Rules, wish: Wish) -> Array:
    found = fluorescence_channels(run, rules, wish)
    if found.problem:
        raise NoChannels(found.problem)
    total = np.zeros(len(run.points))
    for key in found.columns:
        total = total + run.points.column(key)
    return total


def _rows(run: Run, rules: Rules, told: Told, signals: Sequence[Signal]) -> Iterator[tuple[str, Array]]:
    """Yield the columns of the spreadsheet with their headings."""
    for motor in (told.slow, told.fast):
        yield motor, spectra.column(run.points, motor)
    for signal in signals:
        yield f"{signal.label}/I0", signal.ratio
        yield signal.label, signal.raw
    yield from _currents(run, rules)


def _currents(run: Run, rules: Rules) -> Iterator[tuple[str, Array]]:
    names = rules.columns
    for label, key in (("I0", names.i0), ("It", names.it), ("Ir", names.ir)):
        if key in run.points:
            yield label, run.points.column(key)


def _variables(run: Run, rules: Rules, told: Told, signals: Sequence[Signal], sample: str) -> Mapping[str, Any]:
    """Return the variables of the Matlab file; of two signals each also under its own name."""
    several = {signal.label: signal.raw for signal in signals} if len(signals) > 1 else {}
    motors = {motor: spectra.column(run.points, motor) for motor in (told.slow, told.fast)}
    return {**motors, **several, **dict(_currents(run, rules)), "signal": signals[0].raw, "label": sample}
