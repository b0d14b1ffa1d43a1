"""Figure of the merge of an XAFS sequence in three panels: µ(E), χ(k) and |χ(R)|."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xafs_workers.figures.figure_builder import (
    FigureExample,
    FigureOptions,
    answer_value_builders,
    figure_builders,
    figure_examples,
    picture_figure_builders,
)
from xafs_workers.figures.model import Figure, Line, Panel, Text, Trace
from xafs_workers.figures.xafsscan_chi import compute_k2_chi, explain_missing_chi, explain_missing_chir
from xafs_workers.messages.xafs_sequence import XafsSequenceAdd, XafsSequenceStart
from xafs_workers.scans.advice import Advice, build_advice
from xafs_workers.scans.board import Board
from xafs_workers.scans.channels import compute_sum_without_bad, describe_channels
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.measured_runs import describe_hidden_passes
from xafs_workers.scans.reduction_requests import find_result
from xafs_workers.scans.results import RankedResult
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.xafs_sequence import XafsSequence, build_sequence
from xafs_workers.scans.xafs_sequence_pictures import find_repetition_number

MAX_R = 6.0
"""Upper limit of the shown R, Å; beyond it is noise."""

SHOWN_NOTES = 2
"""Number of notes that fit into the line under the title; the answer lists all."""

EMPTY_RESULT = RankedResult(0, {})
"""Result before the first reduction."""


@dataclass(frozen=True, slots=True)
class _ShownMerge:
    """The merge that is drawn: its number of repetitions and its result."""

    repetition_count: int
    result: RankedResult

    @property
    def values(self) -> Mapping[str, Any]:
        return self.result.values


@figure_builders.register("xafs_sequence")
def build_xafs_sequence_figure(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the figure of the newest reduced merge of a sequence."""
    sequence = build_sequence(board, scan)
    shown = _find_shown_merge(board, sequence)
    title = _format_title(sequence, shown.repetition_count)
    if scan.has_ended and not scan.is_implied:
        plural = "" if shown.repetition_count == 1 else "s"
        title = f"Sequence ended: {sequence.name}  {shown.repetition_count} scan{plural}"
    return _build_figure(board, sequence, shown, title)


@figure_examples.register("xafs_sequence")
def build_example() -> FigureExample:
    """Return a sequence whose first repetition is not merged yet."""
    return FigureExample((XafsSequenceStart.example,))


@picture_figure_builders.register("xafs_sequence")
def build_progress_figure(board: Board, scan: Scan, control: ReceivedMessage) -> Figure | None:
    """Build the picture of a long sequence's progress; None at its end, where the picture shows the scan's figure."""
    if not isinstance(control.message, XafsSequenceAdd):
        return None
    return build_interim_figure(board, scan, find_repetition_number(control, scan))


def build_interim_figure(board: Board, scan: Scan, added: int) -> Figure:
    """Build the figure as it was after `added` repetitions, without those added since."""
    sequence = build_sequence(board, scan).truncate(added)
    shown = _find_shown_merge(board, sequence)
    return _build_figure(board, sequence, shown, _format_title(sequence, shown.repetition_count))


def _build_figure(board: Board, sequence: XafsSequence, shown: _ShownMerge, title: str) -> Figure:
    panels = _build_panels(board, sequence, shown)
    scan = sequence.scan
    rows = 2 if len(panels) > 1 else 1
    return Figure(scan.figure_id, scan.kind, title, panels, rows=rows, columns=2, width=8.0, height=7.0)


def _find_shown_merge(board: Board, sequence: XafsSequence) -> _ShownMerge:
    if sequence.absorber.mode == "test":
        return _ShownMerge(0, EMPTY_RESULT)
    for n in range(len(sequence.merged_spectra), 0, -1):
        result = find_result(board, sequence.build_merge_request(n))
        if result is not None:
            return _ShownMerge(n, result)
    return _ShownMerge(0, EMPTY_RESULT)


def find_shown_values(board: Board, scan: Scan) -> Mapping[str, Any]:
    """Find the results of the merge that the figure of a sequence shows; {} for none."""
    return _find_shown_merge(board, build_sequence(board, scan)).values


def _format_title(sequence: XafsSequence, n: int) -> str:
    return f"Sequence: {sequence.name}  {n}/{max(sequence.planned_repetitions, len(sequence.merged_spectra))}"


