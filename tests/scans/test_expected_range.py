"""Test the range that a running measurement is expected to cover."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.streams import build_run_documents, fold, stamp_entries
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.expected_range import find_energy_range, find_motor_range, find_time_range
from xafs_workers.scans.runs import Run

AXIS = "Axis(prefix='', name='stage_x', read_attrs=['readback'])"
OTHER = "Axis(prefix='', name='table_pitch')"


def build_run(positions: list[float], *, finished: bool = False, **start: Any) -> Run:
    columns = {"stage_x": positions, "I0": [1.0] * len(positions)}
    entries = build_run_documents(hint=None, motors=["stage_x"], columns=columns, start=start, finished=finished)
    (run,) = fold(stamp_entries(entries)).runs.values()
    return run


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ({"plan_pattern_args": {"args": [AXIS, -1, 1]}}, (4.0, 6.0)),
        ({"plan_args": {"args": [AXIS, 1.0, -1.0]}}, (2.0, 4.0)),
        ({"plan_args": {"args": [OTHER, 2, 4, AXIS, 4.0, 9.0]}}, (4.0, 9.0)),
        ({"plan_args": {"args": ["stage_x", [4.0, 5.0, 3.5, 7.0]]}}, (3.5, 7.0)),
        ({"plan_args": {"args": [OTHER, 2, 4]}}, None),
        ({"plan_args": {"args": [AXIS, 1, 1]}}, None),
        ({"plan_args": {"args": [AXIS, "a", float("nan")]}}, None),
        ({"plan_args": {"args": AXIS}, "plan_pattern_args": 3}, None),
        ({}, None),
    ],
)
def test_a_motor_moves_as_far_as_its_plan_from_the_first_point(start: dict[str, Any], expected: Any) -> None:
    assert find_motor_range(build_run([4.0, 4.1], **start), "stage_x") == expected


def test_no_range_before_the_first_point_and_after_the_end() -> None:
    start = {"plan_args": {"args": [AXIS, -1, 1]}}
    assert find_motor_range(build_run([], **start), "stage_x") is None
    assert find_motor_range(build_run([4.0], finished=True, **start), "stage_x") is None
    assert find_motor_range(build_run([4.0], **start), "table_pitch") is None


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({"bounds": "-220 -30 30 500", "e0": 8333.0}, (8113.0, 8833.0)),
        ({"bounds_given": [-220.0, -30.0, 30.0, "17k"], "e0": 8333.0}, (8113.0, 8333.0 + 17**2 / 0.262468)),
        ({"bounds": "30 -220", "e0": "8333"}, (8113.0, 8363.0)),
        ({"bounds": "-220 -30 30 500"}, None),
        ({"bounds": "-220", "e0": 8333.0}, None),
        ({"bounds": ["-2e999", 3], "e0": 8333.0}, None),
        ({"bounds": 5, "e0": 8333.0}, None),
    ],
)
def test_bounds_give_the_range_of_energy(user: dict[str, Any], expected: Any) -> None:
    found = find_energy_range(build_run([4.0], XDI={"_user": user}), BoardConfig())
    assert found == (pytest.approx(expected) if expected else None)


def test_a_time_scan_lasts_as_long_as_its_first_points_suggest() -> None:
    run = build_run([1.0] * 6, num_points=11)
    assert find_time_range(run) == (0.0, pytest.approx(10 * (run.points.time[4] - run.points.time[0]) / 4))
    assert find_time_range(build_run([1.0] * 4, num_points=11)) is None
    assert find_time_range(build_run([1.0] * 6)) is None
