"""Fluorescence spectra at chosen energies of an XAFS scan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np

from xafs_workers.figures import emission
from xafs_workers.figures.figure_builder import Options, views
from xafs_workers.figures.model import Figure, Trace
from xafs_workers.messages.xrfat import XrfatStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.mca import NoSpectra, Spectra, channels_of, point_at, spectra_of_run
from xafs_workers.scans.metadata import mapping, text
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan

Chosen = tuple[tuple[float, ...], tuple[Trace, ...]]


@views.register("xrfat")
def figure(board: Board, scan: Scan, options: Options) -> Figure:
    """Return the spectra of the points that were asked for, each labelled with its incident energy."""
    message = cast(XrfatStart, scan.start.message)
    run = board.runs.get(message.uid)
    energies: tuple[float, ...] = ()
    traces: tuple[Trace, ...] = ()
    problem = ""
    try:
        energies, traces = emission.kept(run, ("xrfat", message), lambda: _chosen(board, message, run, options))
    except NoSpectra as waiting:
        problem = str(waiting)
    panel = emission.panel(traces, emission.line_of(run), problem)
    return Figure(scan.figure_id, scan.kind, _title(run, message, energies), (panel,), width=9.0)


def _title(run: Run | None, message: XrfatStart, energies: tuple[float, ...]) -> str:
    stem = text(mapping(run.start.get("BMM_kafka")).get("filename")) if run is not None else ""
    if not stem and run is not None:
        stem = text(run.xdi.get("_filename"))
    stem = stem or f"run {message.uid[:8]}"
    at = ", ".join(f"{energy:.1f}" for energy in energies)
    return f"{stem} at {at} eV" if at else stem


def _chosen(board: Board, message: XrfatStart, run: Run | None, options: Options) -> Chosen:
    spectra = spectra_of_run(run, message.uid, board.rules, options.spectra_of)
    places = [point_at(asked, spectra.energies, spectra.count) for asked in message.energy]
    places = list(dict.fromkeys(places))
    if not places:
        raise NoSpectra("no energy was asked for")
    energies = tuple(_incident(spectra, place) for place in places)
    shown = emission.bounded(_upper(message, energies))
    traces = tuple(_traces(board.rules, message, spectra, list(zip(places, energies, strict=True)), shown))
    return energies, traces


def _incident(spectra: Spectra, place: int) -> float:
    return float(spectra.energies[place]) if place < len(spectra.energies) else float("nan")


def _upper(message: XrfatStart, energies: tuple[float, ...]) -> float:
    known = [energy for energy in energies if np.isfinite(energy)]
    return max(known) + message.xmax if known else emission.UP_TO


def _traces(
    rules: Rules, message: XrfatStart, spectra: Spectra, points: list[tuple[int, float]], shown: tuple[float, float]
) -> Iterator[Trace]:
    series = 0
    for place, energy in points:
        channels = channels_of(spectra.at(place), rules, message.only)
        for key, label, counts in emission.named(channels, message.add, message.only):
            yield Trace(f"{place}-{key}", *emission.cut(counts, shown), f"{energy:.1f} eV, {label}", series)
            series += 1
