"""The alignment of a spinner at a glancing angle: each result, then the latest of each kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from xafs_workers.figures.curves import direction, fitted_panel, in_mm, trace
from xafs_workers.figures.figure_builder import Options, views
from xafs_workers.figures.model import Figure, Mark, Panel, Text
from xafs_workers.messages.base import ControlMessage
from xafs_workers.messages.glancing_angle import GlancingAngleFluo, GlancingAngleLinear, GlancingAnglePitch
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan

M = TypeVar("M", bound=ControlMessage)


@views.register("glancing_angle")
def figure(board: Board, scan: Scan, options: Options) -> Figure:
    """Return the latest result, or the summary of all once the alignment is over."""
    results = [control.message for control in scan.results]
    if scan.end is not None:
        return _summary(scan, results)
    if not results:
        return Figure(scan.figure_id, scan.kind, "glancing angle alignment", ())
    title, panel = _result(results[-1])
    return Figure(scan.figure_id, scan.kind, title, (panel,))


def _result(message: ControlMessage) -> tuple[str, Panel]:
    """Return the title and the panel of one result."""
    if isinstance(message, GlancingAngleLinear):
        title = f"fit to {direction(message.motor)} scan, spinner {message.spinner}, center={message.center:.3f}"
        return title, _linear(message)
    if isinstance(message, GlancingAnglePitch):
        return f"pitch scan, spinner {message.spinner}, center={message.center:.3f}", _pitch(message)
    assert isinstance(message, GlancingAngleFluo)  # noqa: S101 - no other action brings a result
    title = f"{direction(message.motor)} scan, spinner {message.spinner}, center={message.center:.3f}"
    return title, _fluo(message)


def _linear(message: GlancingAngleLinear) -> Panel:
    y_label = f"{message.inverted}It/I0 and error function"
    panel = Panel("linear", "", in_mm(message.motor), y_label, x_name=message.motor)
    cross = (message.center, message.amplitude / 2)
    return fitted_panel(panel, message.xaxis, message.data, message.best_fit, cross)


def _pitch(message: GlancingAnglePitch) -> Panel:
    return Panel(
        "pitch",
        "",
        f"{message.motor} (deg)",
        "It/I0",
        traces=(replace(trace("data", message.xaxis, message.data), style="both"),),
        marks=(Mark("center", message.center, message.amplitude),),
        x_name=message.motor,
    )


def _fluo(message: GlancingAngleFluo) -> Panel:
    return Panel(
        "fluo",
        "",
        in_mm(message.motor),
        f"{message.inverted}If/I0",
        traces=(replace(trace("data", message.xaxis, message.data), style="both"),),
        marks=(Mark("center", message.center, message.amplitude),),
        x_name=message.motor,
    )


def _summary(scan: Scan, results: list[ControlMessage]) -> Figure:
    linear, pitch = _latest(results, GlancingAngleLinear), _latest(results, GlancingAnglePitch)
    fluo = _latest(results, GlancingAngleFluo)
    spinner = next((getattr(message, "spinner", 0) for message in reversed(results)), 0)
    panels = (
        _missing("linear") if linear is None else _linear(linear),
        _missing("pitch") if pitch is None else _pitch(pitch),
        _missing("fluo") if fluo is None else _fluo(fluo),
    )
    placed = tuple(replace(panel, column=column) for column, panel in enumerate(panels))
    title = f"alignment of spinner {spinner}"
    return Figure(scan.figure_id, scan.kind, title, placed, columns=3, width=16.5, height=5.5)


def _latest(results: Iterable[ControlMessage], kind: type[M]) -> M | None:
    found = [message for message in results if isinstance(message, kind)]
    return found[-1] if found else None


def _missing(key: str) -> Panel:
    return Panel(key, texts=(Text("missing", f"no {key} scan came to a result"),))
