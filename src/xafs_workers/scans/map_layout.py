"""Places of the points of a map that no message describes: pixels where the positions form a grid, else squares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.run_axes import iterate_members
from xafs_workers.scans.runs import Run

Array = np.ndarray[Any, np.dtype[np.float64]]
Indices = np.ndarray[Any, np.dtype[np.int64]]

SAME_POSITION = 1e-3
"""Part of an axis' range within which two positions are the same column or row."""

MAX_CELLS = 200
"""Largest number of cells along each axis by which squares of scattered points are drawn."""

NEIGHBOURS = 500
"""Number of points whose distance to their neighbours decides the size of squares."""

CELLS_PER_SQUARE = 5
"""Number of cells along the side of a square."""


@dataclass(frozen=True, slots=True, eq=False)
class MapLayout:
    """Cells of a map.

    Attributes
    ----------
    x, y
        Positions of the columns and rows of cells, ascending or descending.
    point
        Index of the point that each cell shows, -1 for none; shape (len(y), len(x)).
    is_grid
        True if each cell is a pixel; False if a point is a square of several cells.
    """

    x: Array
    y: Array
    point: Indices
    is_grid: bool

    def arrange(self, values: Array) -> Array:
        """Arrange one value for each point as a map, NaN where no point is; shape (len(y), len(x))."""
        return np.append(values, np.nan)[self.point]


def find_layout(run: Run, vertical: str, horizontal: str) -> MapLayout:
    """Find the layout of a run's points over two columns; the same object as long as the points are the same."""
    return run.points.compute_once(
        ("map layout", vertical, horizontal), lambda: _compute_layout(run, vertical, horizontal)
    )


def _compute_layout(run: Run, vertical: str, horizontal: str) -> MapLayout:
    y, x = run.points.get_column(vertical), run.points.get_column(horizontal)
    planned = _read_planned_grid(run.start, y, x)
    if planned is not None:
        return _place_in_grid(x, y, *planned)
    columns, rows = _find_levels(x), _find_levels(y)
    if _is_grid(len(x), len(columns), len(rows)):
        return _place_in_grid(x, y, columns, rows)
    return _place_squares(x, y)


def _read_planned_grid(start: Mapping[str, Any], y: Array, x: Array) -> tuple[Array, Array] | None:
    """Read columns and rows of a rectilinear grid; those of a relative plan are moved to where the run began."""
    if as_text(as_mapping(start.get("hints")).get("gridding")) != "rectilinear":
        return None
    shape = [length for length in iterate_members(start.get("shape")) if isinstance(length, int) and length > 0]
    extents = [list(iterate_members(one)) for one in iterate_members(start.get("extents"))]
    if len(shape) != 2 or [len(one) for one in extents] != [2, 2]:
        return None
    axes: list[Array] = []
    for length, (first, last), measured in zip(shape, extents, (y, x), strict=True):
        levels = np.linspace(float(first), float(last), length)
        step = abs(levels[1] - levels[0]) if length > 1 else 1.0
        begun = measured[np.isfinite(measured)][:1]
        shift = float(begun[0] - levels[0]) if len(begun) else 0.0
        axes.append(levels + shift if abs(shift) > step / 2 else levels)
    return axes[1], axes[0]


def _find_levels(positions: Array) -> Array:
    """Find the different positions of an axis, ascending; positions that nearly agree are one."""
    found = np.unique(positions[np.isfinite(positions)])
    if len(found) < 2:
        return found
    begins = np.append(True, np.diff(found) > SAME_POSITION * (found[-1] - found[0]))
    return found[begins]


def _is_grid(points: int, columns: int, rows: int) -> bool:
    """Check whether so many points fill a grid but for the last row, in whichever direction it is filled."""
    if points == 0 or min(columns, rows) < 1:
        return False
    return columns * rows - max(columns, rows) < points <= columns * rows


def _place_in_grid(x: Array, y: Array, columns: Array, rows: Array) -> MapLayout:
    point = np.full((len(rows), len(columns)), -1, dtype=np.int64)
    usable = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    point[_find_nearest(y[usable], rows), _find_nearest(x[usable], columns)] = usable
    return MapLayout(columns, rows, point, is_grid=True)


def _find_nearest(positions: Array, levels: Array) -> Indices:
    return np.argmin(np.abs(positions[:, None] - levels[None, :]), axis=1)


def _place_squares(x: Array, y: Array) -> MapLayout:
    """Place squares around scattered points; their side is the median distance to the nearest neighbour.

    Distances are relative to the ranges of both axes, which may have different units.
    """
    usable = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if not len(usable):
        return MapLayout(np.empty(0), np.empty(0), np.empty((0, 0), dtype=np.int64), is_grid=False)
    u, v = _scale(x[usable]), _scale(y[usable])
    side = _compute_side(u, v)
    cells_u, cells_v = (_divide(one, side) for one in (u, v))
    point = np.full((len(cells_v), len(cells_u)), -1, dtype=np.int64)
    columns, rows = _find_covered(u, cells_u, side), _find_covered(v, cells_v, side)
    for index, (left, right), (low, high) in zip(usable, columns, rows, strict=True):
        point[low:high, left:right] = index
    return MapLayout(_restore(cells_u, x[usable]), _restore(cells_v, y[usable]), point, is_grid=False)


def _find_covered(scaled: Array, cells: Array, side: float) -> list[tuple[int, int]]:
    """Find the first cell that each square covers and the one after the last; at least one cell."""
    first = np.searchsorted(cells, scaled - side / 2)
    last = np.searchsorted(cells, scaled + side / 2, side="right")
    first = np.minimum(first, len(cells) - 1)
    return list(zip(first.tolist(), np.maximum(last, first + 1).tolist(), strict=True))


def _scale(positions: Array) -> Array:
    span = float(np.ptp(positions)) or 1.0
    return (positions - positions.min()) / span


def _restore(scaled: Array, positions: Array) -> Array:
    return positions.min() + scaled * (float(np.ptp(positions)) or 1.0)


def _compute_side(u: Array, v: Array) -> float:
    """Compute the median distance of each point to its nearest neighbour, along the axis where it is larger."""
    if len(u) < 2:
        return 1.0
    some = slice(NEIGHBOURS)
    distance = np.maximum(np.abs(u[some, None] - u[None, :]), np.abs(v[some, None] - v[None, :]))
    np.fill_diagonal(distance, np.inf)
    return float(np.median(distance.min(axis=1))) or 1.0 / MAX_CELLS


def _divide(scaled: Array, side: float) -> Array:
    low, high = float(scaled.min()) - side / 2, float(scaled.max()) + side / 2
    count = min(MAX_CELLS, max(CELLS_PER_SQUARE, round(CELLS_PER_SQUARE * (high - low) / side)))
    edges = np.linspace(low, high, count + 1)
    return (edges[1:] + edges[:-1]) / 2
