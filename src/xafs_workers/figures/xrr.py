"""Figure of a reflectivity scan: counts on the left, reflectivity on a logarithmic axis on the right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from xafs_workers.figures.figure_builder import FigureExample, FigureOptions, figure_builders, figure_examples
from xafs_workers.figures.model import Figure, Panel
from xafs_workers.figures.reflectivity import (
    REFLECTIVITY_LABEL,
    build_error_curves,
    build_reflectivity_curve,
    describe_gaps,
    join_notes,
)
from xafs_workers.figures.signal import format_key_label
from xafs_workers.figures.trace_builder import NO_POINTS, Curve, Style, collect_traces, compute_trace, compute_traces
from xafs_workers.messages.xrr import XrrStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.spectra import get_column

ERROR_SERIES = 5


@figure_builders.register("xrr")
def build_xrr_figure(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the figure of a reflectivity scan."""
    start = scan.start.get_message(XrrStart)
    uids = scan.run_uids or scan.named_run_uids
    run = next((board.runs[uid] for uid in uids if uid in board.runs), None)
    panels = (
        _build_counts_panel(start.motor, run, board.config),
        replace(_build_reflectivity_panel(start.motor, run, board.config), column=1),
    )
    title = start.title or f"reflectivity against {start.motor}"
    return Figure(scan.figure_id, scan.kind, title, panels, columns=2, width=11.0, height=5.0)


def _build_counts_panel(motor: str, run: Run | None, config: BoardConfig) -> Panel:
    panel = Panel("counts", "", format_key_label(motor, run, config), "counts", x_name=motor, y_name="counts")
    if run is None or not len(run.points):
        return replace(panel, texts=NO_POINTS)
    traces, notes = collect_traces(
        compute_trace(run, curve, style) for curve, style in _list_count_curves(motor, run, config)
    )
    warning = _describe_saturation(run, config)
    return replace(panel, title=warning, traces=traces, texts=notes, legend="full", has_warning=bool(warning))


def _list_count_curves(motor: str, run: Run, config: BoardConfig) -> Iterator[tuple[Curve, Style]]:
    """Yield the regions that the run has; all pixels together where it has no regions."""
    names = config.goniometer
    wanted: tuple[tuple[str, Style], ...] = (
        (names.direct, "points"),
        (names.reflected, "points"),
        (names.largest, "line"),
    )
    known = tuple(one for one in wanted if one[0] in run.points)
    everything: tuple[tuple[str, Style], ...] = ((names.total, "points"),)
    for series, (key, style) in enumerate(known or everything):
        yield _build_count_curve(key, motor, series), style


def _build_count_curve(key: str, motor: str, series: int) -> Curve:
    return Curve(
        key,
        y=lambda run: get_column(run.points, key),
        x=lambda run: get_column(run.points, motor),
        label=key,
        series=series,
    )


def _describe_saturation(run: Run, config: BoardConfig) -> str:
    """Describe that a pixel had more counts than the detector can count, '' where none had."""
    key, limit = config.goniometer.largest, config.goniometer.count_limit
    if key not in run.points:
        return ""
    largest = np.fmax.reduce(run.points.get_column(key), initial=-np.inf)
    return f"{key} reached {largest:.0f}: above {limit:.0f} the detector may be saturated" if largest > limit else ""


def _build_reflectivity_panel(motor: str, run: Run | None, config: BoardConfig) -> Panel:
    panel = Panel(
        "reflectivity",
        "",
        format_key_label(motor, run, config),
        REFLECTIVITY_LABEL,
        x_name=motor,
        y_name="reflectivity",
        y_scale="log",
    )
    if run is None or not len(run.points):
        return replace(panel, texts=NO_POINTS)
    curve = build_reflectivity_curve("reflectivity", motor, config, label="reflectivity")
    bounds, _ = compute_traces((run, bound) for bound in build_error_curves(motor, config, series=ERROR_SERIES))
    traces, notes = compute_traces([(run, curve)], "both")
    title = join_notes(describe_gaps(run, config))
    return replace(panel, title=title, traces=(*bounds, *traces), texts=notes, legend="full")


@figure_examples.register("xrr")
def build_example() -> FigureExample:
    """Return a scan of a thin film, from the direct beam to where nothing is counted any more."""
    eta = np.linspace(0.05, 4.0, 80)
    root = np.sqrt(np.maximum(1.0 - (0.3 / eta) ** 2, 0.0))
    decay = ((1.0 - root) / (1.0 + root)) ** 2 * (1.0 + 0.6 * np.cos(18.0 * eta) * root)  # Fresnel, and fringes
    attenuator = np.select([eta < 0.4, eta < 0.9], [3.0, 1.0], 0.0)
    factor = np.select([attenuator == 3.0, attenuator == 1.0], [273.1222, 6.67114], 1.0)
    reflected = np.floor(4.0e6 * decay / factor)
    columns = {
        "eta": eta.tolist(),
        "dir": np.floor(4.0e5 * np.exp(-(((eta - 0.05) / 0.1) ** 2)) / factor).tolist(),
        "refl": reflected.tolist(),
        "max_counts": np.floor(0.4 * reflected).tolist(),
        "mca_full": (1.1 * reflected + 30.0).tolist(),
        "monitor": [50_000.0] * 80,
        "dwti_dwell_time": [2.0] * 80,
        "attenuator_attenuation": attenuator.tolist(),
    }
    return FigureExample((XrrStart.example,), columns, {"motors": ["eta"]})
