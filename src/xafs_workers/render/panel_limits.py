"""Limits of a panel's axes, which are the same in windows, pictures and pages."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from xafs_workers.figures.model import Mark, Mesh, Panel, Trace
from xafs_workers.render import limits
from xafs_workers.render.grid import compute_mesh_extent
from xafs_workers.render.items import ItemKey, iter_items
from xafs_workers.render.limits import Extent, Interval

EMPTY_LIMITS: tuple[Interval, Interval] = ((0.0, 1.0), (0.0, 1.0))
EMPTY_LOG_LIMITS: tuple[Interval, Interval] = ((0.0, 1.0), (0.1, 1.0))


class ExtentCache:
    """Extents of the items of a panel; those of unchanged items are not computed again."""

    def __init__(self) -> None:
        self._extents: dict[ItemKey, tuple[Any, Extent | None]] = {}

    def measure(self, panel: Panel) -> Extent | None:
        """Return the extent of all traces, meshes and marks of a panel, None if nothing can be drawn."""
        before, self._extents = self._extents, {}
        for key, item in iter_items(panel):
            old = before.get(key)
            if old is None or not _has_same_data(old[0], item):
                old = item, _measure_item(item)
            self._extents[key] = old
        return limits.merge_extents([extent for _, extent in self._extents.values() if extent is not None])


def _has_same_data(one: Any, other: Any) -> bool:
    if isinstance(one, Trace) and isinstance(other, Trace):
        return one.x is other.x and one.y is other.y
    return one is other


def _measure_item(item: Any) -> Extent | None:
    match item:
        case Trace():
            return limits.compute_extent(item.x, item.y)
        case Mesh():
            return compute_mesh_extent(item)
        case Mark():
            return limits.compute_extent(np.array([item.x]), np.array([item.y]))
        case _:
            return None


def choose_margins(panel: Panel) -> tuple[float, float]:
    """Choose the margins of the limits in units of the span: none around a map, wider ones for the size of crosses."""
    if panel.meshes:
        return 0.0, 0.0
    return limits.MARKED_MARGINS if panel.marks else (limits.MARGIN_X, limits.MARGIN_Y)


def add_expected_range(panel: Panel, extent: Extent, *, is_growing: bool) -> Interval:
    """Return the interval of x that contains the data and, while they grow, what is still to be measured."""
    expected = panel.x_range
    if not is_growing or expected is None:
        return extent.left, extent.right
    return min(extent.left, *expected), max(extent.right, *expected)


def compute_line_extent(panel: Panel) -> Extent | None:
    """Compute the extent of the vertical lines; it is used only if the panel has no other data."""
    at = np.array([line.x for line in panel.lines])
    extent = limits.compute_extent(at, np.zeros_like(at))
    return extent._replace(bottom=0.1 if panel.y_scale == "log" else 0.0, top=1.0) if extent is not None else None


def compute_decades(bottom: float, top: float) -> Interval:
    """Compute the logarithms of limits; a limit at zero or below, which cannot be shown, is replaced."""
    top = top if top > 0 else 1.0
    return math.log10(bottom if bottom > 0 else top / 1e3), math.log10(top)


def fit_limits(panel: Panel, extent: Extent | None, *, is_growing: bool) -> tuple[Interval, Interval]:
    """Return the limits of x and y that fit the data without headroom, in ascending order.

    Parameters
    ----------
    extent
        Extent of the data, None for none.
    is_growing
        Whether more points are to come.
    """
    is_log = panel.y_scale == "log"
    extent = extent or compute_line_extent(panel)
    if extent is None:
        return EMPTY_LOG_LIMITS if is_log else EMPTY_LIMITS
    margin_x, margin_y = choose_margins(panel)
    x = limits.fit_interval(*add_expected_range(panel, extent, is_growing=is_growing), margin_x)
    if not is_log:
        return x, limits.fit_interval(extent.bottom, extent.top, margin_y)
    low, high = limits.fit_interval(*compute_decades(extent.bottom, extent.top), margin_y)
    return x, (10.0**low, 10.0**high)
