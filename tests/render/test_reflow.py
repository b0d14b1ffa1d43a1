"""The grid of a figure's panels follows the shape of the canvas."""

from __future__ import annotations

from dataclasses import replace

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawn

from xafs_workers.figures.model import Figure, Panel
from xafs_workers.render.matplotlib.drawing import Drawing
from xafs_workers.render.reflow import GridFitter

KEYS = ("transmission", "fluorescence", "I0", "reference", "chi")


def make_figure(count: int, *, is_fixed: bool = False) -> Figure:
    """Return a figure whose panels are in one row."""
    panels = tuple(Panel(key, column=column) for column, key in enumerate(KEYS[:count]))
    order = () if is_fixed else KEYS[:count]
    return Figure("f", "xafsscan", "", panels, 1, count, 5.5 * count, 5.5, reading_order=order)


def list_cells(figure: Figure) -> list[tuple[int, int, int, int]]:
    return [(panel.row, panel.column, panel.row_span, panel.column_span) for panel in figure.panels]


@pytest.mark.parametrize(
    ("count", "size", "grid"),
    [
        (4, (1400, 700), (2, 2)), (4, (700, 700), (2, 2)), (4, (450, 900), (4, 1)), (4, (1900, 450), (1, 4)),
        (5, (1400, 700), (2, 3)), (5, (700, 700), (3, 2)), (3, (450, 900), (3, 1)), (2, (400, 800), (2, 1)),
    ],
)  # fmt: skip
def test_the_grid_suits_the_canvas(count: int, size: tuple[int, int], grid: tuple[int, int]) -> None:
    fitted = GridFitter().fit(make_figure(count), *size)
    assert (fitted.rows, fitted.columns) == grid


def test_the_last_panel_leaves_no_cell_empty() -> None:
    tall = GridFitter().fit(make_figure(5), 700, 700)
    assert list_cells(tall) == [(0, 0, 1, 1), (0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 1, 1), (2, 0, 1, 2)]
    wide = GridFitter().fit(make_figure(5), 1400, 800)
    assert list_cells(wide) == [(0, 0, 1, 1), (0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 1, 1), (0, 2, 2, 1)]


def make_pair() -> Figure:
    """Return a live view of five panels with a merge of three that belongs beside it."""
    panels = (Panel("mu", column_span=2), Panel("chi", row=1), Panel("chir", row=1, column=1))
    merge = Figure("m", "xafs_sequence", "Sequence 2/3", panels, 2, 2, reading_order=("mu", "chi", "chir"))
    return replace(make_figure(5), beside=merge)


@pytest.mark.parametrize(("width", "height"), [(1382, 700), (2765, 1480)])
def test_a_wide_canvas_shows_two_figures_side_by_side(width: int, height: int) -> None:
    fitted = GridFitter().fit(make_pair(), width, height)
    assert [panel.key for panel in fitted.panels] == [*KEYS, "beside-mu", "beside-chi", "beside-chir"]
    assert fitted.get_panel("beside-mu").title == "Sequence 2/3"
    assert fitted.columns == 2 * fitted.split
    for panel in fitted.panels:
        side = range(fitted.split) if panel.key in KEYS else range(fitted.split, fitted.columns)
        assert {panel.column, panel.column + panel.column_span - 1} <= set(side)
    cells = {(panel.row + i, panel.column + j)
             for panel in fitted.panels for i in range(panel.row_span) for j in range(panel.column_span)}  # fmt: skip
    assert len(cells) == fitted.rows * fitted.columns, "no cell is empty, none is taken twice"
    again = GridFitter().fit(make_pair(), width, height)
    assert list_cells(again) == list_cells(fitted)


@pytest.mark.parametrize(("size", "type_scale"), [((900, 500), 1.0), ((1382, 1300), 1.0), ((1382, 700), 2.4)])
def test_a_narrow_canvas_shows_one_figure(size: tuple[int, int], type_scale: float) -> None:
    fitted = GridFitter().fit(make_pair(), *size, type_scale)
    assert [panel.key for panel in fitted.panels] == list(KEYS)


@pytest.mark.parametrize("figure", [make_figure(4, is_fixed=True), make_figure(1)])
def test_a_fixed_grid_is_kept(figure: Figure) -> None:
    assert GridFitter().fit(figure, 700, 700) is figure


def test_an_unchanged_panel_is_the_same_object() -> None:
    fitter, figure = GridFitter(), make_figure(4)
    once, again = fitter.fit(figure, 700, 700), fitter.fit(figure, 700, 700)
    assert all(panel is other for panel, other in zip(once.panels, again.panels, strict=True))


def test_a_canvas_of_another_shape_gets_another_grid() -> None:
    canvas = FigureCanvasAgg(Drawn(figsize=(19, 4.5), dpi=50))
    drawing = Drawing(canvas)
    drawing.show(make_figure(4))
    assert drawing.model is not None
    assert drawing.model.columns == 4
    canvas.figure.set_size_inches(9, 9)
    canvas.callbacks.process("resize_event", None)
    assert drawing.model.columns == 2
