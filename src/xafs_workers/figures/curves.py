"""Traces, panels and labels of the curves that alignment messages contain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

import numpy as np

from xafs_workers.figures.model import Array, Mark, Panel, Trace
from xafs_workers.figures.position_digits import format_position

T = TypeVar("T")
Floats = tuple[float, ...]

MAX_CACHED_LENGTH = 10_000
"""Longest curve that is cached; longer ones are computed each time, to save memory."""


class _IdentityKey:
    """Cache key that compares a curve by identity: fields of a message, and arrays of points, are never changed."""

    __slots__ = ("values",)

    def __init__(self, values: Floats | Array):
        self.values = values

    def __hash__(self) -> int:
        return id(self.values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _IdentityKey) and self.values is other.values


def compute_once(make: Callable[..., T], *values: Floats | Array) -> T:
    """Compute a result from curves once; the same object is returned each time, so it is drawn once."""
    if max(map(len, values), default=0) > MAX_CACHED_LENGTH:
        return make(*values)
    return _compute_cached(make, *map(_IdentityKey, values))


@lru_cache(maxsize=128)
def _compute_cached(make: Callable[..., T], *same: _IdentityKey) -> T:
    return make(*(one.values for one in same))


def build_array(values: Floats) -> Array:
    """Convert a message's curve to a read-only array, shape (n,)."""
    return compute_once(_create_array, values)


def _create_array(values: Floats) -> Array:
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array


def build_curve_trace(key: str, x: Floats, y: Floats, label: str = "") -> Trace:
    """Build the trace of measured points, or with the key ``fit`` of a fitted line."""
    fitted = key == "fit"
    return Trace(key, build_array(x), build_array(y), label, int(fitted), "line" if fitted else "points")


def add_fit(panel: Panel, x: Floats, data: Floats, best_fit: Floats, cross: tuple[float, float]) -> Panel:
    """Add measured points, the curve fitted to them, and a cross at the result to a panel."""
    traces = (build_curve_trace("data", x, data, "measured"), build_curve_trace("fit", x, best_fit, "fit"))
    return replace(panel, traces=traces, marks=(Mark("center", *cross),))


def format_center(center: float, x: Floats | Array) -> str:
    """Format the position that an alignment found in points at `x`, as in titles."""
    return f"center={format_position(center, x)}"


def format_mm_label(motor: str) -> str:
    """Format the label of a linear axis."""
    return f"{motor} (mm)"
