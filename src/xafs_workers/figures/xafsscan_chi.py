"""Panel of live χ(k): the newest reduction of each repetition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from xafs_workers.figures.model import Array, Panel, Text, Trace
from xafs_workers.figures.trace_builder import fade_earlier, format_repetition_label
from xafs_workers.scans.board import Board
from xafs_workers.scans.reduction_requests import find_displayed_result
from xafs_workers.scans.results import RankedResult
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.xafsscan_chi import build_live_requests, list_windows

CHI_PANEL = "chi"

WAITING_NOTE = "from +60 eV"
"""Text of the panel before the first reduction."""

PROVISIONAL_NOTE = "provisional until +150 eV"
"""Note on a provisional χ(k): below +150 eV, the background follows the first shell of the first repetition."""


XANES_NOTE = "XANES: no χ(k) below +150 eV"
"""Reason why a finished spectrum has no χ(k)."""

SHORT_NOTE = "no |χ(R)|: χ(k) ends below 8 Å⁻¹"
"""Reason why a finished spectrum has no χ(R)."""


def explain_missing_chi(values: Mapping[str, Any]) -> str:
    """Explain why a finished reduction has no χ(k), '' if it has, or nothing is reduced yet."""
    if not values or "chi" in values:
        return ""
    return "" if "problem" in values else XANES_NOTE


def explain_missing_chir(values: Mapping[str, Any]) -> str:
    """Explain why a finished reduction has no χ(R), '' if it has, or nothing is reduced yet."""
    if "chi" in values:
        return "" if "chir_mag" in values else SHORT_NOTE
    return explain_missing_chi(values)


def build_live_chi_panel(board: Board, scan: Scan) -> Panel:
    """Build the panel of live χ(k); series and labels are the same as in the scan's other panels."""
    known = {run.uid: (index, format_repetition_label(window, run)) for index, window, run in list_windows(board, scan)}
    traces: list[Trace] = []
    state: Mapping[str, Any] = {}
    for request in build_live_requests(board, scan):
        result = find_displayed_result(board, request)
        (part,) = request.spectra
        state = {} if result is None else result.values
        if result is not None and "chi" in state:
            index, label = known[part.uid]
            traces.append(Trace(f"scan-{index}", *compute_k2_chi(result), label, index))
    texts = _build_texts(state, empty=not traces)
    return Panel(
        CHI_PANEL,
        f"live χ(k), {PROVISIONAL_NOTE}" if state.get("provisional") else "live χ(k)",
        "wavenumber (Å⁻¹)",
        "k² χ(k)  (Å⁻²)",
        traces=fade_earlier(traces, most=1),  # noisy curves in several colours would be a band
        texts=texts,
        legend="full",
        x_name="k",
        y_name="chi",
    )


def compute_k2_chi(result: RankedResult) -> tuple[Array, Array]:
    """Compute k (Å⁻¹) and k² χ(k) (Å⁻²) of a result, once; the same arrays are returned each time."""
    k, chi = result.values["k"], result.values["chi"]
    return k, result.compute_once("k² chi", lambda: np.asarray(k**2 * chi))


def _build_texts(state: Mapping[str, Any], *, empty: bool) -> tuple[Text, ...]:
    if empty and not state.get("provisional"):
        reason = state.get("problem") or state.get("waiting") or explain_missing_chi(state) or WAITING_NOTE
        return (Text("waiting", str(reason)),)
    return ()
