"""The search for a slot of the sample wheel: each result, then both."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from xafs_workers.figures.curves import direction, fitted_panel, in_mm
from xafs_workers.figures.figure_builder import Options, views
from xafs_workers.figures.model import Figure, Panel, Text
from xafs_workers.messages.align_wheel import AlignWheelFindSlot
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan

SIGNALS = {"transmission": "It/I0", "fluorescence": "If/I0", "xs1": "If/I0", "reference": "Ir/I0", "yield": "Iy/I0"}
"""Labels of the detectors whose signal is divided; any other is named as it is."""


@views.register("align_wheel")
def figure(board: Board, scan: Scan, options: Options) -> Figure:
    """Return the latest result, or the summary of both once the search is over."""
    results = [cast(AlignWheelFindSlot, control.message) for control in scan.results]
    if scan.end is not None:
        return _summary(scan, results)
    if not results:
        return Figure(scan.figure_id, scan.kind, "Sample wheel alignment", ())
    latest = results[-1]
    title = f"fit to {direction(latest.motor)} scan, center={latest.center:.3f}"
    panel = _panel(latest, f"{_signal(latest)} and error function")
    return Figure(scan.figure_id, scan.kind, title, (panel,))


def _summary(scan: Scan, results: list[AlignWheelFindSlot]) -> Figure:
    latest = {direction(result.motor): result for result in results}
    panels = tuple(
        replace(_panel(latest[way], _signal(latest[way])) if way in latest else _missing(way), key=way, row=row)
        for row, way in enumerate(("x", "y"))
    )
    return Figure(scan.figure_id, scan.kind, "Sample wheel alignment", panels, rows=2, width=8.0, height=7.5)


def _panel(result: AlignWheelFindSlot, y_label: str) -> Panel:
    panel = Panel(direction(result.motor), "", in_mm(result.motor), y_label, x_name=result.motor)
    cross = (result.center, abs(result.amplitude))
    return fitted_panel(panel, result.xaxis, result.data, result.best_fit, cross)


def _missing(way: str) -> Panel:
    return Panel(way, "", f"{way} (mm)", "", texts=(Text("missing", f"no scan along {way} came to a result"),))


def _signal(result: AlignWheelFindSlot) -> str:
    return SIGNALS.get(result.detector, result.detector)
