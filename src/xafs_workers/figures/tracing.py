"""Traces computed, and what could not be computed said in the panel."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Literal

from xafs_workers.figures.model import Array, Text, Trace
from xafs_workers.scans import spectra
from xafs_workers.scans.detectors import NoChannels
from xafs_workers.scans.runs import Run
from xafs_workers.scans.spectra import MissingColumn

Style = Literal["line", "points", "both"]


@dataclass(frozen=True, slots=True)
class Curve:
    """A trace still to be computed: how it is named, and its arrays as functions of a run (x: time, unless given).

    Attributes
    ----------
    within
        Names what decides about the trace beside the run (the scan and the panel): where it is given, the trace is
        made once for the same points. Of a long sequence only the last repetition changes.
    """

    key: str
    y: Callable[[Run], Array]
    x: Callable[[Run], Array] = lambda run: spectra.elapsed(run.points)
    label: str = ""
    series: int = 0
    within: Hashable = None


def traced(curves: Iterable[tuple[Run, Curve]], style: Style = "line") -> tuple[tuple[Trace, ...], tuple[Text, ...]]:
    """Return the traces that can be drawn and a note for those that cannot."""
    traces: list[Trace] = []
    problems: list[str] = []
    for run, curve in curves:
        try:
            drawn = _trace(run, curve, style)
        except (MissingColumn, NoChannels) as problem:
            problems.append(str(problem))
        else:
            traces.append(drawn)
    notes = (Text("problem", "\n".join(dict.fromkeys(problems))),) if problems else ()
    return tuple(traces), notes


def _trace(run: Run, curve: Curve, style: Style) -> Trace:
    if curve.within is None:
        return _made(run, curve, style)
    key = ("trace", curve.within, curve.key, curve.label, curve.series, style)
    return run.points.derived(key, lambda: _made(run, curve, style))


def _made(run: Run, curve: Curve, style: Style) -> Trace:
    return Trace(curve.key, curve.x(run), curve.y(run), curve.label, curve.series, style)
