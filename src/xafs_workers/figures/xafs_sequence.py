"""The merge of an XAFS sequence in three panels: µ(E), χ(k) and |χ(R)|."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from xafs_workers.figures.figure_builder import Options, views
from xafs_workers.figures.live_chi import k2_chi
from xafs_workers.figures.model import Figure, Panel, Text, Trace
from xafs_workers.scans.advice import advice
from xafs_workers.scans.board import Board
from xafs_workers.scans.channels import bad_channels
from xafs_workers.scans.reduction_requests import answer_to
from xafs_workers.scans.results import Result
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.xafs_sequence import Sequence, sequence_of

FARTHEST_R = 6.0
"""Å; beyond it is noise."""

RIGHT, NOTE_LINE = 0.98, 0.07
"""Place of notes, out of the way: below the post-edge; and the height of their lines."""

NOTHING = Result(0, {})
"""What there is to be seen before anything is reduced."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """The merge to be drawn: of how many repetitions, and its result."""

    n: int
    result: Result

    @property
    def values(self) -> Mapping[str, Any]:
        return self.result.values


@views.register("xafs_sequence")
def figure(board: Board, scan: Scan, options: Options) -> Figure:
    """Return the figure of the newest merge that is reduced."""
    sequence = sequence_of(board, scan)
    shown = _shown(board, sequence)
    title = _title(sequence, shown.n)
    if scan.ended:
        title = f"Sequence ended: {sequence.name}  {shown.n} scan{'' if shown.n == 1 else 's'}"
    return _figure(board, sequence, shown, title)


def figure_after(board: Board, scan: Scan, added: int) -> Figure:
    """Return the figure as it was when `added` repetitions had been added, whatever came since."""
    sequence = sequence_of(board, scan).after(added)
    shown = _shown(board, sequence)
    return _figure(board, sequence, shown, _title(sequence, shown.n))


def _figure(board: Board, sequence: Sequence, shown: _Shown, title: str) -> Figure:
    panels = _panels(board, sequence, shown)
    scan = sequence.scan
    rows = 2 if len(panels) > 1 else 1
    return Figure(scan.figure_id, scan.kind, title, panels, rows=rows, columns=2, width=8.0, height=7.0)


def _shown(board: Board, sequence: Sequence) -> _Shown:
    if sequence.absorber.mode == "test":
        return _Shown(0, NOTHING)
    for n in range(len(sequence.merged), 0, -1):
        result = answer_to(board, sequence.merge(n))
        if result is not None:
            return _Shown(n, result)
    return _Shown(0, NOTHING)


def _title(sequence: Sequence, n: int) -> str:
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
        replace(chi, traces=_weighted(shown.result)),
        replace(chir, traces=_near(shown.result), title=_advice(board, sequence, shown)),
    )


def _trace(key: str, values: Mapping[str, Any], x: str, y: str) -> tuple[Trace, ...]:
    return (Trace(key, values[x], values[y]),) if x in values and y in values else ()


def _weighted(result: Result) -> tuple[Trace, ...]:
    return (Trace("chi", *k2_chi(result)),) if "chi" in result.values else ()


def _near(result: Result) -> tuple[Trace, ...]:
    if "r" not in result.values:
        return ()
    r, magnitude = result.values["r"], result.values["chir_mag"]
    near = result.derived("near", lambda: (r[r <= FARTHEST_R], magnitude[r <= FARTHEST_R]))
    return (Trace("chir", *near),)


def _notes(board: Board, sequence: Sequence, shown: _Shown) -> tuple[Text, ...]:
    """Return what is waited for, or what is to be known of the merge."""
    if not shown.values:
        return (Text("waiting", _waiting(sequence)),)
    lines = [f"scan {one.number} left out: {one.problem}" for one in sequence.left_out]
    lines += [f"{reason}, left out" for reason in shown.values.get("left_out", ())]
    lines += [f"not reduced: {shown.values['problem']}"] if "problem" in shown.values else []
    lines += _channel_notes(board, sequence)
    return (Text("notes", "\n".join(lines), RIGHT, NOTE_LINE * (len(lines) + 1) / 2),) if lines else ()


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


def advice_on(board: Board, scan: Scan) -> str:
    """Return what the figure of a sequence advises and notes of its channels, a line each; '' for nothing."""
    sequence = sequence_of(board, scan)
    shown = _shown(board, sequence)
    lines = (_advice(board, sequence, shown), *_channel_notes(board, sequence))
    return "\n".join(line for line in lines if line)


def _advice(board: Board, sequence: Sequence, shown: _Shown) -> str:
    """Return the line above |χ(R)|: inside, the first shell may reach anywhere."""
    measured = [_noise(board, sequence, n) for n in range(1, shown.n)] + [shown.values.get("epsilon_k", float("nan"))]
    return advice(measured, board.rules.reduction.target_noise) if shown.n else ""


def _noise(board: Board, sequence: Sequence, n: int) -> float:
    result = answer_to(board, sequence.merge(n))
    return float("nan") if result is None else float(result.values.get("epsilon_k", "nan"))
