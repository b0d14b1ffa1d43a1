"""The edge of a wafer, found by a scan across it."""

from __future__ import annotations

from typing import cast

from xafs_workers.figures.curves import direction, fitted_panel, in_mm
from xafs_workers.figures.figure_builder import Options, views
from xafs_workers.figures.model import Figure, Panel
from xafs_workers.messages.wafer import WaferEdge
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan


@views.register("wafer")
def figure(board: Board, scan: Scan, options: Options) -> Figure:
    """Return points, fit and the edge."""
    edge = cast(WaferEdge, scan.start.message)
    panel = Panel("edge", "", in_mm(edge.motor), "It/I0 and error function", x_name=edge.motor)
    panel = fitted_panel(panel, edge.xaxis, edge.data, edge.best_fit, (edge.center, edge.amplitude / 2))
    title = f"Wafer edge: {direction(edge.motor)} scan, center={edge.center:.3f}"
    return Figure(scan.figure_id, scan.kind, title, (panel,))
