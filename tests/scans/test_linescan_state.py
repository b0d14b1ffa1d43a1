"""Line scans: which runs are bound to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.bound_runs import LINE, list_bound_runs, make_line_run
from helpers.figures import get_run_uid
from helpers.streams import EPOCH, fold, stamp_entries


def test_a_hinted_run_precedes_an_earlier_one_without_a_hint() -> None:
    plain, hinted = make_line_run(None), make_line_run()
    assert list_bound_runs([("bmm", LINE), *plain, *hinted]) == [(hinted[0][1]["uid"],)]


def test_the_first_run_is_bound_if_no_run_has_a_hint() -> None:
    first, second = make_line_run(None), make_line_run(None)
    assert list_bound_runs([*make_line_run(None), ("bmm", LINE), *first, *second]) == [(first[0][1]["uid"],)]


@pytest.mark.parametrize(
    ("hint", "motors"),
    [
        ("areascan It x y", ["xafs_x"]),
        ("timescan It", ["xafs_x"]),
        (None, ["xafs_y", "xafs_z"]),
        (None, ["a", "b", "c"]),
    ],
)
def test_a_run_with_another_hint_or_kind_is_not_bound(hint: str | None, motors: list[str]) -> None:
    assert list_bound_runs([("bmm", LINE), *make_line_run(hint, motors)]) == [()]


def test_a_run_that_moves_the_motor_precedes_others() -> None:
    other, own = make_line_run(None, ["xafs_y"]), make_line_run(None, ["xafs_x"])
    assert list_bound_runs([("bmm", LINE), *other, *own]) == [(get_run_uid(own),)]
    assert list_bound_runs([("bmm", LINE), *other]) == [(get_run_uid(other),)]


@pytest.mark.parametrize("start", [{"num_points": 1}, {"plan_name": "record_dark_current"}])
def test_a_reading_is_bound_only_by_its_hint(start: dict[str, Any]) -> None:
    dark = make_line_run(None, start=start)
    assert list_bound_runs([("bmm", LINE), *dark]) == [()]
    hinted = make_line_run(start=start)
    assert list_bound_runs([("bmm", LINE), *hinted]) == [(get_run_uid(hinted),)]


def test_a_hint_binds_whatever_the_motors_are() -> None:
    run = make_line_run(motors=["another"])
    assert list_bound_runs([("bmm", LINE), *run]) == [(get_run_uid(run),)]


def test_a_rectangle_scan_is_bound_to_a_line_scan() -> None:
    run = make_line_run("rectanglescan It xafs_x negated")
    assert list_bound_runs([("bmm", LINE), *run]) == [(run[0][1]["uid"],)]


def test_a_stop_and_the_next_start_may_have_equal_times() -> None:
    """A plan sends both within one record time; their offsets differ."""
    first, second = make_line_run(), make_line_run()
    entries = [("bmm", LINE), *first, ("bmm", {"linescan": "stop"}), ("bmm", LINE), *second]
    entries.append(("bmm", {"linescan": "stop"}))
    milliseconds = np.arange(len(entries))
    milliseconds[len(first) + 2 :] -= 1
    board = fold(stamp_entries(entries, times=EPOCH + milliseconds / 1000))
    assert [scan.run_uids for scan in board.scans] == [(first[0][1]["uid"],), (second[0][1]["uid"],)]
    assert [scan.implicit_end for scan in board.scans] == ["", ""]
    assert all(scan.end is not None for scan in board.scans)
