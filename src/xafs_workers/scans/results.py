"""Results of reductions, kept by scan and slot: the same whatever the order in which they come."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from xafs_workers.scans.items import ReductionResult

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class RankedResult:
    """What became of a request.

    Attributes
    ----------
    rank
        Of what was reduced; a later state of the same thing ranks higher.
    values
        By Larch's names; `problem` says why there are none.
    """

    rank: int
    values: Mapping[str, Any]
    _derived: dict[str, Any] = field(default_factory=dict[str, Any])

    def compute_once(self, key: str, compute: Callable[[], T]) -> T:
        """Return what `compute` made of these values, computed once: the same object each time."""
        if key not in self._derived:
            self._derived[key] = compute()
        return self._derived[key]


@dataclass(frozen=True, slots=True, eq=False)
class ResultTable:
    """Results by (scan, slot); never changed."""

    entries: Mapping[tuple[str, str], RankedResult] = field(default_factory=dict[tuple[str, str], RankedResult])

    def get_result(self, scan: str, slot: str) -> RankedResult | None:
        """Return the latest result of a slot, None as long as there is none."""
        return self.entries.get((scan, slot))


def format_slot_key(slot: str, rank: int) -> str:
    """Return the key under which a result comes back; equal keys mean equal results."""
    return f"{slot}@{rank}"


def add_result(results: ResultTable, item: ReductionResult) -> ResultTable:
    """Return the results with one more; the same object where a result of this rank or a higher one is there."""
    slot, _, rank = item.key.rpartition("@")
    place, result = (item.scan_id, slot), RankedResult(int(rank), item.values)
    known = results.entries.get(place)
    if known is not None and known.rank >= result.rank:
        return results
    return ResultTable({**results.entries, place: result})


def select_scan_results(results: ResultTable, scan_ids: Collection[str]) -> ResultTable:
    """Return the results of these scans only."""
    return ResultTable({place: result for place, result in results.entries.items() if place[0] in scan_ids})
