"""Layout of the panels: margins for the decorations, and axes of equal size in the remaining space.

A constraint solver would give the same result but take much longer; this is arithmetic on a few numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

_MIN_AXES_FRACTION = 0.25  # of the canvas, in each direction, is left for the axes even with large fonts


class Rect(NamedTuple):
    """Rectangle on the canvas, in points from the lower left corner."""

    left: float
    bottom: float
    width: float
    height: float


class Margins(NamedTuple):
    """Widths of the space around a pair of axes for labels, legend and title, in points."""

    left: float
    right: float
    bottom: float
    top: float

    def grow_to(self, need: Margins, slack: float) -> Margins:
        """Return margins that are at least `need`; on the left and right, growth adds `slack`, so that it is rare."""
        sides = (slack, slack, 0.0, 0.0)
        return Margins(*(old if new <= old else new + more for old, new, more in zip(self, need, sides, strict=True)))


@dataclass(frozen=True, slots=True)
class Cell:
    """Position of a panel in the grid, and the margins it needs."""

    row: int
    column: int
    row_span: int
    column_span: int
    margins: Margins


def arrange(cells: dict[str, Cell], grid: tuple[int, int], canvas: Rect) -> tuple[dict[str, Rect], bool]:
    """Compute the rectangle of each panel's axes, aligned by row and column, and whether margins had to shrink.

    Parameters
    ----------
    grid
        Number of rows and columns; cells outside of it enlarge the grid.
    canvas
        Rectangle that the panels share, margins included.
    """
    rows = max([grid[0], *(cell.row + cell.row_span for cell in cells.values())])
    columns = max([grid[1], *(cell.column + cell.column_span for cell in cells.values())])
    across = _Axis(columns, canvas.width)
    down = _Axis(rows, canvas.height)
    for cell in cells.values():
        across.reserve(cell.column, cell.column_span, cell.margins.left, cell.margins.right)
        down.reserve(cell.row, cell.row_span, cell.margins.top, cell.margins.bottom)
    rects: dict[str, Rect] = {}
    for key, cell in cells.items():
        left, right = across.compute_bounds(cell.column, cell.column_span)
        top, bottom = down.compute_bounds(cell.row, cell.row_span)
        rects[key] = Rect(canvas.left + left, canvas.bottom + canvas.height - bottom, right - left, bottom - top)
    return rects, across.has_shrunk or down.has_shrunk


class _Axis:
    """Columns, or rows from the top, that divide a length among them."""

    def __init__(self, count: int, length: float):
        self.length = length
        self.margins_before = [0.0] * count
        self.margins_after = [0.0] * count

    def reserve(self, start: int, span: int, before: float, after: float) -> None:
        """Reserve margins before the first and after the last of `span` columns."""
        end = start + span - 1
        self.margins_before[start] = max(self.margins_before[start], before)
        self.margins_after[end] = max(self.margins_after[end], after)

    @property
    def _claimed(self) -> float:
        return sum(self.margins_before) + sum(self.margins_after)

    @property
    def has_shrunk(self) -> bool:
        """Whether the reserved margins are larger than what is left beside the axes."""
        return self._claimed > (1.0 - _MIN_AXES_FRACTION) * self.length

    def compute_bounds(self, start: int, span: int) -> tuple[float, float]:
        """Return the start and the end of axes that fill `span` columns."""
        claimed = self._claimed
        share = min(1.0, (1.0 - _MIN_AXES_FRACTION) * self.length / claimed) if claimed else 1.0
        inner = (self.length - share * claimed) / len(self.margins_before)
        end = start + span - 1
        begin = share * (sum(self.margins_before[: start + 1]) + sum(self.margins_after[:start])) + inner * start
        close = share * (sum(self.margins_before[: end + 1]) + sum(self.margins_after[:end])) + inner * (end + 1)
        return begin, close
