"""Normalised mu(E) of the merge of a sequence."""

from __future__ import annotations

from dataclasses import replace

from xafs_workers.figures.model import Figure
from xafs_workers.figures.normalized_traces import normalize_trace, normalizers, replace_panel
from xafs_workers.figures.xafs_sequence import find_shown_values
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan


@normalizers.register("xafs_sequence")
def normalize_merge(board: Board, scan: Scan, figure: Figure) -> Figure:
    """Normalise the merge of a sequence, and the curves beside it in the same way."""
    values = find_shown_values(board, scan)
    if "pre_edge" not in values:
        return figure
    return replace_panel(
        figure,
        "mu",
        lambda panel: replace(
            panel,
            traces=tuple(normalize_trace(trace, values) for trace in panel.traces),
            y_label=f"normalised {panel.y_label}",
        ),
    )