def _build_panels(board: Board, sequence: XafsSequence, shown: _ShownMerge) -> tuple[Panel, ...]:
    values = shown.values
    signal = f"{_name_signal(sequence)} µ(E)"
    lines = (Line("e0", values["e0"], f"E0 = {values['e0']:.1f} eV"),) if "e0" in values else ()
    mu = Panel("mu", "", "energy (eV)", signal, column_span=2, lines=lines, x_name="energy", y_name="mu")
    waiting = () if values else (Text("waiting", _describe_progress(sequence)),)
    notes = _format_note_line(build_sequence_notes(board, sequence, shown.values)) if values else ""
    traces = _build_mu_traces(shown.result)
    mu = replace(mu, title=notes, traces=traces, texts=waiting, legend="full" if len(traces) > 1 else "none")
    mu = _add_sum_without_bad_channels(mu, board, sequence)
    if values.get("short"):
        return (mu,)
    chi = Panel("chi", "", "wavenumber (Å⁻¹)", "k² χ(k)  (Å⁻²)", row=1, x_name="k", y_name="chi")
    chir = Panel("chir", "", "radial distance (Å)", "|χ(R)|  (Å⁻³)", row=1, column=1, x_name="r", y_name="chir_mag")
    advice = str(_build_advice(board, shown)) if shown.repetition_count else ""
    return (
        mu,
        replace(
            chi,
            traces=_build_chi_traces(shown.result),
            texts=waiting or _explain("no chi", explain_missing_chi(values)),
        ),
        replace(
            chir,
            traces=_build_chir_traces(shown.result),
            title=advice,
            texts=waiting or _explain("no chir", explain_missing_chir(values)),
        ),
    )


def _name_signal(sequence: XafsSequence) -> str:
    """Return the name of the merged signal."""
    mode = sequence.absorber.mode
    if sequence.absorber.is_fluorescence or mode == "pips":
        return "fluorescence"
    return {"yield": "electron yield", "reference": "reference"}.get(mode, "transmission")


def _add_sum_without_bad_channels(panel: Panel, board: Board, sequence: XafsSequence) -> Panel:
    """Add the spectrum of the last repetition without its bad channels, on the level of the sum with them."""
    last = next((one for one in reversed(sequence.repetitions) if one.spectrum is not None), None)
    run = None if last is None else board.runs.get(last.uid)
    if last is None or last.spectrum is None or run is None or not sequence.absorber.is_fluorescence:
        return panel
    without = compute_sum_without_bad(run, board.config, sequence.absorber.channel_selection)
    if without is None or not panel.traces:
        return panel
    columns, energy, mu = without.columns, last.spectrum.energy, without.values
    label = f"scan {last.number} without {', '.join(columns)}"
    trace = run.points.compute_once(("sum without", columns, label), lambda: Trace("without", energy, mu, label, 2))
    merge, *others = panel.traces
    return replace(panel, traces=(replace(merge, label=merge.label or "merge"), *others, trace), legend="full")


def _explain(key: str, reason: str) -> tuple[Text, ...]:
    return (Text(key, reason),) if reason else ()


def _build_mu_traces(result: RankedResult) -> tuple[Trace, ...]:
    """Build the trace of the merge, and that of the merge with or without the odd repetitions, where there are any."""
    values = result.values
    if "mu" not in values:
        return ()
    other = values.get("other")
    if not other:
        return (Trace("mu", values["energy"], values["mu"]),)
    merge = Trace("mu", values["energy"], values["mu"], f"merge of {_list_merged(values)}, in the files")
    return merge, Trace("other", other["energy"], other["mu"], str(other["label"]), 1)


def _list_merged(values: Mapping[str, Any]) -> str:
    return ", ".join(str(one["number"]) for one in values.get("members", ()) if one["state"] == "merged")


def _build_chi_traces(result: RankedResult) -> tuple[Trace, ...]:
    if "chi" not in result.values:
        return ()
    merge = Trace("chi", *compute_k2_chi(result))
    other = result.values.get("other") or {}
    if "chi" not in other:
        return (merge,)
    curve = result.compute_once("other chi", lambda: (other["k"], other["k"] ** 2 * other["chi"]))
    return merge, Trace("other", *curve, series=1)


