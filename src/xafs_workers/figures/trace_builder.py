"""Computation of traces; a trace that cannot be computed becomes a note in the panel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from xafs_workers.figures.model import Array, Text, Trace
from xafs_workers.scans import spectra
from xafs_workers.scans.detectors import NoChannelsError
from xafs_workers.scans.runs import Run
from xafs_workers.scans.spectra import MissingColumnError

Style = Literal["line", "points", "both"]


NO_POINTS = (Text("waiting", "no points"),)
"""Note in a panel whose run has not come, or has not measured a point."""


MAX_DISTINCT = 6
"""Largest number of repetitions with colours of their own; of more, only the newest is not faded."""


COMPACT_LEGEND_SIZE = 10
"""Smallest number of repetitions with a compact legend."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A trace that is not computed yet: its names, and its arrays as functions of a run (x: time unless given)."""

    key: str
    y: Callable[[Run], Array]
    x: Callable[[Run], Array] = lambda run: spectra.compute_elapsed_time(run.points)
    label: str = ""
    series: int = 0


def compute_traces(
    curves: Iterable[tuple[Run, Curve]], style: Style = "line"
) -> tuple[tuple[Trace, ...], tuple[Text, ...]]:
    """Compute traces, with a note on those that cannot be computed."""
    return collect_traces([compute_trace(run, curve, style) for run, curve in curves])


def compute_trace(run: Run, curve: Curve, style: Style = "line") -> Trace | str:
    """Compute a trace, or return the reason why it cannot be computed."""
    try:
        return Trace(curve.key, curve.x(run), curve.y(run), curve.label, curve.series, style)
    except (MissingColumnError, NoChannelsError) as problem:
        return str(problem)


def fade_earlier(traces: Sequence[Trace], most: int = MAX_DISTINCT) -> tuple[Trace, ...]:
    """Return the traces of repetitions; where there are more than `most`, all but the newest are thin and grey."""
    if len(traces) <= most:
        return tuple(traces)
    return (*(replace(trace, is_faded=True) for trace in traces[:-1]), traces[-1])


def choose_legend(repetitions: int) -> Literal["full", "compact"]:
    """Choose the legend of all panels of a figure with so many repetitions."""
    return "compact" if repetitions >= COMPACT_LEGEND_SIZE else "full"


def collect_traces(found: Iterable[Trace | str]) -> tuple[tuple[Trace, ...], tuple[Text, ...]]:
    """Separate traces from reasons, and build a note that contains each reason once."""
    traces: list[Trace] = []
    problems: dict[str, None] = {}
    for one in found:
        if isinstance(one, str):
            problems[one] = None
        else:
            traces.append(one)
    return tuple(traces), (Text("problem", "\n".join(problems)),) if problems else ()
