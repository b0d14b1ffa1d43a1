"""Figure of an area scan: a map of pixels during the scan, at its end in the style that the run's hint names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xafs_workers.figures.figure_builder import (
    FigureExample,
    FigureOptions,
    figure_builders,
    figure_examples,
    implied_figure_builders,
)
from xafs_workers.figures.implied import build_implied_map
from xafs_workers.figures.model import Array, Figure, Mesh, Panel, Text
from xafs_workers.figures.signal import SignalRequest, build_signal_curves
from xafs_workers.figures.trace_builder import NO_POINTS, Curve
from xafs_workers.messages.areascan import AreascanStart
from xafs_workers.scans.areascan import (
    MapStyle,
    arrange_on_grid,
    compute_grid,
    count_points_beyond_grid,
    is_complete,
    parse_map_style,
)
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import NoChannelsError
from xafs_workers.scans.run_names import find_sample_name
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.spectra import MissingColumnError

DETECTOR_LABELS = {"i0": "I0", "ic0": "Ic0", "ic1": "Ic1", "eiger": "Eiger", "pips": "Pips", "diode": "Diode"}
"""Names of detectors for titles."""


@dataclass(frozen=True, slots=True)
class _Map:
    """Properties that all panels of an area scan share."""

    start: AreascanStart
    run: Run | None
    style: MapStyle
    downwards: bool


@figure_builders.register("areascan")
def build_areascan_figure(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the map of an area scan, a panel for each signal of its detector."""
    start = scan.start.get_message(AreascanStart)
    run = board.runs.get(scan.run_uids[0]) if scan.run_uids else None
    over = run is not None and board.is_settled(scan) and is_complete(run, start)
    # A stage that moves the sample up: positions grow downwards on it.
    downwards = start.slow_motor in board.config.columns.downwards
    area = _Map(start, run, parse_map_style(run) if run is not None and over else MapStyle(), downwards)
    request = SignalRequest(
        _find_detector(start, run, board.config),
        fluo_detector=start.fluo_detector,
        element=start.element,
        separate_channels=options.separate_channels,
    )
    label, curves = build_signal_curves(request, run, board.config)
    rows, columns = _compute_grid_size(len(curves))
    panels = tuple(
        _build_panel(area, curve, curve.label or label, divmod(place, columns)) for place, curve in enumerate(curves)
    )
    title = _format_title(start, "" if run is None else find_sample_name(run, board.config))
    size = (min(8.0 * columns, 18.0), min(6.5 * rows, 13.0))
    return Figure(scan.figure_id, scan.kind, title, panels, rows, columns, *size)


implied_figure_builders.register("areascan")(build_implied_map)


@figure_examples.register("areascan")
def build_example() -> FigureExample:
    """Return a map of two grains."""
    start = AreascanStart.model_validate(AreascanStart.example)
    fast, slow = compute_grid(start)
    x, y = np.meshgrid(fast - start.fast_initial, slow - start.slow_initial)
    grains = (np.exp(-((x - 0.8) ** 2) - (y - 0.2) ** 2) + np.exp(-((x + 1.0) ** 2) - (y + 0.4) ** 2)).ravel()
    channels = {f"Fe{channel}": (channel + 300.0 * grains).tolist() for channel in range(1, 8)}
    columns = {"I0": [100.0] * len(grains), **channels}
    motors = {"motors": [start.slow_motor, start.fast_motor], "detectors": ["7-element SDD"]}
    return FigureExample((AreascanStart.example,), columns, motors)


def _format_title(start: AreascanStart, sample: str) -> str:
    """Format the title: detector, element and sample, incident energy."""
    parts = (
        DETECTOR_LABELS.get(start.detector, start.detector),
        ", ".join(part for part in (start.element or "", sample) if part),
        f"Energy = {start.energy:.1f} eV",
    )
    return "   ".join(part for part in parts if part)


def _find_detector(start: AreascanStart, run: Run | None, config: BoardConfig) -> str:
    """Find what is mapped: of the Eiger all counts, unless a run has only the counts of its regions."""
    total = config.columns.area_total
    return total if start.detector == "eiger" and (run is None or total in run.points) else start.detector


def find_motor_unit(motor: str) -> str:
    """Find the unit of a motor by its name: degrees for the circles chi and phi of a goniometer, else mm."""
    return "deg" if any(circle in motor.lower() for circle in ("chi", "phi")) else "mm"


def _compute_grid_size(panels: int) -> tuple[int, int]:
    columns = int(np.ceil(np.sqrt(panels)))
    return -(-panels // columns), columns


def _build_panel(area: _Map, curve: Curve, label: str, place: tuple[int, int]) -> Panel:
    meshes, problems = _build_meshes(area, curve, label)
    fast, slow = area.start.fast_motor, area.start.slow_motor
    return Panel(
        curve.key,
        _format_note(area),
        f"{fast} ({find_motor_unit(fast)})",
        f"{slow} ({find_motor_unit(slow)})",
        *place,
        is_to_scale=find_motor_unit(fast) == find_motor_unit(slow) == "mm",
        meshes=meshes,
        texts=problems,
        y_inverted=area.downwards,
        x_name=area.start.fast_motor,
        y_name=area.start.slow_motor,
    )


def _build_meshes(area: _Map, curve: Curve, label: str) -> tuple[tuple[Mesh, ...], tuple[Text, ...]]:
    x, y = compute_grid(area.start)
    if area.run is None:
        z = np.full((len(y), len(x)), np.nan)
        return (Mesh(curve.key, x, y, z, label),), NO_POINTS
    try:
        z = _compute_pixels(area, area.run, curve)
    except (MissingColumnError, NoChannelsError) as problem:
        return (), (Text("problem", str(problem)),)
    if area.style.is_logarithmic:
        label = f"ln({label})"
    texts = () if len(area.run.points) else NO_POINTS
    return (Mesh(curve.key, x, y, z, label, area.style.is_contour),), texts


def _compute_pixels(area: _Map, run: Run, curve: Curve) -> Array:
    """Compute the map of a signal, shape (rows, columns), once for a set of points."""
    values = curve.y(run)
    grid = run.points.compute_once(("map", area.start, curve.key), lambda: arrange_on_grid(run, area.start, values))
    if not area.style.is_logarithmic:
        return grid
    return run.points.compute_once(("log map", area.start, curve.key), lambda: _compute_logarithm(grid))


def _compute_logarithm(values: Array) -> Array:
    result = np.full(values.shape, np.nan)
    np.log(values, out=result, where=values > 0)
    return result


def _format_note(area: _Map) -> str:
    """Format the note on points beyond the grid, for the panel's title; '' for none.

    It is a title because text on the map is not legible.
    """
    surplus = count_points_beyond_grid(area.run, area.start) if area.run is not None else 0
    size = f"{area.start.slow_steps} × {area.start.fast_steps}"
    return f"{surplus} point{'s' if surplus > 1 else ''} beyond the grid of {size} not shown" if surplus else ""
