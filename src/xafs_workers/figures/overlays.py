"""An earlier scan as a grey overlay of a figure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import numpy as np

from xafs_workers.figures.model import Array, Figure, Panel, Trace
from xafs_workers.figures.trace_builder import MAX_DISTINCT
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan, scan_kinds

NOTHING_EARLIER = "no earlier scan of the kind"
NOTHING_COMMON = "nothing to compare in the other scan"


def find_previous_scan(board: Board, scan: Scan) -> Scan | None:
    """Find the last scan before a scan that is of its kind, with the same motors or edge, and that has points."""
    identity = _get_identity(board, scan)
    earlier = [one for one in board.scans if one.start_position < scan.start_position]
    return next(
        (one for one in reversed(earlier) if _get_identity(board, one) == identity and _has_points(board, one)), None
    )


def _get_identity(board: Board, scan: Scan) -> tuple[object, ...]:
    motors = scan_kinds[scan.kind].motors
    moved = None if motors is None or scan.is_implied else motors(scan.start, board.config)
    axes = None if scan.outline is None else scan.outline.axes
    return scan.kind, moved, axes, scan.start.message.named_edge


def _has_points(board: Board, scan: Scan) -> bool:
    return any(len(run.points) for run in board.get_runs(scan))


def describe_scan(board: Board, scan: Scan) -> str:
    """Describe a scan for a legend: its number and time."""
    runs = board.get_runs(scan)
    number = f"#{runs[-1].start.get('scan_id', '?')}, " if runs else ""
    return f"{number}{datetime.fromtimestamp(scan.start.time).astimezone():%H:%M}"


def add_overlay(figure: Figure, earlier: Figure | None, name: str) -> Figure:
    """Add the curves of an earlier figure, thin and grey, below those of a figure.

    Only panels of the same quantities are compared, and only where their ranges of x overlap. If there are none, the
    title of the first panel gives the reason.

    Parameters
    ----------
    name
        Name of the earlier scan, for the legend.
    """
    if earlier is None:
        return _note(figure, NOTHING_EARLIER)
    others = {_get_quantities(panel): panel for panel in earlier.panels}
    panels = tuple(_overlay_panel(panel, others.get(_get_quantities(panel)), name) for panel in figure.panels)
    changed = any(new is not old for new, old in zip(panels, figure.panels, strict=True))
    return replace(figure, panels=panels) if changed else _note(figure, NOTHING_COMMON)


def _get_quantities(panel: Panel) -> tuple[str, ...]:
    return panel.key, panel.x_name, panel.y_label


def _overlay_panel(panel: Panel, other: Panel | None, name: str) -> Panel:
    if other is None or panel.meshes or not other.traces or not _has_common_range(panel, other):
        return panel
    shown = other.traces if len(other.traces) <= MAX_DISTINCT else other.traces[-1:]
    faded = tuple(
        replace(trace, key=f"earlier {trace.key}", label="" if n else name, legend_label=None, is_faded=True)
        for n, trace in enumerate(shown)
    )
    legend = "full" if panel.legend == "none" else panel.legend
    return replace(panel, traces=(*faded, *panel.traces), legend=legend)


def _has_common_range(panel: Panel, other: Panel) -> bool:
    ranges = [_find_range(one.traces) for one in (panel, other)]
    if ranges[0] is None or ranges[1] is None:
        return ranges[1] is not None
    return ranges[0][0] <= ranges[1][1] and ranges[1][0] <= ranges[0][1]


def _find_range(traces: tuple[Trace, ...]) -> tuple[float, float] | None:
    found = [ends for trace in traces for ends in _iter_ends(trace.x)]
    return (min(found), max(found)) if found else None


def _iter_ends(x: Array) -> Iterator[float]:
    if len(x) and np.isfinite(x).any():
        yield float(np.nanmin(x))
        yield float(np.nanmax(x))


def _note(figure: Figure, reason: str) -> Figure:
    if not figure.panels:
        return figure
    first = figure.panels[0]
    title = "   ".join(filter(None, (first.title, reason)))
    return replace(figure, panels=(replace(first, title=title), *figure.panels[1:]))
