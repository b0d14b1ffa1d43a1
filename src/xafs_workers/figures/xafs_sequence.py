"""The merge of an XAFS sequence in three panels: µ(E), χ(k) and |χ(R)|."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xafs_workers.figures.model import Array, Figure, Panel, Text, Trace
from xafs_workers.figures.views import views
from xafs_workers.scans.advice import advice
from xafs_workers.scans.board import Board
from xafs_workers.scans.channels import bad_channels
from xafs_workers.scans.requests import answer_to
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.xafs_sequence import Sequence, sequence_of

FARTHEST_R = 6.0
"""Å; beyond it is noise."""

NOTE = (0.02, 0.97)
"""Place of notes, out of the way: the pre-edge leaves the upper left free."""

CORNER = (0.98, 0.03)
"""Place of the advice."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """The merge to be drawn: how many repetitions, and its results; none while nothing is reduced."""

    n: int
    values: Mapping[str, Any]


@views.register("xafs_sequence")
def figure(board: Board, scan: Scan) -> Figure:
    """Return the figure of the newest merge that is reduced."""
    return figure_after(board, scan, None)


def figure_after(board: Board, scan: Scan, repetitions: int | None) -> Figure:
    """Return the figure of the merge of the first `repetitions` spectra; None: of the newest that is reduced."""
    sequence = sequence_of(board, scan)
    shown = _shown(board, sequence, repetitions)
    title = _title(sequence, shown.n, repetitions)
    panels = _panels(board, sequence, shown)
    return Figure(scan.id, scan.kind, title, panels, rows=2 if len(panels) > 1 else 1, columns=2, width=8.0, height=7.0)


def _shown(board: Board, sequence: Sequence, repetitions: int | None) -> _Shown:
    if sequence.absorber.mode == "test":
        return _Shown(0, {})
    most = len(sequence.merged) if repetitions is None else min(repetitions, len(sequence.merged))
    for n in range(most, 0, -1):
        result = answer_to(board, sequence.merge(n))
        if result is not None:
            return _Shown(n, result.values)
    return _Shown(0, {})


def _title(sequence: Sequence, n: int, repetitions: int | None) -> str:
    if sequence.scan.ended and repetitions is None:
        return f"Sequence ended: {sequence.name}  {n} scan{'' if n == 1 else 's'}"
    return f"Sequence: {sequence.name}  {n}/{sequence.planned}"


def _panels(board: Board, sequence: Sequence, shown: _Shown) -> tuple[Panel, ...]:
    values = shown.values
    mu = Panel("mu", "", "energy (eV)", "µ(E)", column_span=2, x_name="energy", y_name="mu")
    mu = replace(mu, traces=_trace("mu", values, "energy", "mu"), texts=_notes(board, sequence, shown))
    if values.get("short"):
        return (mu,)
    chi = Panel("chi", "", "wavenumber (Å⁻¹)", "k² χ(k)  (Å⁻²)", row=1, x_name="k", y_name="chi")
    chir = Panel("chir", "", "radial distance (Å)", "|χ(R)|  (Å⁻³)", row=1, column=1, x_name="r", y_name="chir_mag")
    return (
        mu,
        replace(chi, traces=_weighted(values), texts=_advice(board, sequence, shown)),
        replace(chir, traces=_near(values)),
    )


def _trace(key: str, values: Mapping[str, Any], x: str, y: str) -> tuple[Trace, ...]:
    return (Trace(key, values[x], values[y]),) if x in values and y in values else ()


def _weighted(values: Mapping[str, Any]) -> tuple[Trace, ...]:
    """Return k² χ(k), of which equal values always give the same arrays."""
    return _trace("chi", {"k": values["k"], "chi": k2_chi(values)}, "k", "chi") if "chi" in values else ()


def k2_chi(values: Mapping[str, Any]) -> Array:
    """Return k² χ(k), Å⁻²."""
    return np.asarray(values["k"] ** 2 * values["chi"])


def _near(values: Mapping[str, Any]) -> tuple[Trace, ...]:
    if "r" not in values:
        return ()
    inside = values["r"] <= FARTHEST_R
    return (Trace("chir", values["r"][inside], values["chir_mag"][inside]),)


def _notes(board: Board, sequence: Sequence, shown: _Shown) -> tuple[Text, ...]:
    """Return what is waited for, or what is to be known of the merge."""
    if not shown.values:
        return (Text("waiting", _waiting(sequence)),)
    lines = [f"scan {one.number} left out: {one.problem}" for one in sequence.left_out]
    lines += [f"{reason}, left out" for reason in shown.values.get("left_out", ())]
    lines += [f"not reduced: {shown.values['problem']}"] if "problem" in shown.values else []
    lines += _channel_notes(board, sequence)
    return (Text("notes", "\n".join(lines), *NOTE),) if lines else ()


def _waiting(sequence: Sequence) -> str:
    if sequence.absorber.mode == "test":
        return "mode test: nothing is reduced"
    if sequence.merged:
        return "being reduced ..."
    problems = "\n".join(f"scan {one.number} left out: {one.problem}" for one in sequence.left_out)
    if sequence.scan.ended:
        return problems or "no repetition was finished"
    return problems or "waiting for the first repetition"


def _channel_notes(board: Board, sequence: Sequence) -> Iterator[str]:
    if not sequence.absorber.fluoresces:
        return
    told: dict[str, list[str]] = {}
    for one in sequence.repetitions:
        if one.spectrum is not None and one.uid in board.runs:
            for bad in bad_channels(board.runs[one.uid], board.rules, sequence.absorber.wish):
                told.setdefault(str(bad), []).append(str(one.number))
    for text, numbers in told.items():
        yield f"{text} (scan {', '.join(numbers)})"


def _advice(board: Board, sequence: Sequence, shown: _Shown) -> tuple[Text, ...]:
    measured = [_noise(board, sequence, n) for n in range(1, shown.n)] + [shown.values.get("epsilon_k", float("nan"))]
    said = advice(measured, board.rules.reduction.target_noise) if shown.n else ""
    return (Text("advice", said, *CORNER),) if said else ()


def _noise(board: Board, sequence: Sequence, n: int) -> float:
    result = answer_to(board, sequence.merge(n))
    return float("nan") if result is None else float(result.values.get("epsilon_k", "nan"))
