"""Fluorescence spectra: which arrays of a run are the spectra of which channel."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import SINGLE_ELEMENT_CHANNEL
from xafs_workers.scans.runs import Run

Array = np.ndarray[Any, Any]

SpectraLoader = Callable[[str], Mapping[str, Array] | None]
"""By uid of a run: columns of `primary` from a catalog, each with one row a point; None while it has none."""

BIN_WIDTH = 10.0
"""Width of a channel's bins, eV."""

_SDD_PATTERN = re.compile(r"(\d)-element SDD_channel0?([1-8])_xrf\Z")
_DANTE_PATTERN = re.compile(r"dante-\d+_image\Z", re.IGNORECASE)


def is_spectrum_key(key: str) -> bool:
    """Check whether the array under a data key holds fluorescence spectra."""
    return bool(_SDD_PATTERN.match(key) or _DANTE_PATTERN.match(key))


class NoSpectraError(LookupError):
    """Spectra that are asked for and not there; the text says what is waited for, or what there is instead."""


@dataclass(frozen=True, slots=True)
class RunSpectra:
    """The spectra of a run.

    Attributes
    ----------
    count
        Number of points.
    energies
        Incident energy at each point, eV, shape (count,); empty where it is not told.
    get_point
        From the index of a point to its arrays by data key.
    """

    count: int
    energies: Array
    get_point: Callable[[int], Mapping[str, Array]]


def load_spectra(run: Run | None, uid: str, rules: BoardConfig, catalog: SpectraLoader | None = None) -> RunSpectra:
    """Return the spectra of a run: from its documents where they hold them, else from a catalog.

    Raises
    ------
    NoSpectraError
        Neither has them.
    """
    if run is not None and run.arrays.size:
        return _read_documents(run, rules)
    found = catalog(uid) if catalog is not None else None
    if found:
        energies = np.ravel(np.asarray(found.get(rules.columns.energy, ()), dtype=np.float64))
        count = min(len(column) for column in found.values())
        return RunSpectra(count, energies, lambda index: {key: column[index] for key, column in found.items()})
    raise NoSpectraError(f"waiting for the spectra of run {uid[:8]} from a catalog: {_describe_missing(run)}")


def _read_documents(run: Run, rules: BoardConfig) -> RunSpectra:
    points, arrays = run.points, run.arrays
    energy = rules.columns.energy
    energies = points.get_column(energy) if energy in points else np.empty(0)
    return RunSpectra(len(points), energies, lambda index: arrays.get_point(points.sequence_numbers[index]))


def _describe_missing(run: Run | None) -> str:
    if run is None:
        return "its documents are not known"
    if run.arrays.dropped:
        return "they are too large to be kept in memory"
    return "its documents do not hold them"


def extract_channels(arrays: Mapping[str, Array], rules: BoardConfig, only: int | None = None) -> dict[int, Array]:
    """Return the spectra of one point by channel, counts a bin, each of shape (bins,).

    Of several detectors the one with most channels is taken, unless `only` names a channel of another.

    Raises
    ------
    NoSpectraError
        There are none, or not that of the channel asked for.
    """
    detectors: dict[str, dict[int, Array]] = {}
    for key, value in arrays.items():
        for name, channel, spectrum in _extract_spectra(key, value, rules):
            detectors.setdefault(name, {})[channel] = spectrum
    if not detectors:
        raise NoSpectraError("no fluorescence spectra in this run")
    by_size = sorted(detectors.values(), key=len, reverse=True)
    if only is None:
        return dict(sorted(by_size[0].items()))
    for channels in by_size:
        if only in channels:
            return {only: channels[only]}
    there = sorted({channel for channels in by_size for channel in channels})
    raise NoSpectraError(f"no channel {only} in this run: it has {', '.join(map(str, there))}")


def _extract_spectra(key: str, value: Array, rules: BoardConfig) -> list[tuple[str, int, Array]]:
    """Return (detector, channel, spectrum) for each spectrum in an array."""
    match = _SDD_PATTERN.match(key)
    if match:
        channel = SINGLE_ELEMENT_CHANNEL if match[1] == "1" else int(match[2])
        return [(match[1], channel, np.ravel(value))]
    if not _DANTE_PATTERN.match(key):
        return []
    rows = np.reshape(value, (-1, np.shape(value)[-1]))
    return [
        ("dante", channel, rows[channel - 1]) for channel in rules.channels.get("dante", ()) if channel <= len(rows)
    ]


def sum_spectra(channels: Mapping[int, Array]) -> Array:
    """Return the sum of the spectra, over the bins that all have, in ascending order of the channels."""
    bins = min(len(spectrum) for spectrum in channels.values())
    summed = np.zeros(bins)
    for channel in sorted(channels):
        summed = summed + channels[channel][:bins]
    return summed


def find_point(asked: float, energies: Array, count: int) -> int:
    """Return the index of the point that a number names.

    Zero or less is an index from the start or end; a positive number below the first energy and below the number
    of points is an index; any other is an energy: the nearest point's, the first of several.

    Raises
    ------
    NoSpectraError
        There is no such point, or no energy is told.
    """
    whole = float(asked).is_integer()
    if asked <= 0 and whole:
        if -count <= asked < count:
            return int(asked) % count
        raise NoSpectraError(f"no point {int(asked)} in a scan of {count}")
    known = np.flatnonzero(np.isfinite(energies[:count]))
    if asked > 0 and whole and asked < count and (not known.size or asked < energies[known[0]]):
        return int(asked)
    if not known.size:
        raise NoSpectraError("the energies of this run are not told")
    return int(known[np.argmin(np.abs(energies[known] - asked))])
