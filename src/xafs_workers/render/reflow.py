"""Grid of a figure's panels, chosen by the shape of the canvas: one row, one column, or something between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import log

from xafs_workers.figures.model import Figure, Panel

PREFERRED_ASPECT = 1.4
"""Width of axes divided by their height at which a spectrum is read well."""

KEPT_ASPECT = 1.3
"""A canvas whose aspect differs from that of the figure's own picture by less than this factor keeps its grid."""

DECORATION_WIDTH, DECORATION_HEIGHT = 70.0, 60.0
"""Room that labels of one panel take beside and below its axes, points."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """Position of one panel in a grid."""

    row: int
    column: int
    row_span: int = 1
    column_span: int = 1


@dataclass(frozen=True, slots=True)
class _Grid:
    """Grid with a cell for each panel, in reading order."""

    rows: int
    columns: int
    cells: tuple[_Cell, ...]


class GridFitter:
    """Fitter of figures to canvases; a panel that has not changed is the same object in the next figure."""

    def __init__(self) -> None:
        self._fitted: dict[str, tuple[Panel, Panel]] = {}

    def fit(self, figure: Figure, width: float, height: float, type_scale: float = 1.0) -> Figure:
        """Return a figure with the grid that suits a canvas; the same figure where its own grid does.

        Parameters
        ----------
        width, height
            Size of the canvas, points.
        type_scale
            Size of the type in units of the usual one; labels take as much more room.
        """
        grid = choose_grid(figure, width / type_scale, height / type_scale)
        if grid is None:
            return figure
        panels: list[Panel] = []
        for key, cell in zip(figure.reading_order, grid.cells, strict=True):
            panel = figure.get_panel(key)
            source, fitted = self._fitted.get(key, (None, None))
            if source is not panel or fitted is None or _get_cell(fitted) != cell:
                fitted = replace(
                    panel, row=cell.row, column=cell.column, row_span=cell.row_span, column_span=cell.column_span
                )
                self._fitted[key] = panel, fitted
            panels.append(fitted)
        return replace(figure, panels=tuple(panels), rows=grid.rows, columns=grid.columns)


def choose_grid(figure: Figure, width: float, height: float) -> _Grid | None:
    """Choose the grid whose axes are nearest to the preferred aspect; None to keep the figure's own grid."""
    count = len(figure.reading_order)
    if count < 2 or count != len(figure.panels) or min(width, height) <= 0.0:
        return None
    own_aspect = figure.width / figure.height
    if abs(log(width / height / own_aspect)) < log(KEPT_ASPECT):
        return None
    return min(_iterate_grids(count), key=lambda grid: _rate_grid(grid, width, height))


def _rate_grid(grid: _Grid, width: float, height: float) -> float:
    """Return how far the axes are from the preferred aspect; 0 is best."""
    axes_width = max(width / grid.columns - DECORATION_WIDTH, 1.0)
    axes_height = max(height / grid.rows - DECORATION_HEIGHT, 1.0)
    return abs(log(axes_width / axes_height / PREFERRED_ASPECT))


def _iterate_grids(count: int) -> Iterator[_Grid]:
    """Yield the grids without an empty cell; where a cell would be empty the last panel fills it."""
    for columns in range(1, count + 1):
        rows = -(-count // columns)
        if columns > 1 and -(-count // rows) != columns:
            continue  # the same number of rows needs fewer columns
        if rows > 1 and count - 1 == rows * (columns - 1):
            yield _fill_block(count, rows, columns)
        yield _fill_rows(count, rows, columns)


def _fill_rows(count: int, rows: int, columns: int) -> _Grid:
    """Return the grid in which the last panel fills the rest of the last row."""
    cells = [_Cell(number // columns, number % columns) for number in range(count)]
    cells[-1] = replace(cells[-1], column_span=columns - cells[-1].column)
    return _Grid(rows, columns, tuple(cells))


def _fill_block(count: int, rows: int, columns: int) -> _Grid:
    """Return the grid in which the last panel is beside all others."""
    cells = [_Cell(number // (columns - 1), number % (columns - 1)) for number in range(count - 1)]
    return _Grid(rows, columns, (*cells, _Cell(0, columns - 1, row_span=rows)))


def _get_cell(panel: Panel) -> _Cell:
    return _Cell(panel.row, panel.column, panel.row_span, panel.column_span)
