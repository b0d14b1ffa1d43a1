"""The columns of data files: their names, units and sources."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import ChannelSelection, build_roi_pattern, find_fluorescence_channels
from xafs_workers.scans.energy_axis import compute_energy, find_energy_axis
from xafs_workers.scans.runs import Run
from xafs_workers.scans.units import find_unit
from xafs_workers.writers import text_format
from xafs_workers.writers.registry import CannotWrite

Array = np.ndarray[Any, Any]

CHARGE_UNIT = "nC"
"""Unit of a charge: a current in nA, collected for the dwell time in s.

XDI's dictionary gives a unit as one word, so not nA*s."""

COUNTS_UNIT = "counts"

_UNIT_WORDS = {"charge": CHARGE_UNIT, "count": COUNTS_UNIT, "rate": "Hz"}

SPLIT_CHAMBERS = ("I0a", "I0b", "Ita", "Itb")


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of a data file.

    Attributes
    ----------
    label
        Word above the numbers and in the header: small letters, digits and underscores, as in XDI's dictionary.
    values
        Shape (n,); NaN is a gap.
    unit
        One word, '' for none.
    source
        Data key that it shows, '' for a computed column.
    """

    label: str
    values: Array
    unit: str = ""
    source: str = ""

    @property
    def heading(self) -> str:
        """Name and unit, as in the header."""
        return f"{self.label} {self.unit}".rstrip()

    def select(self, rows: Array) -> Column:
        """Return the column with these rows only (a mask of shape (n,))."""
        return replace(self, values=self.values[rows])


def build_key_column(run: Run, key: str, unit: str, *, label: str = "") -> Iterator[Column]:
    """Yield the column of a data key, nothing where the run has none."""
    if key in run.points:
        yield Column(label or text_format.to_word(key), run.points.get_column(key), unit, key)


def get_unit_word(run: Run, config: BoardConfig, key: str) -> str:
    """Return the unit of a data key as the one word that XDI allows; '' if it is not known or no word."""
    unit = find_unit(run, config, key)
    if unit.factor == 1.0 and unit.kind in _UNIT_WORDS:
        return _UNIT_WORDS[unit.kind]
    return unit.text if unit.text.isidentifier() else ""


def build_energy_columns(run: Run, config: BoardConfig) -> Iterator[Column]:
    """Yield the energy, which must be there, the energy asked for and the dwell time.

    Raises
    ------
    MissingColumnError
        There is no energy.
    """
    energies, axis = compute_energy(run, config), find_energy_axis(run, config)
    yield Column("energy", energies, "eV", source=axis.key)
    asked = f"{axis.key}_setpoint"
    if axis.source == "key" and asked in run.points:
        values = run.points.get_column(asked)
        yield Column("requested_energy", values if axis.factor == 1.0 else values * axis.factor, "eV", asked)
    if config.columns.dwell_time in run.points:
        yield Column(
            "measurement_time", spectra.get_dwell_time(run, config), "seconds", source=config.columns.dwell_time
        )


def build_chamber_columns(run: Run, config: BoardConfig) -> Iterator[Column]:
    """Yield the ion chambers that the run has."""
    names = config.columns
    for key, label in ((names.i0, "i0"), (names.it, "itrans"), (names.ir, "irefer")):
        yield from build_key_column(run, key, get_unit_word(run, config, key), label=label)


def build_electron_yield_column(run: Run, config: BoardConfig) -> Iterator[Column]:
    """Yield the electron yield, if the run has it."""
    key = config.columns.iy
    return build_key_column(run, key, get_unit_word(run, config, key), label="iy")


def build_diode_columns(run: Run, config: BoardConfig) -> Iterator[Column]:
    """Yield the PIPS diode and the photodiode, as far as the run has them."""
    for key, label in ((config.columns.pips, "pips"), (config.columns.diode, "diode")):
        yield from build_key_column(run, key, get_unit_word(run, config, key), label=label)


def build_channel_columns(run: Run, config: BoardConfig, selection: ChannelSelection) -> Iterator[Column]:
    """Yield each channel of the sum; where those are not known, all that look like channels."""
    found = find_fluorescence_channels(run, config, selection).columns or tuple(
        filter(build_roi_pattern(config.detectors.column).match, run.points.keys)
    )
    for key in found:
        yield from build_key_column(run, key, get_unit_word(run, config, key) or COUNTS_UNIT)


def build_scattering_columns(run: Run, config: BoardConfig) -> Iterator[Column]:
    """Yield the regions of the area detector that the run has."""
    for key in (*config.columns.diffuse, *config.columns.specular):
        yield from build_key_column(run, key, COUNTS_UNIT)


def build_split_chamber_columns(run: Run) -> Iterator[Column]:
    """Yield the halves of split chambers that the run has."""
    for key in SPLIT_CHAMBERS:
        yield from build_key_column(run, key, CHARGE_UNIT)


def select_columns(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Select the columns of a file: each data key once, and labels that differ.

    Raises
    ------
    CannotWrite
        There are no rows.
    """
    found: list[Column] = []
    for column in columns:
        known = {other.source for other in found if other.source}
        if column.source not in known:
            found.append(replace(column, label=_find_free_label(column.label, {other.label for other in found})))
    if not found or not len(found[0].values):
        raise CannotWrite("nothing was measured in it")
    return tuple(found)


def _find_free_label(label: str, taken: Collection[str]) -> str:
    """Return a label, with a number where another column has it: data keys may differ in case alone."""
    number, free = 2, label
    while free in taken:
        number, free = number + 1, f"{label}_{number}"
    return free


def find_column_numbers(columns: Sequence[Column], labels: Iterable[str]) -> list[int] | None:
    """Return the numbers, from 1, of the columns with these labels; None if one is not there."""
    place = {column.label: number for number, column in enumerate(columns, start=1)}
    found = [place.get(label, 0) for label in labels]
    return found if all(found) else None
