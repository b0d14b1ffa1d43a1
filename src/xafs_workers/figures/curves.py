"""Curves that come in messages: arrays made once, and labels of the alignments that send them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

import numpy as np

from xafs_workers.figures.model import Array, Mark, Panel, Trace

T = TypeVar("T")
Floats = tuple[float, ...]

MAX_CACHED_LENGTH = 10_000
"""Longer curves are made anew each time: they are not worth the memory."""


class _IdentityKey:
    """A tuple compared by identity: a message's fields are the same objects as long as it lives."""

    __slots__ = ("values",)

    def __init__(self, values: Floats):
        self.values = values

    def __hash__(self) -> int:
        return id(self.values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _IdentityKey) and self.values is other.values


def compute_once(make: Callable[..., T], *values: Floats) -> T:
    """Return what `make` makes of a message's curves; the same object each time, so that nothing is drawn twice."""
    if max(map(len, values), default=0) > MAX_CACHED_LENGTH:
        return make(*values)
    return _compute_cached(make, *map(_IdentityKey, values))


@lru_cache(maxsize=128)
def _compute_cached(make: Callable[..., T], *same: _IdentityKey) -> T:
    return make(*(one.values for one in same))


def build_array(values: Floats) -> Array:
    """Return a message's curve as an array, shape (n,)."""
    return compute_once(_create_array, values)


def _create_array(values: Floats) -> Array:
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array


def build_curve_trace(key: str, x: Floats, y: Floats, label: str = "") -> Trace:
    """Return measured points, or with the key ``fit`` a fitted line."""
    fitted = key == "fit"
    return Trace(key, build_array(x), build_array(y), label, int(fitted), "line" if fitted else "points")


def add_fit(panel: Panel, x: Floats, data: Floats, best_fit: Floats, cross: tuple[float, float]) -> Panel:
    """Return a panel with points, the curve fitted to them, and a cross at the result."""
    traces = (build_curve_trace("data", x, data, "measured"), build_curve_trace("fit", x, best_fit, "fit"))
    return replace(panel, traces=traces, marks=(Mark("center", *cross),))


def parse_direction(motor: str) -> str:
    """Return the direction in which a motor moves, as titles name it: that after the first underscore, x or else y."""
    return "x" if motor.partition("_")[2] == "x" else "y"


def format_mm_label(motor: str) -> str:
    """Return the label of a linear axis."""
    return f"{motor} (mm)"
