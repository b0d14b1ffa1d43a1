"""Time scans: which runs are bound to them."""

from __future__ import annotations

from helpers.bound_runs import list_bound_runs, make_line_run
from helpers.streams import build_run_documents


def test_a_time_scan_binds_no_run_that_moves_a_motor() -> None:
    count = list(build_run_documents(hint=None, motors=None, columns={"I0": [1.0, 1.0]}))
    assert list_bound_runs([("bmm", {"timescan": "start", "detector": "i0"}), *make_line_run(None), *count]) == [
        (count[0][1]["uid"],)
    ]
