"""Live figure of XAFS repetitions that no message started: a panel for each signal whose columns are there."""

from __future__ import annotations

import math
from dataclasses import replace

from xafs_workers.figures.figure_builder import FigureOptions, implied_figure_builders
from xafs_workers.figures.model import Figure, Panel, Text
from xafs_workers.figures.xafsscan import build_panel_specs, build_repetitions_panel, split_channels
from xafs_workers.figures.xafsscan_chi import CHI_PANEL, build_live_chi_panel
from xafs_workers.messages.xafsscan import XafsscanStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import ChannelSelection, find_fluorescence_channels
from xafs_workers.scans.edge_guess import describe_outside_edge, find_edge
from xafs_workers.scans.measured_runs import describe_hidden_passes, find_run_uid
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.xafsscan_chi import list_windows


@implied_figure_builders.register("xafsscan")
def build_implied_xafs(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the live figure of repetitions without a message."""
    start, config = scan.start.get_message(XafsscanStart), board.config
    windows = list(list_windows(board, scan))
    latest = windows[-1][-1]
    specs = build_panel_specs(start, latest, config)
    drawn = {key: build_repetitions_panel(specs[key], windows, scan, config) for key in list_signals(latest, config)}
    if options.separate_channels and "fluorescence" in drawn:
        drawn["fluorescence"] = split_channels(drawn["fluorescence"], start, windows, config)
    drawn[CHI_PANEL] = _explain_edge(build_live_chi_panel(board, scan), windows[0][-1], config)
    columns = min(len(drawn), 2 if len(drawn) == 4 else 3)
    rows = math.ceil(len(drawn) / columns)
    panels = tuple(replace(panel, row=n // columns, column=n % columns) for n, panel in enumerate(drawn.values()))
    title = _format_title(start, scan, windows[0][-1], board.runs[find_run_uid(latest.uid)], config)
    return Figure(scan.figure_id, scan.kind, title, panels, rows, columns, 5.5 * columns, 5.0 * rows)


def list_signals(run: Run, config: BoardConfig) -> list[str]:
    """List the signals whose columns a run has."""
    columns = config.columns
    present = {key for key in (columns.i0, columns.it, columns.ir, columns.iy) if key in run.points}
    found = find_fluorescence_channels(run, config, ChannelSelection())
    signals = {
        "transmission": {columns.i0, columns.it} <= present,
        "fluorescence": bool(found.columns) and columns.i0 in present,
        "I0": columns.i0 in present,
        "reference": {columns.it, columns.ir} <= present,
        "yield": {columns.iy, columns.i0} <= present,
    }
    return [key for key, is_there in signals.items() if is_there]


def _explain_edge(panel: Panel, run: Run, config: BoardConfig) -> Panel:
    """Say in the panel of χ(k) why nothing is reduced, where the edge is not that of the energies."""
    outside = describe_outside_edge(run, config)
    return replace(panel, texts=(Text("edge", outside),)) if outside else panel


def _format_title(start: XafsscanStart, scan: Scan, run: Run, latest: Run, config: BoardConfig) -> str:
    """Format the title: the edge, named or guessed, the sample, the number of the repetition, and what is not shown."""
    found = find_edge(run, config, start.mode)
    edge = f"{found.element} {found.edge}" if found.element else "unknown edge"
    if found.element and not (start.element and start.edge):
        edge = f"{edge}, from the energies"
    sample = start.sample or run.start.get("plan_name") or ""
    hidden = describe_hidden_passes(latest, config)
    return f"{edge}: {sample}, scan {scan.windows[-1].repetition}{f' ({hidden})' if hidden else ''}"
