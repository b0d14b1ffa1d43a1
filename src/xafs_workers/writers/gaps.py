"""Gaps of a table: XDI has no sign for a missing number, and any number would be taken for data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xafs_workers.writers import text_format
from xafs_workers.writers.columns import Column
from xafs_workers.writers.registry import CannotWrite
from xafs_workers.writers.xdi_dictionary import OWN_NAMESPACE

MAX_MOVED_POINTS = 200
"""Number of points that are moved into the header at most; with more, the column with the gaps is left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Columns without gaps, and what was taken out.

    Attributes
    ----------
    columns
        The first is the abscissa.
    fields
        Header fields with the points and columns that are not in the table.
    """

    columns: tuple[Column, ...]
    fields: Mapping[str, str]


def take_out_gaps(columns: Sequence[Column]) -> Table:
    """Move each point with a gap, whole, into a header field; leave out a column that is mostly gaps.

    Nothing measured at such a point is lost, and no reader takes it for a row of the table.

    Raises
    ------
    CannotWrite
        The abscissa has no values.
    """
    known = [np.isfinite(column.values) for column in columns]
    if not known[0].any():
        raise CannotWrite(f"column {columns[0].label} has no values")
    kept = list(range(len(columns)))
    while True:
        whole = np.logical_and.reduce([known[at] for at in kept])
        worst = max(kept[1:], key=lambda at: np.count_nonzero(~known[at]), default=0)
        missing = np.count_nonzero(~whole)
        if missing <= min(len(whole) / 2, MAX_MOVED_POINTS) or not worst or known[worst].all():
            break
        kept.remove(worst)
    left_out = [column for at, column in enumerate(columns) if at not in kept]
    fields = {f"{OWN_NAMESPACE}.left_out_{one.label}": _describe_left_out(one) for one in left_out}
    fields |= {f"{OWN_NAMESPACE}.point_{row + 1}": _describe_point(columns, int(row)) for row in np.flatnonzero(~whole)}
    return Table(tuple(columns[at].select(whole) for at in kept), fields)


def _describe_left_out(column: Column) -> str:
    known = int(np.count_nonzero(np.isfinite(column.values)))
    return f"{known} of {len(column.values)} points have a value; the column is left out"


def _describe_point(columns: Sequence[Column], row: int) -> str:
    """Describe a point that is not in the table: its values by label, and what has none."""
    values = [(column.label, float(column.values[row])) for column in columns]
    known = " ".join(f"{label}={text_format.format_number(value)}" for label, value in values if np.isfinite(value))
    missing = ", ".join(label for label, value in values if not np.isfinite(value))
    return f"{known} (no value of {missing}; not in the table)".lstrip()
