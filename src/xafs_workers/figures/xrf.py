"""Figure of the X-ray fluorescence spectrum of a run with one point."""

from __future__ import annotations

from xafs_workers.figures import emission
from xafs_workers.figures.caption import UID_LENGTH
from xafs_workers.figures.figure_builder import FigureExample, FigureOptions, figure_builders, figure_examples
from xafs_workers.figures.model import Figure, Trace
from xafs_workers.messages.xrf import XrfPlot
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.mca import NoSpectraError, extract_channels, load_spectra
from xafs_workers.scans.run_names import find_run_name, find_sample_name
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan


@figure_builders.register("xrf")
def build_xrf_figure(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the figure of a spectrum: the sum of the channels, each channel, or the one requested."""
    message = scan.start.get_message(XrfPlot)
    run = board.runs.get(message.uid)
    line = emission.find_run_line(run)
    traces: tuple[Trace, ...] = ()
    problem = ""
    try:
        traces = emission.compute_once(run, ("xrf", message), lambda: _build_traces(board, message, run, options))
    except NoSpectraError as waiting:
        problem = str(waiting)
    if message.show_roi and run is not None:
        traces = (*traces, *emission.build_region_traces(run, traces, board.config))
    panel = emission.build_spectra_panel(traces, line, problem)
    return Figure(scan.figure_id, scan.kind, _format_title(run, message.uid, board.config), (panel,))


@figure_examples.register("xrf")
def build_example() -> FigureExample:
    """Return the spectra of a run that counted once."""
    message = XrfPlot.example
    columns, run_start = emission.build_example_run(message["uid"])
    return FigureExample((message,), columns, run_start)


def _format_title(run: Run | None, uid: str, config: BoardConfig) -> str:
    """Format the title: the sample and the incident energy; without a sample what else is known of the run.

    That is its file, or its plan with the scan number, and its detectors; else its uid, because a tab needs a name.
    """
    if run is None:
        return f"spectrum of run {uid[:UID_LENGTH]}"
    named = find_sample_name(run, config)
    if not named:
        name = find_run_name(run, config) or f"run {uid[:UID_LENGTH]}"
        named = ", ".join((f"spectrum of {name}", *run.detectors))
    energy = emission.find_incident_energy(run)
    return ", ".join(filter(None, (named, f"incident energy = {energy:.1f} eV" if energy else "")))


def _build_traces(board: Board, message: XrfPlot, run: Run | None, options: FigureOptions) -> tuple[Trace, ...]:
    spectra = load_spectra(run, message.uid, board.config, options.spectra_loader)
    if not spectra.count:
        raise NoSpectraError("nothing was counted in this run")
    channels = extract_channels(spectra.get_point(0), board.config, message.only)
    shown = emission.select_energy_range(emission.find_run_line(run), emission.find_incident_energy(run))
    return tuple(
        Trace(key, *emission.clip_spectrum(counts, shown), label, series)
        for series, (key, label, counts) in enumerate(emission.label_channels(channels, message.add, message.only))
    )
