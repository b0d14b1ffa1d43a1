"""The map of an area scan: pixels while it is measured, at the end the form that the run's hint asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from xafs_workers.figures.figure_builder import Options, views
from xafs_workers.figures.model import Array, Figure, Mesh, Panel, Text
from xafs_workers.figures.signal import Asked, signal
from xafs_workers.figures.trace_builder import Curve
from xafs_workers.messages.areascan import AreascanStart
from xafs_workers.scans.areascan import Final, beyond_grid, final_form, grid_of, is_complete, on_grid
from xafs_workers.scans.board import Board
from xafs_workers.scans.detectors import NoChannels
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.spectra import MissingColumn

NAMES = {"i0": "I0", "ic0": "Ic0", "ic1": "Ic1"}
"""Detectors as people write them."""


@dataclass(frozen=True, slots=True)
class _Map:
    """What all panels share."""

    start: AreascanStart
    run: Run | None
    final: Final
    downwards: bool


@views.register("areascan")
def figure(board: Board, scan: Scan, options: Options) -> Figure:
    """Return the map of an area scan, a panel for each signal of its detector."""
    start = cast(AreascanStart, scan.start.message)
    run = board.runs.get(scan.runs[0]) if scan.runs else None
    over = run is not None and board.settled(scan) and is_complete(run, start)
    # A stage that moves the sample up: positions grow downwards on it.
    downwards = start.slow_motor in board.rules.columns.downwards
    area = _Map(start, run, final_form(run) if run is not None and over else Final(), downwards)
    asked = Asked(start.detector, fluo_detector=start.fluo_detector, element=start.element, channels=options.channels)
    label, curves = signal(asked, run, board.rules)
    rows, columns = _grid(len(curves))
    panels = tuple(
        _panel(area, curve, curve.label or label, divmod(place, columns)) for place, curve in enumerate(curves)
    )
    title = f"{NAMES.get(start.detector, start.detector)}   Energy = {start.energy:.1f}"
    size = (min(8.0 * columns, 18.0), min(6.5 * rows, 13.0))
    return Figure(scan.figure_id, scan.kind, title, panels, rows, columns, *size)


def _grid(panels: int) -> tuple[int, int]:
    columns = int(np.ceil(np.sqrt(panels)))
    return -(-panels // columns), columns


def _panel(area: _Map, curve: Curve, label: str, place: tuple[int, int]) -> Panel:
    meshes, problems = _meshes(area, curve, label)
    return Panel(
        curve.key,
        _note(area),
        f"fast axis ({area.start.fast_motor}) position (mm)",
        f"slow axis ({area.start.slow_motor}) position (mm)",
        *place,
        meshes=meshes,
        texts=problems,
        y_inverted=area.downwards,
        x_name=area.start.fast_motor,
        y_name=area.start.slow_motor,
    )


def _meshes(area: _Map, curve: Curve, label: str) -> tuple[tuple[Mesh, ...], tuple[Text, ...]]:
    x, y = grid_of(area.start)
    if area.run is None:
        z = np.full((len(y), len(x)), np.nan)
        return (Mesh(curve.key, x, y, z, label),), ()
    try:
        z = _pixels(area, area.run, curve)
    except (MissingColumn, NoChannels) as problem:
        return (), (Text("problem", str(problem)),)
    if area.final.log:
        label = f"ln({label})"
    return (Mesh(curve.key, x, y, z, label, area.final.contour),), ()


def _pixels(area: _Map, run: Run, curve: Curve) -> Array:
    """Return the map of a signal, shape (rows, columns), computed once for a set of points."""
    values = curve.y(run)
    grid = run.points.derived(("map", area.start, curve.key), lambda: on_grid(run, area.start, values))
    if not area.final.log:
        return grid
    return run.points.derived(("log map", area.start, curve.key), lambda: _logarithm(grid))


def _logarithm(values: Array) -> Array:
    result = np.full(values.shape, np.nan)
    np.log(values, out=result, where=values > 0)
    return result


def _note(area: _Map) -> str:
    """Return what is to be said above the map: it would not be legible on it."""
    surplus = beyond_grid(area.run, area.start) if area.run is not None else 0
    size = f"{area.start.slow_steps} × {area.start.fast_steps}"
    return f"{surplus} point{'s' if surplus > 1 else ''} beyond the grid of {size} not shown" if surplus else ""
