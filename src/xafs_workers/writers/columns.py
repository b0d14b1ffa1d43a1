"""The columns of data files: one place for what they are called, their units and where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.detectors import Wish, fluorescence_channels, roi
from xafs_workers.scans.runs import Run
from xafs_workers.writers import text_format
from xafs_workers.writers.registry import CannotWrite

Array = np.ndarray[Any, Any]

CHARGE = "nA*s"
"""Of all chambers' columns: a current in nA, collected for the dwell time in s, whatever the descriptor says."""

COUNTS = "counts"

SCATTERING = ("diffuse", "specular")
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
        In the header, where it differs from the label.
    source
        Data key that it shows, '' for what is computed.
    """

    label: str
    values: Array
    unit: str = ""
    name: str = ""
    source: str = ""

    @property
    def heading(self) -> str:
        """What the header says: name and unit."""
        return f"{self.name or self.label} {self.unit}".rstrip()


def of_key(run: Run, key: str, unit: str, *, label: str = "", name: str = "") -> Iterator[Column]:
    """Yield the column of a data key, nothing where the run has none."""
    if key in run.points:
        yield Column(label or text_format.label(key), run.points.column(key), unit, name, key)


def energies(run: Run, rules: Rules) -> Iterator[Column]:
    """Yield the energy, which must be there, the energy asked for and the dwell time.

    Raises
    ------
    MissingColumn
        There is no energy.
    """
    names = rules.columns
    yield Column("energy", spectra.column(run.points, names.energy), "eV", source=names.energy)
    yield from of_key(run, f"{names.energy}_setpoint", "eV", label="requested_energy")
    yield from of_key(run, names.dwell_time, "seconds", label="measurement_time")


def chambers(run: Run, rules: Rules) -> Iterator[Column]:
    """Yield the ion chambers that the run has."""
    names = rules.columns
    yield from of_key(run, names.i0, CHARGE, label="I0")
    yield from of_key(run, names.it, CHARGE, label="It", name="Itrans")
    yield from of_key(run, names.ir, CHARGE, label="Ir", name="Irefer")


def electron_yield(run: Run, rules: Rules) -> Iterator[Column]:
    """Yield the electron yield, if the run has it."""
    return of_key(run, rules.columns.iy, CHARGE, label="Iy")


def channels(run: Run, rules: Rules, wish: Wish) -> Iterator[Column]:
    """Yield each channel of the sum; where it cannot be told which those are, all that look like channels."""
    found = fluorescence_channels(run, rules, wish).columns or tuple(
        filter(roi(rules.channel_column).match, run.points.keys)
    )
    for key in found:
        yield from of_key(run, key, COUNTS)


def scattering(run: Run) -> Iterator[Column]:
    """Yield the regions of the area detector that the run has."""
    for key in SCATTERING:
        yield from of_key(run, key, COUNTS)


def split_chambers(run: Run) -> Iterator[Column]:
    """Yield the halves of split chambers that the run has."""
    for key in SPLIT_CHAMBERS:
        yield from of_key(run, key, CHARGE)


def table(columns: Iterable[Column]) -> tuple[Column, ...]:
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


def numbers_of(columns: Sequence[Column], labels: Iterable[str]) -> list[int]:
    """Return the numbers, from 1, of the columns with these labels."""
    place = {column.label: number for number, column in enumerate(columns, start=1)}
    return [place[label] for label in labels]
