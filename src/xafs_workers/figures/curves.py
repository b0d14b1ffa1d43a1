"""Curves that come in messages: arrays made once, and labels of the alignments that send them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

import numpy as np

from xafs_workers.figures.model import Array, Mark, Panel, Trace

T = TypeVar("T")
Values = tuple[float, ...]

KEPT_LENGTH = 10_000
"""Longer curves are made anew each time: they are not worth the memory."""


class _Same:
    """A tuple compared by identity: a message's fields are the same objects as long as it lives."""

    __slots__ = ("values",)

    def __init__(self, values: Values):
        self.values = values

    def __hash__(self) -> int:
        return id(self.values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.values is other.values


def made_once(make: Callable[..., T], *values: Values) -> T:
    """Return what `make` makes of a message's curves; the same object each time, so that nothing is drawn twice."""
    if max(map(len, values), default=0) > KEPT_LENGTH:
        return make(*values)
    return _made(make, *map(_Same, values))


@lru_cache(maxsize=128)
def _made(make: Callable[..., T], *same: _Same) -> T:
    return make(*(one.values for one in same))


def array_of(values: Values) -> Array:
    """Return a message's curve as an array, shape (n,)."""
    return made_once(_array, values)


def _array(values: Values) -> Array:
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array


def trace(key: str, x: Values, y: Values, label: str = "") -> Trace:
    """Return measured points, or with the key ``fit`` a fitted line."""
    fitted = key == "fit"
    return Trace(key, array_of(x), array_of(y), label, int(fitted), "line" if fitted else "points")


def fitted_panel(panel: Panel, x: Values, data: Values, best_fit: Values, cross: tuple[float, float]) -> Panel:
    """Return a panel with points, the curve fitted to them, and a cross at the result."""
    traces = (trace("data", x, data, "measured"), trace("fit", x, best_fit, "fit"))
    return replace(panel, traces=traces, marks=(Mark("center", *cross),))


def direction(motor: str) -> str:
    """Return the direction in which a motor moves, as titles name it: that after the first underscore, x or else y."""
    return "x" if motor.partition("_")[2] == "x" else "y"


def in_mm(motor: str) -> str:
    """Return the label of a linear axis."""
    return f"{motor} (mm)"
