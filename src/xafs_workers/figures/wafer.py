"""Figure of a scan across the edge of a wafer."""

from __future__ import annotations

from xafs_workers.figures.curves import add_fit, format_center, format_mm_label
from xafs_workers.figures.figure_builder import FigureExample, FigureOptions, figure_builders, figure_examples
from xafs_workers.figures.model import Figure, Panel
from xafs_workers.messages.wafer import WaferEdge
from xafs_workers.scans.alignments import parse_direction
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan


@figure_builders.register("wafer")
def build_wafer_figure(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the figure of a wafer's edge: measured points, fit, and position of the edge."""
    edge = scan.start.get_message(WaferEdge)
    panel = Panel("edge", "", format_mm_label(edge.motor), "It/I0 and error function", x_name=edge.motor)
    panel = add_fit(panel, edge.xaxis, edge.data, edge.best_fit, (edge.center, edge.amplitude / 2))
    title = f"Wafer edge: {parse_direction(edge.motor)} scan, {format_center(edge.center, edge.xaxis)}"
    return Figure(scan.figure_id, scan.kind, title, (panel,))


@figure_examples.register("wafer")
def build_example() -> FigureExample:
    """Return an edge."""
    return FigureExample((WaferEdge.example,))
