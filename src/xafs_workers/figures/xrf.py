"""The X-ray fluorescence spectrum of a run that counted once."""

from __future__ import annotations

from typing import cast

from xafs_workers.figures import emission
from xafs_workers.figures.figure_builder import Options, views
from xafs_workers.figures.model import Figure, Trace
from xafs_workers.messages.xrf import XrfPlot
from xafs_workers.scans.board import Board
from xafs_workers.scans.mca import NoSpectra, channels_of, spectra_of_run
from xafs_workers.scans.metadata import mapping, text
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan


@views.register("xrf")
def figure(board: Board, scan: Scan, options: Options) -> Figure:
    """Return the sum of the channels, each, or the only one asked for."""
    message = cast(XrfPlot, scan.start.message)
    run = board.runs.get(message.uid)
    line = emission.line_of(run)
    traces: tuple[Trace, ...] = ()
    problem = ""
    try:
        traces = emission.kept(run, ("xrf", message), lambda: _traces(board, message, run, options))
    except NoSpectra as waiting:
        problem = str(waiting)
    title = text(mapping(run.xdi.get("Sample")).get("name")) if run is not None else ""
    return Figure(scan.figure_id, scan.kind, title, (emission.panel(traces, line, problem),))


def _traces(board: Board, message: XrfPlot, run: Run | None, options: Options) -> tuple[Trace, ...]:
    spectra = spectra_of_run(run, message.uid, board.rules, options.spectra_of)
    if not spectra.count:
        raise NoSpectra("nothing was counted in this run")
    channels = channels_of(spectra.at(0), board.rules, message.only)
    shown = emission.shown_range(emission.line_of(run))
    return tuple(
        Trace(key, *emission.cut(counts, shown), label, series)
        for series, (key, label, counts) in enumerate(emission.named(channels, message.add, message.only))
    )
