"""Costs beside their limits, and a table of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """One cost in seconds (or another unit), its goal, and how it relates to the first of its group."""

    what: str
    value: float
    goal: float
    unit: str = "ms"

    @property
    def is_reached(self) -> bool:
        """Whether the goal is reached; for a share, larger is better."""
        return self.value >= self.goal if self.unit == "share" else self.value <= self.goal

    def format_cells(self) -> tuple[str, ...]:
        """Format the row of the table."""
        sign = ">=" if self.unit == "share" else "<="
        met = "reached" if self.is_reached else "NOT REACHED"
        return self.what, _format(self.value, self.unit), f"{sign} {_format(self.goal, self.unit)}", met


def _format(value: float, unit: str) -> str:
    return f"{value:.2f}" if unit in ("share", "ratio") else f"{1e3 * value:.2f} ms"


def measure(action: Callable[[], object], rounds: int = 5, *, clock: Callable[[], float] = time.perf_counter) -> float:
    """Measure an action: the median of some rounds, seconds of a clock.

    `time.process_time` measures what other load of the machine hardly changes.
    """
    costs: list[float] = []
    for _ in range(rounds):
        began = clock()
        action()
        costs.append(clock() - began)
    return statistics.median(costs)


def print_costs(costs: Iterable[Cost]) -> bool:
    """Print a line for each cost as it is measured; return whether all limits are kept."""
    good = True
    for cost in costs:
        good &= cost.is_reached
        what, *cells = cost.format_cells()
        print(f"{what:70s}", *(f"{cell:12s}" for cell in cells), flush=True)
    return good
