"""Normalised mu(E) of the repetitions in a live figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from xafs_workers.figures.model import Figure, Panel
from xafs_workers.figures.normalized_traces import normalize_trace, normalizers, replace_panel
from xafs_workers.scans.absorption import Absorber
from xafs_workers.scans.board import Board
from xafs_workers.scans.reduction_requests import find_displayed_result
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.xafsscan_chi import build_absorber, build_live_requests, list_windows

NOT_YET = "not normalised yet: from +60 eV"


@normalizers.register("xafsscan")
def normalize_repetitions(board: Board, scan: Scan, figure: Figure) -> Figure:
    """Normalise each repetition of a live figure by its own reduction; one without a result is not shown."""
    key = _get_signal_panel(build_absorber(scan))
    keys = {run.uid: f"scan-{index}" for index, _, run in list_windows(board, scan)}
    known: dict[str, Mapping[str, Any]] = {}
    for request in build_live_requests(board, scan):
        result = find_displayed_result(board, request)
        if result is not None and "pre_edge" in result.values:
            known[keys[request.spectra[0].uid]] = result.values

    def normalize(panel: Panel) -> Panel:
        traces = tuple(normalize_trace(trace, known[trace.key]) for trace in panel.traces if trace.key in known)
        title = panel.title if len(traces) == len(panel.traces) else f"{panel.title}   {NOT_YET}"
        if not traces:
            return replace(panel, title=title)
        return replace(panel, traces=traces, title=title, y_label=f"normalised {panel.y_label}")

    return replace_panel(figure, key, normalize)


def _get_signal_panel(absorber: Absorber) -> str:
    """Return the key of the panel whose signal is reduced."""
    if absorber.is_fluorescence or absorber.mode == "pips":
        return "fluorescence"
    return absorber.mode if absorber.mode in ("yield", "reference") else "transmission"
