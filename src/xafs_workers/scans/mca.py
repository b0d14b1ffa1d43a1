"""Fluorescence spectra in a run's arrays, by channel."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.energy_axis import get_energies
from xafs_workers.scans.runs import Run
from xafs_workers.scans.units import find_unit

Array = np.ndarray[Any, Any]

SpectraLoader = Callable[[str], Mapping[str, Array] | None]
"""Function from a run's uid to columns of `primary` from a catalog, one row for each point; None before it has any."""

BIN_WIDTH = 10.0
"""Width of a channel's bins, eV."""

_SDD_PATTERN = re.compile(r"(\d)-element SDD_channel0?([1-8])_xrf\Z")
_DANTE_PATTERN = re.compile(r"dante-\d+_image\Z", re.IGNORECASE)


def is_spectrum_key(key: str) -> bool:
    """Check whether the array of a data key contains fluorescence spectra."""
    return bool(_SDD_PATTERN.match(key) or _DANTE_PATTERN.match(key))


class NoSpectraError(LookupError):
    """Requested spectra are not available; the text gives the reason, or what the run has instead."""


@dataclass(frozen=True, slots=True)
class RunSpectra:
    """The spectra of a run.

    Attributes
    ----------
    count
        Number of points.
    energies
        Incident energy at each point, eV, shape (count,); empty if it is not known.
    get_point
        Function from the index of a point to its arrays by data key.
    """

    count: int
    energies: Array
    get_point: Callable[[int], Mapping[str, Array]]


def load_spectra(run: Run | None, uid: str, config: BoardConfig, catalog: SpectraLoader | None = None) -> RunSpectra:
    """Load the spectra of a run, from its documents or else from a catalog.

    Raises
    ------
    NoSpectraError
        Neither contains them.
    """
    if run is not None and run.arrays.size:
        return _read_documents(run, config)
    found = catalog(uid) if catalog is not None else None
    if found:
        key = config.columns.energy
        unit = find_unit(run, config, key)
        energies = np.ravel(np.asarray(found.get(key, ()), dtype=np.float64)) * unit.factor
        count = min(len(column) for column in found.values())
        return RunSpectra(count, energies, lambda index: {key: column[index] for key, column in found.items()})
    raise NoSpectraError(f"waiting for the spectra of run {uid[:8]} from a catalog: {_describe_missing(run)}")


def _read_documents(run: Run, config: BoardConfig) -> RunSpectra:
    points, arrays = run.points, run.arrays
    return RunSpectra(
        len(points), get_energies(run, config), lambda index: arrays.get_point(points.sequence_numbers[index])
    )


def _describe_missing(run: Run | None) -> str:
    if run is None:
        return "its documents are not known"
    if run.arrays.dropped:
        return "they are too large to be kept in memory"
    return "its documents do not hold them"


def extract_channels(arrays: Mapping[str, Array], config: BoardConfig, only: int | None = None) -> dict[int, Array]:
    """Extract the spectra of one point by channel: counts in each bin, shape (bins,).

    Of several detectors the one with most channels is used, unless `only` is a channel of another.

    Raises
    ------
    NoSpectraError
        The arrays contain no spectra, or not that of the requested channel.
    """
    detectors: dict[str, dict[int, Array]] = {}
    for key, value in arrays.items():
        for name, channel, spectrum in _extract_spectra(key, value, config):
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


def _extract_spectra(key: str, value: Array, config: BoardConfig) -> list[tuple[str, int, Array]]:
    """Extract (detector, channel, spectrum) for each spectrum in an array."""
    match = _SDD_PATTERN.match(key)
    if match:
        single = config.detectors.single_channel
        channel = single if match[1] == "1" and single is not None else int(match[2])
        return [(match[1], channel, np.ravel(value))]
    if not _DANTE_PATTERN.match(key):
        return []
    rows = np.reshape(value, (-1, np.shape(value)[-1]))
    return [
        ("dante", channel, rows[channel - 1])
        for channel in config.detectors.channels.get("dante", ())
        if channel <= len(rows)
    ]


def sum_spectra(channels: Mapping[int, Array]) -> Array:
    """Sum the spectra of channels, in ascending order, over the bins that all of them have."""
    bins = min(len(spectrum) for spectrum in channels.values())
    summed = np.zeros(bins)
    for channel in sorted(channels):
        summed = summed + channels[channel][:bins]
    return summed


def find_point(asked: float, energies: Array, count: int) -> int:
    """Find the index of the point that a number selects.

    A whole number of zero or less is an index from the start or the end. A positive whole number below the first
    energy and below the number of points is an index. Any other number is an energy, of which the nearest point is
    selected, the first of several.

    Raises
    ------
    NoSpectraError
        The run has no such point, or its energies are not known.
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
        raise NoSpectraError("the energies of this run are unknown")
    return int(known[np.argmin(np.abs(energies[known] - asked))])
