"""Results of reductions on the board."""

from __future__ import annotations

from xafs_workers.scans.items import ReductionResult
from xafs_workers.scans.results import ResultTable, add_result


def test_the_latest_result_is_used_in_any_order_of_arrival() -> None:
    items = [ReductionResult("s", f"live a@{rank}", {"rank": rank}) for rank in (3, 1, 2)]
    for order in (items, items[::-1], [items[1], items[2], items[0]]):
        results = ResultTable()
        for item in order:
            results = add_result(results, item)
        found = results.get_result("s", "live a")
        assert found is not None
        assert found.values == {"rank": 3}
