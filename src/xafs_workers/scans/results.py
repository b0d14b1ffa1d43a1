"""Results of reductions, kept by scan and slot: the same whatever the order in which they come."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from xafs_workers.scans.items import Reduced

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Result:
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

    def derived(self, key: str, compute: Callable[[], T]) -> T:
        """Return what `compute` made of these values, computed once: the same object each time."""
        if key not in self._derived:
            self._derived[key] = compute()
        return self._derived[key]


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """Results by (scan, slot); never changed."""

    kept: Mapping[tuple[str, str], Result] = field(default_factory=dict[tuple[str, str], Result])

    def of(self, scan: str, slot: str) -> Result | None:
        """Return the latest result of a slot, None as long as there is none."""
        return self.kept.get((scan, slot))


def key_of_slot(slot: str, rank: int) -> str:
    """Return the key under which a result comes back; equal keys mean equal results."""
    return f"{slot}@{rank}"


def with_result(results: Results, item: Reduced) -> Results:
    """Return the results with one more; the same object where a result of this rank or a higher one is there."""
    slot, _, rank = item.key.rpartition("@")
    place, result = (item.scan, slot), Result(int(rank), item.values)
    known = results.kept.get(place)
    if known is not None and known.rank >= result.rank:
        return results
    return Results({**results.kept, place: result})


def without_scans(results: Results, kept: Collection[str]) -> Results:
    """Return the results of these scans only."""
    return Results({place: result for place, result in results.kept.items() if place[0] in kept})
