"""What a run is, by its documents alone."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.any_beamline import fold_stream
from helpers.stock_runs import make_stock_run
from helpers.streams import fold, stamp_entries
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.outline import Outline


def describe(**parts: Any) -> Outline:
    board = fold(stamp_entries(make_stock_run(**parts)))
    (outline,) = board.table.outlines.values()
    return outline


@pytest.mark.parametrize(
    ("stream", "form", "axes", "companions"),
    [
        ("stock_scan", "line", ("stage_x",), ()),
        ("stock_rel_scan", "line", ("stage_x",), ()),
        ("stock_list_scan", "line", ("stage_x",), ()),
        ("stock_scan_two_together", "line", ("stage_x",), ("table_pitch",)),
        ("stock_scan_nd_trajectory", "line", ("stage_x",), ("table_pitch",)),
        ("stock_scan_nd_product", "map", ("stage_y", "stage_x"), ()),
        ("stock_grid_scan_snaked", "map", ("stage_y", "stage_x"), ()),
        ("stock_spiral", "map", ("stage_y", "stage_x"), ()),
        ("stock_count", "time", (), ()),
        ("stock_adaptive_scan", "line", ("stage_x",), ()),
    ],
)
def test_stock_plans_are_known_by_their_documents(
    stream: str, form: str, axes: tuple[str, ...], companions: tuple[str, ...]
) -> None:
    (outline,) = fold_stream(stream, BoardConfig()).table.outlines.values()
    assert (outline.form, outline.axes, outline.companions, outline.reason) == (form, axes, companions, "")


@pytest.mark.parametrize(
    "start",
    [
        {"num_points": 1},
        {"plan_name": "record_dark_current"},
        {"plan_name": "my_dark_frames"},
        {"plan_name": "a_snapshot"},
    ],
)
def test_a_reading_is_no_scan(start: dict[str, Any]) -> None:
    outline = describe(columns={"x": [1.0, 2.0]}, dimensions=[["x"]], **start)
    assert (outline.is_reading, outline.form, outline.reason) == (True, "", "a reading")


def test_a_run_that_stopped_after_one_point_is_a_reading() -> None:
    assert describe(columns={"x": [1.0]}, dimensions=[["x"]]).is_reading
    assert not describe(columns={"x": [1.0]}, dimensions=[["x"]], finished=False).is_reading
    assert not describe(columns={"x": [1.0]}, dimensions=[["x"]], num_points=9).is_reading


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_the_axis_of_a_trajectory_is_that_of_the_first_device(order: tuple[str, str]) -> None:
    columns = {"b": [1.0, 2.0, 3.0], "a": [4.0, 5.0, 6.0]}
    outline = describe(columns=columns, dimensions=[[key] for key in order], devices={"b": ["b"], "a": ["a"]})
    assert (outline.form, outline.axes, outline.companions) == ("line", ("b",), ("a",))


@pytest.mark.parametrize("order", [("slow", "fast"), ("fast", "slow")])
@pytest.mark.parametrize("fast", [[0.0, 1.0, 2.0], [0.0, 1.0, 1.0]])
def test_the_fast_axis_of_a_map_is_the_one_that_moves_first(order: tuple[str, str], fast: list[float]) -> None:
    slow = [5.0, 5.0, 5.0 if fast[2] != fast[1] else 6.0]
    outline = describe(columns={"slow": slow, "fast": fast}, dimensions=[[key] for key in order])
    assert (outline.form, outline.axes) == ("map", ("slow", "fast"))


def test_two_axes_are_not_decided_before_the_third_point() -> None:
    outline = describe(columns={"a": [1.0, 2.0], "b": [1.0, 2.0]}, dimensions=[["a"], ["b"]], finished=False)
    assert (outline.form, outline.is_open, outline.reason) == ("", True, "fewer than 3 points")
    decided = describe(columns={"a": [1.0, 2.0], "b": [1.0, 2.0]}, dimensions=[["a"], ["b"]])
    assert (decided.form, decided.is_open) == ("line", False)


def test_noise_below_the_precision_is_no_movement() -> None:
    columns = {"a": [1.0, 1.0003, 0.9998], "b": [1.0, 2.0, 3.0]}
    assert describe(columns=columns, dimensions=[["a"], ["b"]], precision=3).form == "map"
    assert describe(columns=columns, dimensions=[["a"], ["b"]], precision=5).form == "line"


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"columns": {"x": [1.0] * 4}, "dimensions": [["x"], ["y"], ["z"]]}, "3 dimensions"),
        ({"columns": {"x": [1.0] * 4}, "dimensions": [["y"]]}, "no y in this run"),
        ({"columns": {"x": [1.0]}, "finished": False}, "fewer than 2 points"),
        ({"columns": {"x": [[1.0, 2.0]] * 3}}, "no axis: set columns.energy or columns.bragg"),
    ],
)
def test_a_run_without_a_figure_has_a_reason(parts: dict[str, Any], reason: str) -> None:
    assert describe(**parts).reason == reason


def test_a_motor_is_found_by_the_hint_of_its_device() -> None:
    columns = {"energy_energy": [1.0, 2.0], "energy_bragg": [3.0, 4.0]}
    outline = describe(
        columns=columns,
        motors=["energy"],
        devices={"energy": ["energy_bragg", "energy_energy"]},
        hints={"energy": {"fields": ["energy_energy"]}},
    )
    assert outline.axes == ("energy_energy",)
    assert {"energy", "energy_energy"} <= outline.movers


def test_a_hint_decides_the_form() -> None:
    hinted = describe(columns={"x": [1.0, 2.0]}, dimensions=[["x"]], BMM_kafka={"hint": "xrr scan"})
    assert (hinted.form, hinted.reason) == ("", "its hint names another kind: xrr scan")
    assert describe(columns={"x": [1.0]}, dimensions=[["x"]], BMM_kafka={"hint": "linescan It x"}).form == "line"
