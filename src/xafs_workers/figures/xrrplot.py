"""Figure that compares the reflectivity of several runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from xafs_workers.figures.figure_builder import FigureExample, FigureOptions, figure_builders, figure_examples
from xafs_workers.figures.model import Figure, Panel, Text, Trace
from xafs_workers.figures.reflectivity import (
    REFLECTIVITY_LABEL,
    build_reflectivity_curve,
    describe_gaps,
    join_notes,
)
from xafs_workers.figures.trace_builder import collect_traces, compute_trace
from xafs_workers.figures.xrr import build_example as build_scan_example
from xafs_workers.messages.xrrplot import XrrPlot
from xafs_workers.scans.board import Board
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan


@figure_builders.register("xrrplot")
def build_xrrplot_figure(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the figure of the named runs, one curve each, with a logarithmic axis."""
    uids = tuple(dict.fromkeys(scan.start.get_message(XrrPlot).uid))
    eta = board.config.goniometer.eta
    panel = Panel("reflectivity", "", f"{eta} (deg)", REFLECTIVITY_LABEL, legend="full", x_name=eta, y_scale="log")
    traces, problems = collect_traces(_build_trace(board, uid, number) for number, uid in enumerate(uids, start=1))
    known = [board.runs[uid] for uid in uids if uid in board.runs]
    title = join_notes(note for run in known for note in describe_gaps(run, board.config))
    panel = replace(panel, title=title, traces=traces, texts=tuple(_place_apart(problems, traces)))
    return Figure(scan.figure_id, scan.kind, "reflectivity", (panel,), width=9.0)


def _build_trace(board: Board, uid: str, number: int) -> Trace | str:
    """Build the curve of a run, or return the reason why there is none."""
    run: Run | None = board.runs.get(uid)
    label = f"data #{number}"
    if run is None:
        return f"{label}: {board.missing_runs.get(uid) or f'waiting for run {uid[:8]}'}"
    eta = board.config.goniometer.eta
    found = compute_trace(run, build_reflectivity_curve(uid, eta, board.config, label=label, series=number - 1), "both")
    return f"{label}: {found}" if isinstance(found, str) else found


def _place_apart(texts: tuple[Text, ...], traces: tuple[Trace, ...]) -> Iterator[Text]:
    """Yield the notes, above the curves where there are some."""
    for text in texts:
        yield replace(text, y=0.92) if traces else text


@figure_examples.register("xrrplot")
def build_example() -> FigureExample:
    """Return two runs, of which the second is not known."""
    scan, message = build_scan_example(), XrrPlot.example
    return FigureExample((message,), scan.columns, {**scan.run_start, "uid": message["uid"][0]})