def _build_chir_traces(result: RankedResult) -> tuple[Trace, ...]:
    if "r" not in result.values:
        return ()
    merge = Trace("chir", *result.compute_once("near", lambda: _select_near(result.values)))
    other = result.values.get("other") or {}
    if "r" not in other:
        return (merge,)
    return merge, Trace("other", *result.compute_once("other near", lambda: _select_near(other)), series=1)


def _select_near(values: Mapping[str, Any]) -> tuple[Any, Any]:
    """Select the distances up to the upper limit that is shown."""
    near = values["r"] <= MAX_R
    return values["r"][near], values["chir_mag"][near]


def build_sequence_notes(board: Board, sequence: XafsSequence, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Build all notes on a merge, the worst first: what was left out, what was changed, what is doubtful."""
    aborted = [f"{one.number} left out: {one.problem}" for one in sequence.excluded_repetitions]
    problem = [f"not reduced: {values['problem']}"] if "problem" in values else []
    runs = [board.runs[uid] for uid in sequence.scan.added_run_uids if uid in board.runs]
    hidden = filter(None, (describe_hidden_passes(run, board.config) for run in runs))
    others = (*hidden, *_format_channel_notes(board, sequence), *_format_mode_note(sequence))
    return (*problem, *aborted, *values.get("notes", ()), *others)


def _format_note_line(notes: Sequence[str]) -> str:
    """Format the worst notes as one line, with the number of those that are not shown."""
    more = len(notes) - SHOWN_NOTES
    return "; ".join(notes[:SHOWN_NOTES]) + (f"; and {more} more" if more > 0 else "")


def _describe_progress(sequence: XafsSequence) -> str:
    if sequence.absorber.mode == "test":
        return "mode test: nothing is reduced"
    if sequence.merged_spectra:
        return "being reduced ..."
    problems = "\n".join(f"{one.number} left out: {one.problem}" for one in sequence.excluded_repetitions)
    if sequence.scan.has_ended:
        return problems or "no repetition was finished"
    return problems or "waiting for the first repetition"


def _format_mode_note(sequence: XafsSequence) -> Iterator[str]:
    note = sequence.scan.start.get_message(XafsSequenceStart).mode.note
    if note:
        yield note


def _format_channel_notes(board: Board, sequence: XafsSequence) -> Iterator[str]:
    if not sequence.absorber.is_fluorescence:
        return
    numbers_by_note: dict[str, list[str]] = {}
    for one in sequence.repetitions:
        if one.spectrum is not None and one.uid in board.runs:
            for text in describe_channels(board.runs[one.uid], board.config, sequence.absorber.channel_selection):
                numbers_by_note.setdefault(text, []).append(str(one.number))
    for text, numbers in numbers_by_note.items():
        yield f"{text} (scan {', '.join(numbers)})"


ANSWER_NAMES = (
    "members",
    "e0",
    "e0_merge",
    "edge_step",
    "nnorm",
    "counts",
    "mu_std",
    "epsilon_k",
    "epsilon_k_larch",
    "drift",
)
"""Results of a merge that are part of the answer, under the same names."""


@answer_value_builders.register("xafs_sequence")
def build_sequence_answer(board: Board, scan: Scan) -> Mapping[str, Any]:
    """Build the value of the answer about a sequence: its numbers, all notes, and the advice; {} without a merge.

    `in_files` names the merge that is in project and data file, `shown_beside` the other one of the picture, if any.
    `aligned` is the number of energies of the merge with aligned energies, 0 for none.
    """
    sequence = build_sequence(board, scan)
    shown = _find_shown_merge(board, sequence)
    values = shown.values
    if not values:
        return {}
    aligned = values.get("aligned")
    found = {name: values.get(name) for name in ANSWER_NAMES}
    other = values.get("other")
    return {name: _to_plain(value) for name, value in found.items()} | {
        "in_files": f"merge of {_list_merged(values)}",
        "shown_beside": str(other["label"]) if other else "",
        "aligned": len(aligned["energy"]) if aligned else 0,
        "notes": list(build_sequence_notes(board, sequence, values)),
        "advice": str(_build_advice(board, shown)),
    }


def _to_plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _build_advice(board: Board, shown: _ShownMerge) -> Advice:
    return build_advice(shown.values, board.config.reduction.target_noise)
