"""Figure of fluorescence spectra at chosen energies of an XAFS scan."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from xafs_workers.figures import emission
from xafs_workers.figures.figure_builder import FigureExample, FigureOptions, figure_builders, figure_examples
from xafs_workers.figures.model import Figure, Trace
from xafs_workers.messages.xrfat import XrfatStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.mca import NoSpectraError, RunSpectra, extract_channels, find_point, load_spectra
from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan

EnergiesAndTraces = tuple[tuple[float, ...], tuple[Trace, ...]]


@figure_builders.register("xrfat")
def build_xrfat_figure(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the figure of the requested points' spectra, each labelled with its incident energy."""
    message = scan.start.get_message(XrfatStart)
    run = board.runs.get(message.uid)
    energies: tuple[float, ...] = ()
    traces: tuple[Trace, ...] = ()
    problem = ""
    try:
        energies, traces = emission.compute_once(
            run, ("xrfat", message), lambda: _select_spectra(board, message, run, options)
        )
    except NoSpectraError as waiting:
        problem = str(waiting)
    panel = emission.build_spectra_panel(traces, emission.find_run_line(run), problem)
    return Figure(scan.figure_id, scan.kind, _format_title(run, message, energies), (panel,), width=9.0)


@figure_examples.register("xrfat")
def build_example() -> FigureExample:
    """Return the spectra of a point of a scan."""
    message = XrfatStart.example
    columns, run_start = emission.build_example_run(message["uid"])
    return FigureExample((message,), columns, run_start)


def _format_title(run: Run | None, message: XrfatStart, energies: tuple[float, ...]) -> str:
    stem = as_text(as_mapping(run.start.get("BMM_kafka")).get("filename")) if run is not None else ""
    if not stem and run is not None:
        stem = as_text(run.xdi.get("_filename"))
    stem = stem or f"run {message.uid[:8]}"
    at = ", ".join(f"{energy:.1f}" for energy in energies)
    return f"{stem} at {at} eV" if at else stem


def _select_spectra(board: Board, message: XrfatStart, run: Run | None, options: FigureOptions) -> EnergiesAndTraces:
    spectra = load_spectra(run, message.uid, board.config, options.spectra_loader)
    places = [find_point(energy, spectra.energies, spectra.count) for energy in message.energy]
    places = list(dict.fromkeys(places))
    if not places:
        raise NoSpectraError("no energy was asked for")
    energies = tuple(_find_incident_energy(spectra, place) for place in places)
    shown = emission.build_energy_range(_compute_upper_energy(message, energies))
    traces = tuple(_build_traces(board.config, message, spectra, list(zip(places, energies, strict=True)), shown))
    return energies, traces


def _find_incident_energy(spectra: RunSpectra, place: int) -> float:
    return float(spectra.energies[place]) if place < len(spectra.energies) else float("nan")


def _compute_upper_energy(message: XrfatStart, energies: tuple[float, ...]) -> float:
    known = [energy for energy in energies if np.isfinite(energy)]
    return max(known) + message.xmax if known else emission.DEFAULT_MAX_ENERGY


def _build_traces(
    config: BoardConfig,
    message: XrfatStart,
    spectra: RunSpectra,
    points: list[tuple[int, float]],
    shown: tuple[float, float],
) -> Iterator[Trace]:
    series = 0
    for place, energy in points:
        channels = extract_channels(spectra.get_point(place), config, message.only)
        for key, label, counts in emission.label_channels(channels, message.add, message.only):
            yield Trace(f"{place}-{key}", *emission.clip_spectrum(counts, shown), f"{energy:.1f} eV, {label}", series)
            series += 1
