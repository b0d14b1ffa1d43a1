"""Points of a run grow, and their snapshots do not change."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xafs_workers.scans.points import Points


@given(st.lists(st.tuples(st.integers(1, 40), st.floats(allow_nan=False)), max_size=200))
def test_points_match_a_dictionary_and_snapshots_never_change(
    steps: list[tuple[int, float]],
) -> None:
    points = Points.create(("a",))
    model: dict[int, float] = {}
    snapshots = []
    for sequence, value in steps:
        points = points.add_point(sequence, float(sequence), {"a": value})
        model[sequence] = value
        snapshots.append((points, [model[s] for s in sorted(model)]))
    for snapshot, expected in snapshots:
        assert snapshot.get_column("a").tolist() == expected
    assert points.sequence_numbers == tuple(sorted(model))


def test_two_continuations_of_one_snapshot_are_independent() -> None:
    base = Points.create(("a",)).add_point(1, 0.0, {"a": 1.0})
    left, right = base.add_point(2, 0.0, {"a": 2.0}), base.add_point(2, 0.0, {"a": 3.0})
    assert left.get_column("a").tolist() == [1.0, 2.0]
    assert right.get_column("a").tolist() == [1.0, 3.0]


def test_a_value_that_is_not_a_number_is_a_gap() -> None:
    points = Points.create(("a", "b"))
    for n, value in enumerate([True, None, "5", [1.0, 2.0], b"1", 10**400, {}], start=1):
        points = points.add_point(n, 0.0, {"a": value, "b": 2})
    assert points.get_column("a")[0] == 1.0
    assert all(math.isnan(value) for value in points.get_column("a")[1:])
    assert points.get_column("b").tolist() == [2.0] * 7


def test_columns_are_read_only_and_derived_arrays_cached() -> None:
    points = Points.create(("a",)).add_point(1, 0.0, {"a": 1.0})
    assert not points.get_column("a").flags.writeable
    first = points.compute_once("x", lambda: np.zeros(1))
    assert points.compute_once("x", lambda: np.ones(1)) is first


@given(
    st.lists(st.lists(st.tuples(st.integers(1, 40), st.floats(allow_nan=False)), min_size=1, max_size=30), max_size=8)
)
def test_pages_give_the_same_points_as_events(pages: list[list[tuple[int, float]]]) -> None:
    paged = single = Points.create(("a", "b"))
    for page in pages:
        numbers = [sequence for sequence, _ in page]
        paged = paged.add_points(numbers, [float(n) for n in numbers], {"a": [value for _, value in page]})
        for sequence, value in page:
            single = single.add_point(sequence, float(sequence), {"a": value})
        assert paged.sequence_numbers == single.sequence_numbers
        assert paged.get_column("a").tolist() == single.get_column("a").tolist()
        assert paged.generation == single.generation
        assert len(paged) == len(single)


def test_points_that_arrive_backwards_do_not_copy_the_table() -> None:
    points, tables = Points.create(("a",)), set[int]()
    kept = []
    for sequence in range(2000, 0, -1):
        points = points.add_point(sequence, 0.0, {"a": float(sequence)})
        table = points._rows.table
        tables.add(id(table))
        kept.append(table)
    assert len(tables) < 10
    assert points.get_column("a").tolist() == [float(n) for n in range(1, 2001)]


def test_sequence_numbers_of_any_size_are_sorted() -> None:
    points = Points.create(()).add_points([2**70, 3, 2**63, 1, 3], [0.0] * 5, {})
    assert points.sequence_numbers == (1, 3, 2**63, 2**70)
