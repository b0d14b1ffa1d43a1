"""Arrays of events: snapshots do not change, and other values are dropped."""

from __future__ import annotations

import pytest

from xafs_workers.scans.arrays import EventArrays


def test_older_snapshots_of_arrays_do_not_change() -> None:
    before = EventArrays.create(("a",)).add_point(1, {"a": [1, 2]}, 1000)
    after = before.add_point(2, {"a": [3, 4]}, 1000)
    replaced = after.add_point(1, {"a": [9, 9]}, 1000)
    assert before.get_point(1)["a"].tolist() == after.get_point(1)["a"].tolist() == [1, 2]
    assert replaced.get_point(1)["a"].tolist() == [9, 9]
    assert (before.size, after.size, replaced.size) == (8, 16, 16)


@pytest.mark.parametrize("value", ["datum/0", None, [[1], [1, 2]], ["a"], [], 3.0])
def test_a_value_that_is_no_number_array_is_dropped(value: object) -> None:
    assert EventArrays.create(("a",)).add_point(1, {"a": value}, 1000).size == 0
