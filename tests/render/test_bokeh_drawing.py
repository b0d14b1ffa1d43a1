"""Test Bokeh models of figures: all can be drawn, reused models equal new ones, only new and changed data are sent."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import bokeh
import numpy as np
import pytest
from bokeh.document import Document
from bokeh.document.events import ColumnDataChangedEvent, ColumnsPatchedEvent, ColumnsStreamedEvent
from bokeh.embed import json_item
from bokeh.models import ColumnDataSource

from helpers.figures import build_shown_figures
from helpers.streams import EntryStamper, build_run_documents, fold, generate_session, stamp_entries
from xafs_workers.figures.figure_builder import build_figure, list_shown_scans
from xafs_workers.figures.model import Figure, Mesh, Panel, Text, Trace
from xafs_workers.render.bokeh.columns import update_source
from xafs_workers.render.bokeh.drawing import PLACEHOLDER, Drawing
from xafs_workers.render.bokeh.room import CHARACTER_WIDTH, Room
from xafs_workers.render.bokeh.style import Style
from xafs_workers.render.sketch import render_sketch

if TYPE_CHECKING:
    from plugins.browsers import OpenTab

GALLERY = Path(__file__).parents[2] / "tools" / "gallery.py"
SCRIPT = Path(bokeh.__file__).parent / "server" / "static" / "js" / "bokeh.min.js"


@pytest.fixture(scope="module")
def gallery() -> dict[str, Figure]:
    spec = importlib.util.spec_from_file_location("gallery_of_pages", GALLERY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["gallery_of_pages"] = module
    spec.loader.exec_module(module)
    return dict(module.figures())


def numbers(drawing: Drawing) -> dict[tuple[str, str], list[Any]]:
    """Return the data of the models by panel key and by trace or mesh key."""
    found: dict[tuple[str, str], list[Any]] = {}
    for key, view in drawing.views.items():
        for renderer in view.plot.renderers:
            source = getattr(renderer, "data_source", None)
            if source is None or source.name is None:
                continue
            data = source.data
            arrays = data["image"] if "image" in data else [data[name] for name in ("x", "y", "value") if name in data]
            found[key, source.name] = [np.asarray(array, dtype=float).tolist() for array in arrays]
    return found


def test_every_figure_can_be_drawn_in_a_page(gallery: dict[str, Figure], open_tab: OpenTab) -> None:
    tab = open_tab("about:blank")
    tab.page.add_script_tag(path=str(SCRIPT))
    tab.page.set_content("<div id=here></div>")
    drawn = """async ([item, panels]) => {
      const [root] = await Bokeh.embed.embed_item(item, "here");
      const walk = (view) => view.child_views ? [view, ...view.child_views.flatMap(walk)] : [view];
      const count = walk(root).filter((view) => view.model.type == "Figure").length;
      root.remove(); Bokeh.documents.splice(0);
      return count == panels; }"""
    for number, (name, figure) in enumerate(gallery.items()):
        style = Style(dark=number % 2 == 1, large=number % 3 == 1, narrow=number % 5 == 1)
        assert tab.page.evaluate(drawn, [json_item(Drawing(figure, style).root), len(figure.panels)]), name


@pytest.mark.slow
def test_every_figure_has_a_thumbnail(gallery: dict[str, Figure]) -> None:
    for name, figure in gallery.items():
        text = render_sketch(figure)
        assert len(text) < 60_000, name
        assert ElementTree.fromstring(text).tag.endswith("svg")
        drawn = any(len(trace.x) for panel in figure.panels for trace in panel.traces)
        assert ("<path" in text or "<image" in text) is (drawn or any(panel.meshes for panel in figure.panels)), name


@pytest.mark.first_case_fast
@pytest.mark.parametrize("seed", range(6))
def test_updated_models_equal_new_ones(seed: int) -> None:
    items = stamp_entries(generate_session(random.Random(seed), 40))
    board, drawings = fold([]), dict[str, Drawing]()
    for item in items:
        board = board.apply(item)
        for scan in list_shown_scans(board):
            figure = build_figure(board, scan)
            if figure.id in drawings:
                drawings[figure.id].show(figure)
            else:
                drawings[figure.id] = Drawing(figure, Style())
    assert drawings
    for figure in build_shown_figures(board):
        reused, new = drawings[figure.id], Drawing(figure, Style())
        np.testing.assert_equal(numbers(reused), numbers(new))
        assert [names(view) for view in reused.views.values()] == [names(view) for view in new.views.values()]


def names(view: Any) -> tuple[Any, ...]:
    plot = view.plot
    legend = [item.label.value for one in plot.above if one.visible and hasattr(one, "items") for item in one.items]
    return plot.title.text, plot.xaxis[0].axis_label, plot.yaxis[0].axis_label, plot.y_range.flipped, legend


def events_of(document: Document, act: Any) -> list[Any]:
    events: list[Any] = []
    document.on_change(events.append)
    act()
    document.remove_on_change(events.append)
    return events


def test_only_the_new_point_is_streamed() -> None:
    n = 200
    columns = {"xafs_x": [0.1 * i for i in range(n)], "I0": [2.0] * n, "It": [1.0 + i for i in range(n)]}
    run = list(build_run_documents(hint=None, motors=["xafs_x"], columns=columns))
    stamper = EntryStamper()
    message = ("bmm", {"linescan": "start", "motor": "xafs_x", "detector": "it"})
    board = fold(stamper.stamp([message, *run[:150]]))
    drawing, document = Drawing(build_figure(board, board.scans[0]), Style()), Document()
    document.add_root(drawing.root)
    board = fold(stamper.stamp(run[150:151]), board)
    event, corners = events_of(document, lambda: drawing.show(build_figure(board, board.scans[0])))
    assert isinstance(event, ColumnsStreamedEvent)
    assert isinstance(corners, ColumnDataChangedEvent), "the limits are wider"
    assert {name: len(values) for name, values in event.data.items()} == {"x": 1, "y": 1}
    assert events_of(document, lambda: drawing.show(build_figure(board, board.scans[0]))) == []


def test_a_changed_row_of_a_map_is_patched() -> None:
    z = np.full((6, 5), np.nan)
    z[0] = np.arange(5.0)
    later = z.copy()
    later[1, 1:3] = 2.0, 3.0

    def figure(values: Any) -> Figure:
        mesh = Mesh("map", np.arange(5.0), np.arange(6.0)[::-1], values)
        return Figure("f", "areascan", "t", (Panel("p", meshes=(mesh,)),))

    first, second = figure(z), figure(later)
    drawing, document = Drawing(first, Style()), Document()
    document.add_root(drawing.root)
    (event,) = events_of(document, lambda: drawing.show(second))
    assert isinstance(event, ColumnsPatchedEvent)
    ((where, values),) = event.patches["image"]
    assert where == (0, 4, slice(1, 3))
    assert values.tolist() == [2.0, 3.0]
    np.testing.assert_equal(numbers(drawing), numbers(Drawing(second, Style())))


def test_a_map_on_an_uneven_grid_is_drawn_with_contours() -> None:
    x, y = np.array([0.0, 1.0, 3.0, 7.0]), np.array([2.0, 1.0, 0.5])
    z = np.arange(12.0).reshape(3, 4)
    for contour in (False, True):
        mesh = Mesh("map", x, y, z, "It", contour)
        drawing = Drawing(Figure("f", "areascan", "t", (Panel("p", meshes=(mesh,)),)), Style())
        _, renderer = drawing.views["p"].plot.renderers  # the corners are the first
        assert renderer.level == "image"
        if not contour:
            np.testing.assert_equal(renderer.data_source.data["value"], z[::-1].ravel())
            np.testing.assert_equal(renderer.data_source.data["left"][:4], [-0.5, 0.5, 2.0, 5.0])
        changed = Mesh("map", x, y, z + 1.0, "It", contour)
        drawing.show(Figure("f", "areascan", "t", (Panel("p", meshes=(changed,)),)))
        assert len(drawing.views["p"].plot.renderers) == 2


@pytest.mark.parametrize(
    ("old", "new", "how", "event"),
    [
        ([1.0, 2.0], [1.0, 2.0], "", None),
        ([1.0, np.nan], [1.0, np.nan], "", None),
        ([1.0, np.nan], [1.0, np.nan, 3.0], "streamed", ColumnsStreamedEvent),
        ([1.0] * 10, [1.0] * 4 + [7.0] + [1.0] * 5, "patched", ColumnsPatchedEvent),
        ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0], "replaced", ColumnDataChangedEvent),
        ([1.0, 2.0, 3.0], [1.0, 2.0], "replaced", ColumnDataChangedEvent),
        ([], [1e300, 2.0], "streamed", ColumnsStreamedEvent),
    ],
)
def test_columns_are_updated(old: list[float], new: list[float], how: str, event: Any) -> None:
    source, document = ColumnDataSource({"x": np.array(old), "y": np.array(old)}), Document()
    document.add_root(source)
    ways: list[str] = []
    events = events_of(document, lambda: ways.append(update_source(source, {"x": np.array(new), "y": np.array(new)})))
    assert ways == [how]
    assert [type(one) for one in events] == ([event] if event else [])
    shown = [np.nan if abs(value) > 1e200 else value for value in new]
    np.testing.assert_equal(np.asarray(source.data["y"], dtype=float), shown)


def test_an_empty_panel_gets_tick_labels_with_the_first_point() -> None:
    def figure(*points: float) -> Figure:
        values = np.array(points)
        trace = Trace("t", values, values)
        return Figure("f", "timescan", "t", (Panel("p", traces=(trace,), texts=(Text("n", "$$x$$"),)),))

    drawing = Drawing(figure(), Style())
    plot = drawing.views["p"].plot
    assert not plot.xaxis[0].visible
    drawing.show(figure(1.0))
    assert plot.xaxis[0].visible
    assert len(plot.renderers) == 2, "the corners, and the trace"
    (label,) = [one for one in plot.center if type(one).__name__ == "Label"]
    assert label.text.text == "$$x$$"


def test_no_panel_is_blank_while_a_page_loads() -> None:
    panels = tuple(Panel(key, column=column) for column, key in enumerate("abc"))
    figure = Figure("f", "xafsscan", "", panels, 1, 3)
    drawing = Drawing(figure, Style(), panels_per_call=1)
    plots = [child[0] for child in drawing.root.children]
    assert [type(plot).__name__ for plot in plots] == ["figure", "Spacer", "Spacer"]
    for blank in plots[1:]:
        assert PLACEHOLDER in str(blank.stylesheets)
        assert blank.height == plots[0].height
    drawing.show(figure)
    drawing.show(figure)
    assert drawing.is_complete
    assert [type(child[0]).__name__ for child in drawing.root.children] == ["figure"] * 3


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("width", [360, 768, 1440, 2560])
def test_texts_are_wrapped_to_the_room(width: int, large: bool) -> None:
    room = Room(Style(large=large, narrow=width < 760), width, 300)
    title = "transmission: a sample with a long name " * 3
    lines = room.wrap_title(title).split("\n")
    assert " ".join(lines) == title.strip()
    assert all(len(line) * CHARACTER_WIDTH * room.style.title_size <= width for line in lines)
    assert room.estimate_frame_height(title, 1) < room.estimate_frame_height(title) < 300
    assert room.count_legend_columns(["scan 1"] * 3) >= room.count_legend_columns(["a longer label"] * 3) >= 1
    assert 2 <= room.x_ticks <= 6


def test_a_wrapped_title_keeps_name_and_number_together() -> None:
    title = Room(Style(narrow=True), 345, 300).wrap_title("peak 0.60   COM 1.02   FWHM 1.40   now 1.90")
    assert title.splitlines() == ["peak 0.60   COM 1.02", "FWHM 1.40   now 1.90"]


def test_the_grid_follows_the_width_of_the_page() -> None:
    keys = ("transmission", "I0", "reference", "chi")
    panels = tuple(Panel(key, column=column) for column, key in enumerate(keys))
    shown = Figure("f", "xafsscan", "", panels, 1, 4, 22.0, 5.5, reading_order=keys)
    drawing = Drawing(shown, Style())
    assert drawing.figure.columns == 4
    drawing.resize(1300, 800)
    assert drawing.figure.columns == 2
    assert [child[1:3] for child in drawing.root.children] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    drawing.resize(2500, 500)
    assert drawing.figure.columns == 4
