"""Points grow, snapshots stay true."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xafs_workers.scans.points import Points


@given(st.lists(st.tuples(st.integers(1, 40), st.floats(allow_nan=False)), max_size=200))
def test_points_equal_a_dictionary_by_sequence_number_and_snapshots_never_change(
    steps: list[tuple[int, float]],
) -> None:
    points = Points.of(("a",))
    model: dict[int, float] = {}
    snapshots = []
    for sequence, value in steps:
        points = points.with_point(sequence, float(sequence), {"a": value})
        model[sequence] = value
        snapshots.append((points, [model[s] for s in sorted(model)]))
    for snapshot, expected in snapshots:
        assert snapshot.column("a").tolist() == expected
    assert points.sequence == tuple(sorted(model))


def test_two_continuations_of_one_snapshot_do_not_meet() -> None:
    base = Points.of(("a",)).with_point(1, 0.0, {"a": 1.0})
    left, right = base.with_point(2, 0.0, {"a": 2.0}), base.with_point(2, 0.0, {"a": 3.0})
    assert left.column("a").tolist() == [1.0, 2.0]
    assert right.column("a").tolist() == [1.0, 3.0]


def test_what_is_no_number_is_a_gap() -> None:
    points = Points.of(("a", "b"))
    for n, value in enumerate([True, None, "5", [1.0], b"1", 10**400, {}], start=1):
        points = points.with_point(n, 0.0, {"a": value, "b": 2})
    assert points.column("a")[0] == 1.0
    assert all(math.isnan(value) for value in points.column("a")[1:])
    assert points.column("b").tolist() == [2.0] * 7


def test_columns_cannot_be_written_and_derived_arrays_are_made_once() -> None:
    points = Points.of(("a",)).with_point(1, 0.0, {"a": 1.0})
    assert not points.column("a").flags.writeable
    first = points.derived("x", lambda: np.zeros(1))
    assert points.derived("x", lambda: np.ones(1)) is first
