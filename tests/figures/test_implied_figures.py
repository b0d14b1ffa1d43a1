"""Figures of runs without a message: those of Bluesky's stock plans, as real sessions published them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from helpers.any_beamline import LINES, MAPS, find_stream, fold_stream
from helpers.any_figures import check_lines, check_map, check_spiral
from helpers.figures import join_notes
from helpers.stock_runs import make_stock_run
from helpers.streams import fold, read_entries, stamp_entries
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Figure
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.settings import Detectors, Scans

CONFIG = BoardConfig(implied_forms=Scans(from_documents=True).implied_forms)


def draw_stream(name: str) -> Figure:
    board = fold_stream(name, CONFIG)
    (scan,) = board.scans
    return build_figure(board, scan)


def draw_run(**parts: Any) -> Figure:
    board = fold(stamp_entries(make_stock_run(**parts)), Board(CONFIG))
    (scan,) = board.scans
    return build_figure(board, scan)


@pytest.mark.parametrize("stream", LINES)
def test_lines_of_stock_plans(stream: str) -> None:
    check_lines(draw_stream(stream), stream)


@pytest.mark.parametrize("stream", MAPS)
def test_pixels_of_stock_plans(stream: str) -> None:
    check_map(draw_stream(stream), stream)


def test_a_spiral_is_squares() -> None:
    check_spiral(draw_stream("stock_spiral"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "stream", ["stock_scan", "stock_rel_scan", "stock_list_scan", "stock_adaptive_scan", "stock_scan_two_together"]
)
def test_what_the_callback_of_bluesky_draws_is_drawn(stream: str) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    callbacks = pytest.importorskip("bluesky.callbacks.best_effort")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.close("all")
    callback = callbacks.BestEffortCallback()
    callback.disable_table()
    callback.disable_baseline()
    for name, doc in read_entries(find_stream(stream)):
        callback(name, doc)
    drawn = {
        axes.get_ylabel(): axes.lines[0].get_xydata() for n in pyplot.get_fignums() for axes in pyplot.figure(n).axes
    }
    pyplot.close("all")
    ours = {panel.key: panel.traces[0] for panel in draw_stream(stream).panels}
    assert drawn
    assert drawn.keys() <= ours.keys()
    for key, points in drawn.items():
        assert np.array_equal(np.asarray(points), np.column_stack([ours[key].x, ours[key].y]))


def test_a_grid_is_filled_row_by_row() -> None:
    columns = {"y": [0.0, 0.0, 0.0, 1.0, 1.0], "x": [0.0, 1.0, 2.0, 2.0, 1.0], "d": [1.0, 2.0, 3.0, 4.0, 5.0]}
    (panel,) = draw_run(columns=columns, dimensions=[["y"], ["x"]], finished=False).panels
    assert np.array_equal(panel.meshes[0].z, [[1.0, 2.0, 3.0], [np.nan, 5.0, 4.0]], equal_nan=True)


def test_a_relative_grid_lies_where_it_was_measured() -> None:
    columns = {"y": [9.0, 9.0, 10.0, 10.0], "x": [5.0, 6.0, 5.0, 6.0], "d": [1.0, 2.0, 3.0, 4.0]}
    start = {"shape": [2, 2], "extents": [[-0.5, 0.5], [-0.5, 0.5]], "hints": {"gridding": "rectilinear"}}
    (panel,) = draw_run(columns=columns, dimensions=[["y"], ["x"]], **start).panels
    (mesh,) = panel.meshes
    assert (mesh.x.tolist(), mesh.y.tolist(), mesh.z.tolist()) == ([5.0, 6.0], [9.0, 10.0], [[1.0, 2.0], [3.0, 4.0]])


def test_six_of_many_signals_are_drawn() -> None:
    columns = {"x": [1.0, 2.0], **{f"d{n}": [1.0, 2.0] for n in range(14)}, "frame": [[1.0, 2.0]] * 2}
    figure = draw_run(columns=columns, dimensions=[["x"]], plan_name="scan")
    assert [panel.key for panel in figure.panels] == [f"d{n}" for n in range(6)]
    assert figure.title == "scan of x  (scan 1)  6 of 14; not drawn: frame"


def test_ratios_of_configured_columns_come_first() -> None:
    columns = {"x": [1.0, 2.0], "I0": [10.0, 20.0], "It": [5.0, 5.0], "Fe1": [1.0, 2.0]}
    config = replace(CONFIG, detectors=Detectors(channels={"one": (1,)}))
    board = fold(stamp_entries(make_stock_run(columns, dimensions=[["x"]])), Board(config))
    figure = build_figure(board, board.scans[0])
    assert [panel.key for panel in figure.panels] == ["It/I0", "fluorescence", "I0", "It", "Fe1"]
    assert figure.panels[0].traces[0].y.tolist() == [0.5, 0.25]


def test_a_run_that_has_no_signal_says_so() -> None:
    figure = draw_run(columns={"x": [1.0, 2.0]}, dimensions=[["x"]])
    assert join_notes(figure) == "no numbers to draw"


def test_signals_are_drawn_if_no_device_hints_at_one() -> None:
    columns = {"x": [1.0, 2.0], "x_setpoint": [1.0, 2.0], "d": [3.0, 4.0]}
    devices = {"x": ["x", "x_setpoint"], "d": ["d"]}
    hints = {"x": {"fields": ["x"]}, "d": {"fields": []}}
    figure = draw_run(columns=columns, dimensions=[["x"]], devices=devices, hints=hints)
    assert [panel.key for panel in figure.panels] == ["d"]


def test_labels_have_units() -> None:
    assert [panel.y_label for panel in draw_stream("stock_scan").panels] == ["diode_current (nA)", "i0_current (µA)"]
