"""The files of a map: spreadsheet and Matlab file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.messages.detectors import normalize_detector
from xafs_workers.messages.raster import RasterFiles
from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import (
    ChannelSelection,
    NoChannelsError,
    compute_run_fluorescence,
    find_fluorescence_channels,
)
from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.runs import Run
from xafs_workers.writers import text_format
from xafs_workers.writers.matlab import build_mat_file
from xafs_workers.writers.registry import CannotWrite, WriterInput, read_end_time, register_writer
from xafs_workers.writers.spreadsheet import build_xlsx_file

Array = np.ndarray[Any, Any]

FLUORESCENCE_DETECTORS = ("fluorescence", "xs1", "dante")
SPLIT_CHAMBERS = {"ic0": ("I0a", "I0b"), "ic1": ("Ita", "Itb")}
"""Detectors that give two signals: their data keys."""

FOLDER = "maps"
_PICTURE = re.compile(r"\.(png|pdf|svg)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class MapSignal:
    """One signal of a map.

    Attributes
    ----------
    raw
        Values as counted or collected; for fluorescence the sum of the channels. Shape (n,).
    ratio
        Values divided by I0, as plotted.
    """

    label: str
    raw: Array
    ratio: Array


@dataclass(frozen=True, slots=True)
class MapDescription:
    """Metadata of the map that a run measured."""

    detector: str
    slow: str
    fast: str


@register_writer("raster", "raster data")
def build_files(message: RasterFiles, material: WriterInput) -> Mapping[str, bytes]:
    """Return the files that a message asks for."""
    return build_content(material.run, material.config)


def build_content(run: Run, config: BoardConfig) -> Mapping[str, bytes]:
    """Return spreadsheet and Matlab file of a finished map, by name; the points in the order of measurement.

    Raises
    ------
    CannotWrite
        The run did not end, nothing was measured, or it names neither detector nor motors nor files.
    MissingColumnError, NoChannelsError
        The signal is missing.
    """
    if not len(run.points):
        raise CannotWrite("nothing was measured in it")
    ended, description, names = read_end_time(run), read_map_description(run), find_file_names(run)
    signals = tuple(build_signals(run, config, description.detector))
    sample = text_format.to_one_line(as_text(as_mapping(run.xdi.get("Sample")).get("name")))
    sheet = dict(_build_spreadsheet_columns(run, config, description, signals))
    return {
        names[0]: build_xlsx_file(sample, sheet, ended),
        names[1]: build_mat_file(_build_variables(run, config, description, signals, sample), ended),
    }


def read_map_description(run: Run) -> MapDescription:
    """Return detector and motors, from the hint `areascan <detector> <slow> <fast> ...`, else from the plan.

    Raises
    ------
    CannotWrite
        Neither names them.
    """
    said = run.hint.split()
    hinted = said[1:4] if len(said) > 3 and said[0] == "areascan" else []
    planned = as_text(run.start.get("plan_name")).split()
    detector = hinted[0] if hinted else planned[-1] if len(planned) > 2 else ""
    motors = run.motors if run.motors and len(run.motors) == 2 else hinted[1:]
    if not detector or len(motors) != 2:
        expected = "a hint `areascan <detector> <slow> <fast>`, or motors and a plan_name that ends with the detector"
        raise CannotWrite(f"its start document does not describe the map (expected {expected})")
    slow, fast = motors
    return MapDescription(detector, slow, fast)


def find_file_names(run: Run) -> tuple[str, str]:
    """Return the names of spreadsheet and Matlab file: those given, else those of the picture or the data.

    Raises
    ------
    CannotWrite
        The start document has no name for any of them.
    """
    description = as_mapping(run.xdi.get("_snapshots"))
    picture = as_text(description.get("pngout")) or as_text(as_mapping(run.start.get("BMM_kafka")).get("pngout"))
    stem = _PICTURE.sub("", picture) or as_text(run.xdi.get("_filename"))
    found = [
        as_text(description.get(key)) or (stem and f"{stem}{end}")
        for key, end in (("xlsxout", ".xlsx"), ("matout", ".mat"))
    ]
    if not all(found):
        raise CannotWrite("its start document names no files (expected XDI._snapshots.xlsxout and matout)")
    xlsx, mat = (name if "/" in name else f"{FOLDER}/{name}" for name in found)
    return xlsx, mat


def build_signals(run: Run, config: BoardConfig, detector: str) -> Iterator[MapSignal]:
    """Yield the signals of a detector.

    Raises
    ------
    MissingColumnError, NoChannelsError
        The run does not have it.
    """
    canonical, names = normalize_detector(detector), config.columns
    if canonical in FLUORESCENCE_DETECTORS:
        selection = ChannelSelection(canonical)
        ratio = compute_run_fluorescence(run, config, selection)
        yield MapSignal(text_format.to_label(detector), _sum_channels(run, config, selection), ratio)
        return
    keys = list_signal_keys(run, config, canonical)
    for key in keys:
        label = text_format.to_label(key if len(keys) > 1 else detector)
        raw = spectra.get_column(run.points, key)
        over = names.i0 in run.points
        yield MapSignal(
            label, raw, spectra.compute_ratio(run, config, key, names.i0) if over else np.full(raw.shape, np.nan)
        )


def list_signal_keys(run: Run, config: BoardConfig, detector: str) -> tuple[str, ...]:
    """List the data keys that a run has of a detector, by its canonical name; those expected if it has none."""
    names = config.columns
    if detector in ("pilatus", "eiger"):
        regions = tuple(spectra.find_first_key(run.points, keys) for keys in (names.specular, names.diffuse))
        return (names.area_total,) if detector == "eiger" and names.area_total in run.points else regions
    currents = {"transmission": names.it, "reference": names.ir, "yield": names.iy, "i0": names.i0, "test": names.i0}
    currents |= {"pips": names.pips, "diode": names.diode}
    return SPLIT_CHAMBERS.get(detector, (currents.get(detector, detector),))


def _sum_channels(run: Run, config: BoardConfig, selection: ChannelSelection) -> Array:
    found = find_fluorescence_channels(run, config, selection)
    if found.problem:
        raise NoChannelsError(found.problem)
    total = np.zeros(len(run.points))
    for key in found.columns:
        total = total + run.points.get_column(key)
    return total


def _build_spreadsheet_columns(
    run: Run, config: BoardConfig, description: MapDescription, signals: Sequence[MapSignal]
) -> Iterator[tuple[str, Array]]:
    """Yield the columns of the spreadsheet with their headings."""
    for motor in (description.slow, description.fast):
        yield motor, spectra.get_column(run.points, motor)
    for signal in signals:
        yield f"{signal.label}/I0", signal.ratio
        yield signal.label, signal.raw
    yield from _build_current_columns(run, config)


def _build_current_columns(run: Run, config: BoardConfig) -> Iterator[tuple[str, Array]]:
    names = config.columns
    for label, key in (("I0", names.i0), ("It", names.it), ("Ir", names.ir)):
        if key in run.points:
            yield label, run.points.get_column(key)


def _build_variables(
    run: Run, config: BoardConfig, description: MapDescription, signals: Sequence[MapSignal], sample: str
) -> Mapping[str, Any]:
    """Return the variables of the Matlab file; of two signals each also under its own name."""
    several = {signal.label: signal.raw for signal in signals} if len(signals) > 1 else {}
    motors = {motor: spectra.get_column(run.points, motor) for motor in (description.slow, description.fast)}
    return {**motors, **several, **dict(_build_current_columns(run, config)), "signal": signals[0].raw, "label": sample}
