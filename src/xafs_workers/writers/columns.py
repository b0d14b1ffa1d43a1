"""The columns of data files: their names, units and sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import ChannelSelection, build_roi_pattern, find_fluorescence_channels
from xafs_workers.scans.runs import Run
from xafs_workers.writers import text_format
from xafs_workers.writers.registry import CannotWrite

Array = np.ndarray[Any, Any]

CHARGE_UNIT = "nA*s"
"""Unit of all ion chambers' columns: a current in nA, collected for the dwell time in s; not the descriptor's."""

COUNTS_UNIT = "counts"

SPLIT_CHAMBERS = ("I0a", "I0b", "Ita", "Itb")


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of a data file.

    Attributes
    ----------
    label
        Word above the numbers.
    values
        Shape (n,); NaN is a gap.
    name
        Name in the header, where it differs from the label.
    source
        Data key that it shows, '' for a computed column.
    """

    label: str
    values: Array
    unit: str = ""
    name: str = ""
    source: str = ""

    @property
    def heading(self) -> str:
        """Name and unit, as in the header."""
        return f"{self.name or self.label} {self.unit}".rstrip()


def build_key_column(run: Run, key: str, unit: str, *, label: str = "", name: str = "") -> Iterator[Column]:
    """Yield the column of a data key, nothing where the run has none."""
    if key in run.points:
        yield Column(label or text_format.to_label(key), run.points.get_column(key), unit, name, key)


def build_energy_columns(run: Run, config: BoardConfig) -> Iterator[Column]:
    """Yield the energy, which must be there, the energy asked for and the dwell time.

    Raises
    ------
    MissingColumnError
        There is no energy.
    """
    names = config.columns
    yield Column("energy", spectra.get_column(run.points, names.energy), "eV", source=names.energy)
    yield from build_key_column(run, f"{names.energy}_setpoint", "eV", label="requested_energy")
    yield from build_key_column(run, names.dwell_time, "seconds", label="measurement_time")


def build_chamber_columns(run: Run, config: BoardConfig) -> Iterator[Column]:
    """Yield the ion chambers that the run has."""
    names = config.columns
    yield from build_key_column(run, names.i0, CHARGE_UNIT, label="I0")
    yield from build_key_column(run, names.it, CHARGE_UNIT, label="It", name="Itrans")
    yield from build_key_column(run, names.ir, CHARGE_UNIT, label="Ir", name="Irefer")


def build_electron_yield_column(run: Run, config: BoardConfig) -> Iterator[Column]:
    """Yield the electron yield, if the run has it."""
    return build_key_column(run, config.columns.iy, CHARGE_UNIT, label="Iy")


def build_diode_columns(run: Run, config: BoardConfig) -> Iterator[Column]:
    """Yield the PIPS diode and the photodiode, as far as the run has them."""
    yield from build_key_column(run, config.columns.pips, CHARGE_UNIT, label="Pips")
    yield from build_key_column(run, config.columns.diode, CHARGE_UNIT, label="Diode")


def build_channel_columns(run: Run, config: BoardConfig, selection: ChannelSelection) -> Iterator[Column]:
    """Yield each channel of the sum; where those are not known, all that look like channels."""
    found = find_fluorescence_channels(run, config, selection).columns or tuple(
        filter(build_roi_pattern(config.channel_column).match, run.points.keys)
    )
    for key in found:
        yield from build_key_column(run, key, COUNTS_UNIT)


def build_scattering_columns(run: Run, config: BoardConfig) -> Iterator[Column]:
    """Yield the regions of the area detector that the run has."""
    for key in (*config.columns.diffuse, *config.columns.specular):
        yield from build_key_column(run, key, COUNTS_UNIT)


def build_split_chamber_columns(run: Run) -> Iterator[Column]:
    """Yield the halves of split chambers that the run has."""
    for key in SPLIT_CHAMBERS:
        yield from build_key_column(run, key, CHARGE_UNIT)


def build_table(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Return columns as a table: each data key once, labels that differ.

    Raises
    ------
    CannotWrite
        It would have no rows.
    """
    found: list[Column] = []
    for column in columns:
        known = {other.source for other in found if other.source}
        if column.source not in known:
            found.append(column)
    labels = [column.label for column in found]
    if len(set(labels)) != len(labels):
        raise CannotWrite(f"two columns of one name: {', '.join(labels)}")
    if not found or not len(found[0].values):
        raise CannotWrite("nothing was measured in it")
    return tuple(found)


def find_column_numbers(columns: Sequence[Column], labels: Iterable[str]) -> list[int]:
    """Return the numbers, from 1, of the columns with these labels."""
    place = {column.label: number for number, column in enumerate(columns, start=1)}
    return [place[label] for label in labels]
