"""Counts of the records that a worker has read since it started."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Counters:
    """Counts of records by what became of them."""

    messages: int = 0
    documents: int = 0
    undecodable: int = 0
    unknown: int = 0
    invalid: int = 0
    misplaced: int = 0
    failed: int = 0
    incomplete_runs: int = 0

    def count_rejected(self, outcome: str) -> None:
        """Count a record that could not be used."""
        setattr(self, outcome, getattr(self, outcome) + 1)

    def to_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)
