"""Normalised mu(E): the pre-edge line subtracted, and the edge step 1, once the edge is passed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from xafs_workers.figures.model import Array, Figure, Panel, Trace
from xafs_workers.registry import Registry
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan, scan_kinds

Normalizer = Callable[[Board, Scan, Figure], Figure]

normalizers: Registry[Normalizer] = Registry("xafs_workers.figures", "normalizers", scan_kinds.discover)
"""Functions that show mu(E) of a scan's signal normalised, by kind of scan."""


def normalize_figure(board: Board, scan: Scan, figure: Figure) -> Figure:
    """Show mu(E) of the scan's signal normalised, as far as the reduction has the edge; other panels as they are."""
    normalizer = normalizers.get(scan.kind)
    return figure if normalizer is None else normalizer(board, scan, figure)


def replace_panel(figure: Figure, key: str, change: Callable[[Panel], Panel]) -> Figure:
    """Change the panel with this key, if it has curves."""
    panels = tuple(change(panel) if panel.key == key and panel.traces else panel for panel in figure.panels)
    return replace(figure, panels=panels)


def normalize_trace(trace: Trace, values: Mapping[str, Any]) -> Trace:
    """Normalise a curve by the results of a reduction."""
    step = float(values["edge_step"])
    return replace(trace, y=compute_normalized(trace.x, trace.y, values["energy"], values["pre_edge"], step))


def compute_normalized(x: Array, y: Array, energy: Array, pre_edge: Array, edge_step: float) -> Array:
    """Compute (mu - pre-edge line) / edge step at energies x, eV, shape (n,); the line is that of Larch.

    Parameters
    ----------
    energy, pre_edge
        The line at the ascending energies that were reduced. It is extended to later points.
    """
    slope = (pre_edge[-1] - pre_edge[0]) / (energy[-1] - energy[0])
    return (y - pre_edge[0] - slope * (x - energy[0])) / edge_step
