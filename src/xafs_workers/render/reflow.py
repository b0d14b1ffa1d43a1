"""Grid of a figure's panels, chosen by the shape of the canvas: one row, one column, or something between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import lcm, log

from xafs_workers.figures.model import Figure, Panel

PREFERRED_ASPECT = 1.4
"""Width of axes divided by their height at which a spectrum is read well."""

KEPT_ASPECT = 1.3
"""A canvas whose aspect differs from that of the figure's own picture by less than this factor keeps its grid."""

DECORATION_WIDTH, DECORATION_HEIGHT = 70.0, 60.0
"""Room that labels of one panel take beside and below its axes, points."""

BESIDE_WIDTH = 1100.0
"""Smallest width at which two figures are shown side by side, points: that of some 1500 pixels."""

BESIDE_ASPECT = 1.5
"""Smallest width at which they are, in units of the height."""

BESIDE_PREFIX = "beside-"
"""Start of the keys of the panels of the figure on the right."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """Position of one panel in a grid, from the top left."""

    row: int
    column: int
    row_span: int = 1
    column_span: int = 1


@dataclass(frozen=True, slots=True)
class _Grid:
    """Grid with a cell for each panel, by panel key, in reading order."""

    rows: int
    columns: int
    cells: Mapping[str, _Cell]


class GridFitter:
    """Fitter of figures to canvases; a panel that has not changed is the same object in the next figure."""

    def __init__(self) -> None:
        self._fitted: dict[str, tuple[Panel, Panel]] = {}

    def fit(self, figure: Figure, width: float, height: float, type_scale: float = 1.0) -> Figure:
        """Return a figure with the grid that suits a canvas; the same figure where its own grid does.

        On a wide canvas the figure that belongs beside it is part of it, in the right half.

        Parameters
        ----------
        width, height
            Size of the canvas, points.
        type_scale
            Size of the type in units of the usual one; labels take as much more room.
        """
        width, height = width / type_scale, height / type_scale
        beside = figure.beside
        if beside is None or not can_show_beside(width, height):
            grid = choose_grid(figure, width, height)
            if grid is None:
                return figure
            panels = [self._fit_panel(figure.get_panel(key), key, cell) for key, cell in grid.cells.items()]
            return replace(figure, panels=tuple(panels), rows=grid.rows, columns=grid.columns)
        left, right = (choose_grid(one, 0.5 * width, height) or _get_own_grid(one) for one in (figure, beside))
        left, right = _join_grids(left, right)
        panels = [self._fit_panel(figure.get_panel(key), key, cell) for key, cell in left.cells.items()]
        for number, (key, cell) in enumerate(right.cells.items()):
            heading = "" if number else beside.title
            panels.append(self._fit_panel(beside.get_panel(key), f"{BESIDE_PREFIX}{key}", cell, heading))
        return replace(figure, panels=tuple(panels), rows=left.rows, columns=2 * left.columns, split=left.columns)

    def _fit_panel(self, panel: Panel, key: str, cell: _Cell, heading: str = "") -> Panel:
        """Return a panel in a cell, under a key, with a heading before its title."""
        source, fitted = self._fitted.get(key, (None, None))
        title = "; ".join(part for part in (heading, panel.title) if part)
        if source is panel and fitted is not None and _get_cell(fitted) == cell and fitted.title == title:
            return fitted
        spans = {"row_span": cell.row_span, "column_span": cell.column_span}
        fitted = replace(panel, key=key, title=title, row=cell.row, column=cell.column, **spans)
        self._fitted[key] = panel, fitted
        return fitted


def can_show_beside(width: float, height: float) -> bool:
    """Check whether a canvas has room for two figures side by side; lengths in points of the usual type."""
    return width >= BESIDE_WIDTH and width >= BESIDE_ASPECT * height


def choose_grid(figure: Figure, width: float, height: float) -> _Grid | None:
    """Choose the grid whose axes are nearest to the preferred aspect; None to keep the figure's own grid."""
    count = len(figure.reading_order)
    if count < 2 or count != len(figure.panels) or min(width, height) <= 0.0:
        return None
    own_aspect = figure.width / figure.height
    if abs(log(width / height / own_aspect)) < log(KEPT_ASPECT):
        return None
    best = min(_iterate_grids(count), key=lambda grid: _rate_grid(grid, width, height))
    return replace(best, cells=dict(zip(figure.reading_order, best.cells.values(), strict=True)))


def _get_own_grid(figure: Figure) -> _Grid:
    return _Grid(figure.rows, figure.columns, {panel.key: _get_cell(panel) for panel in figure.panels})


def _join_grids(left: _Grid, right: _Grid) -> tuple[_Grid, _Grid]:
    """Return two grids with finer cells: of one number of rows, each as wide as the other, the second on the right."""
    rows, columns = lcm(left.rows, right.rows), lcm(left.columns, right.columns)
    return _refine_grid(left, rows, columns, 0), _refine_grid(right, rows, columns, columns)


def _refine_grid(grid: _Grid, rows: int, columns: int, offset: int) -> _Grid:
    """Return a grid with a multiple of its rows and columns, so many columns further to the right."""
    down, across = rows // grid.rows, columns // grid.columns
    cells = {
        key: _Cell(down * cell.row, across * cell.column + offset, down * cell.row_span, across * cell.column_span)
        for key, cell in grid.cells.items()
    }
    return _Grid(rows, columns, cells)


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
    return _number_cells(rows, columns, cells)


def _fill_block(count: int, rows: int, columns: int) -> _Grid:
    """Return the grid in which the last panel is beside all others."""
    cells = [_Cell(number // (columns - 1), number % (columns - 1)) for number in range(count - 1)]
    return _number_cells(rows, columns, [*cells, _Cell(0, columns - 1, row_span=rows)])


def _number_cells(rows: int, columns: int, cells: list[_Cell]) -> _Grid:
    return _Grid(rows, columns, {str(number): cell for number, cell in enumerate(cells)})


def _get_cell(panel: Panel) -> _Cell:
    return _Cell(panel.row, panel.column, panel.row_span, panel.column_span)
