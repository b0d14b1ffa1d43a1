"""Columns brought up to date: only what is new or changed goes to the page."""

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
"""Up to this part of the old values is patched; more, and the columns are sent anew."""


def to_drawable(values: Array) -> Array:
    """Return the values as floats of our own, those that no axis can show as gaps."""
    own = np.array(values, dtype=np.float64)
    own[np.abs(own) >= MAX_MAGNITUDE] = np.nan
    return own


def update_source(source: ColumnDataSource, columns: Mapping[str, Array]) -> UpdateMethod:
    """Make a source hold these columns, all of one length, and return how.

    Values at the end are streamed, a few that changed are patched; else the columns are replaced.
    """
    held: Any = source.data
    before = len(next(iter(held.values())))
    after = len(next(iter(columns.values())))
    changed = None if after < before else _find_changes(held, columns, before)
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


def _find_changes(held: Mapping[str, Any], columns: Mapping[str, Array], before: int) -> dict[str, Array] | None:
    """Return the positions of old values that differ, None where the columns are others."""
    if held.keys() != columns.keys():
        return None
    return {name: np.flatnonzero(_compare_values(held[name], to_drawable(columns[name][:before]))) for name in columns}


def _compare_values(one: Array, other: Array) -> Array:
    return (one != other) & ~(np.isnan(one) & np.isnan(other))


def _to_finite(value: Any) -> float:
    number = float(value)
    return number if abs(number) < MAX_MAGNITUDE else float("nan")
