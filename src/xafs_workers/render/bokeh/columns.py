"""Columns brought up to date: only what is new or changed goes to the page."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# Bokeh's stubs do not know what its properties accept.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from bokeh.models import ColumnDataSource

from xafs_workers.figures.model import Array
from xafs_workers.render.limits import HUGE

Change = Literal["", "streamed", "patched", "replaced"]

FEW = 0.25
"""Up to this part of the old values is patched; more, and the columns are sent anew."""


def drawable(values: Array) -> Array:
    """Return the values as floats of our own, those that no axis can show as gaps."""
    own = np.array(values, dtype=np.float64)
    own[np.abs(own) >= HUGE] = np.nan
    return own


def bring_up_to_date(source: ColumnDataSource, columns: Mapping[str, Array]) -> Change:
    """Make a source hold these columns, all of one length, and return how.

    Values at the end are streamed, a few that changed are patched; else the columns are replaced.
    """
    held: Any = source.data
    before = len(next(iter(held.values())))
    after = len(next(iter(columns.values())))
    changed = None if after < before else _changed(held, columns, before)
    if changed is None or sum(map(len, changed.values())) > max(1, FEW * before):
        source.data = {name: drawable(column) for name, column in columns.items()}
        return "replaced"
    patches = {
        name: [(int(i), _plain(columns[name][i])) for i in where] for name, where in changed.items() if len(where)
    }
    if patches:
        source.patch(patches)
    if after > before:
        source.stream({name: drawable(column[before:]) for name, column in columns.items()})
    return "streamed" if after > before else "patched" if patches else ""


def _changed(held: Mapping[str, Any], columns: Mapping[str, Array], before: int) -> dict[str, Array] | None:
    """Return the positions of old values that differ, None where the columns are others."""
    if held.keys() != columns.keys():
        return None
    return {name: np.flatnonzero(_differ(held[name], drawable(columns[name][:before]))) for name in columns}


def _differ(one: Array, other: Array) -> Array:
    return (one != other) & ~(np.isnan(one) & np.isnan(other))


def _plain(value: Any) -> float:
    number = float(value)
    return number if abs(number) < HUGE else float("nan")
