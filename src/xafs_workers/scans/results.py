"""Results of reductions by scan and slot, independent of their order of arrival."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from xafs_workers.scans.items import ReductionResult

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class RankedResult:
    """Result of a reduction request.

    Attributes
    ----------
    rank
        Rank of the request; a later state of the same spectra has a higher rank.
    values
        Results by Larch's names, or the reason of a failure under `problem`.
    """

    rank: int
    values: Mapping[str, Any]
    _derived: dict[str, Any] = field(default_factory=dict[str, Any])

    def compute_once(self, key: str, compute: Callable[[], T]) -> T:
        """Compute a value from this result once; the same object is returned each time."""
        if key not in self._derived:
            self._derived[key] = compute()
        return self._derived[key]


@dataclass(frozen=True, slots=True, eq=False)
class ResultTable:
    """Results by (scan id, slot); never changed."""

    entries: Mapping[tuple[str, str], RankedResult] = field(default_factory=dict[tuple[str, str], RankedResult])

    def get_result(self, scan: str, slot: str) -> RankedResult | None:
        """Return the latest result of a slot, None for none."""
        return self.entries.get((scan, slot))


def format_slot_key(slot: str, rank: int) -> str:
    """Format the key of a result; equal keys mean equal results."""
    return f"{slot}@{rank}"


def add_result(results: ResultTable, item: ReductionResult) -> ResultTable:
    """Add a result; the same table is returned if it has a result of this rank or a higher one."""
    slot, _, rank = item.key.rpartition("@")
    place, result = (item.scan_id, slot), RankedResult(int(rank), item.values)
    known = results.entries.get(place)
    if known is not None and known.rank >= result.rank:
        return results
    return ResultTable({**results.entries, place: result})


def select_scan_results(results: ResultTable, scan_ids: Collection[str]) -> ResultTable:
    """Select the results of these scans."""
    return ResultTable({place: result for place, result in results.entries.items() if place[0] in scan_ids})
