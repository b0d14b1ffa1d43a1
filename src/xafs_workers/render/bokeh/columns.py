"""Updates of Bokeh data sources that send only new and changed values to the page."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# Bokeh's stubs do not know what its properties accept.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from bokeh.models import ColumnDataSource

from xafs_workers.figures.model import Array
from xafs_workers.render.limits import MAX_MAGNITUDE

UpdateMethod = Literal["", "streamed", "patched", "replaced"]

MAX_PATCHED_FRACTION = 0.25
"""Columns are replaced, not patched, when more than this fraction of the old values changed."""


def to_drawable(values: Array) -> Array:
    """Return a copy of the values as floats, with NaN for values that no axis can show."""
    copy = np.array(values, dtype=np.float64)
    copy[np.abs(copy) >= MAX_MAGNITUDE] = np.nan
    return copy


def update_source(source: ColumnDataSource, columns: Mapping[str, Array]) -> UpdateMethod:
    """Update the columns of a data source, and return the method that was used.

    All columns have one length. New values at the end are streamed and a few changed values are patched; otherwise
    the columns are replaced.
    """
    current: Any = source.data
    before = len(next(iter(current.values())))
    after = len(next(iter(columns.values())))
    changed = None if after < before else _find_changes(current, columns, before)
    if changed is None or sum(map(len, changed.values())) > max(1, MAX_PATCHED_FRACTION * before):
        source.data = {name: to_drawable(column) for name, column in columns.items()}
        return "replaced"
    patches = {
        name: [(int(i), _to_finite(columns[name][i])) for i in where] for name, where in changed.items() if len(where)
    }
    if patches:
        source.patch(patches)
    if after > before:
        source.stream({name: to_drawable(column[before:]) for name, column in columns.items()})
    return "streamed" if after > before else "patched" if patches else ""


def _find_changes(current: Mapping[str, Any], columns: Mapping[str, Array], before: int) -> dict[str, Array] | None:
    """Return the positions of changed values in each column, None if the column names differ."""
    if current.keys() != columns.keys():
        return None
    return {
        name: np.flatnonzero(_compare_values(current[name], to_drawable(columns[name][:before]))) for name in columns
    }


def _compare_values(one: Array, other: Array) -> Array:
    return (one != other) & ~(np.isnan(one) & np.isnan(other))


def _to_finite(value: Any) -> float:
    number = float(value)
    return number if abs(number) < MAX_MAGNITUDE else float("nan")
