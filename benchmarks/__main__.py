"""Run the benchmarks of frames and of growth and print medians, ratios and goals: `python -m benchmarks`."""

from __future__ import annotations

import sys
import warnings

from benchmarks.canvases import Agg, Backend, QtAgg
from benchmarks.costs import print_costs
from benchmarks.events import GOAL, decode_and_fold
from benchmarks.frames import COMPARED, Compared
from benchmarks.growth import GROUPS
from benchmarks.sequence import tenth

HEAD = ("", "backend", "ours", "peer", "", "ratio", "goal", "")


def main() -> int:
    """Run the benchmarks; return 1 if a goal is not reached."""
    warnings.simplefilter("ignore")  # warnings of the peers
    rows: list[tuple[str, ...]] = [HEAD]
    good = True
    for backend in _backends():
        for compare in (*COMPARED, tenth):
            compared = compare(backend)
            backend.close()
            good &= compared.peer / compared.ours >= compared.goal
            rows.append(_row(backend.name, compared))
    cost = decode_and_fold()
    good &= cost <= GOAL
    rows.append(("decode and fold an event", "", _time(cost), "", "", "", f"<= {_time(GOAL)}", _met(cost <= GOAL)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print()
    good &= print_costs(cost for group in GROUPS for cost in group())
    return 0 if good else 1


def _backends() -> list[Backend]:
    try:
        return [Agg(), QtAgg()]
    except ImportError as error:
        print(f"no QtAgg: {error}", file=sys.stderr)
        return [Agg()]


def _row(backend: str, one: Compared) -> tuple[str, ...]:
    ratio = one.peer / one.ours
    met = _met(ratio >= one.goal)
    return one.what, backend, _time(one.ours), _time(one.peer), one.peer_name, f"{ratio:.1f}", f">= {one.goal:g}", met


def _met(good: bool) -> str:
    return "reached" if good else "NOT REACHED"


def _time(seconds: float) -> str:
    return f"{1e3 * seconds:.2f} ms" if seconds >= 1e-3 else f"{1e6 * seconds:.1f} µs"


if __name__ == "__main__":
    sys.exit(main())
