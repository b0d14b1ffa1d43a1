"""Computation of traces; a trace that cannot be computed becomes a note in the panel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from xafs_workers.figures.model import Array, Text, Trace
from xafs_workers.scans import spectra
from xafs_workers.scans.detectors import NoChannelsError
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import RunWindow
from xafs_workers.scans.spectra import MissingColumnError

Style = Literal["line", "points", "both"]


NO_POINTS = (Text("waiting", "no points"),)
"""Note in a panel whose run has not come, or has not measured a point."""


MAX_DISTINCT = 6
"""Largest number of repetitions with colours of their own; of more, only the newest is not faded."""


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
    """Return the traces of repetitions; where there are more than `most`, all but the newest are thin and grey.

    The grey ones have one legend entry, such as ``scan 1 … 11``.
    """
    if len(traces) <= most:
        return tuple(traces)
    *earlier, newest = traces
    entries = [_name_range([trace.label for trace in earlier]), *[""] * (len(earlier) - 1)]
    faded = (replace(trace, is_faded=True, legend_label=entry) for trace, entry in zip(earlier, entries, strict=True))
    return (*faded, newest)


def format_repetition_label(window: RunWindow, run: Run) -> str:
    """Format the label of a repetition, or of one pass of its run."""
    aborted = run.stop is not None and not run.has_succeeded
    number = f"{window.repetition}" if run.pass_number is None else f"{window.repetition}, pass {run.pass_number}"
    return f"scan {number}{' (aborted)' if aborted else ''}"


def _name_range(labels: Sequence[str]) -> str:
    """Name labels that count by the first and the last, without the words that both begin with."""
    first, last = labels[0], labels[-1]
    if len(labels) == 1:
        return first
    words, _, number = last.rpartition(" ")
    return f"{first} … {number if first.rpartition(' ')[0] == words else last}"


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
