"""The live view of an XAFS sequence: each signal in a panel, the repetitions overplotted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from xafs_workers.figures.figure_builder import Options, views
from xafs_workers.figures.live_chi import CHI, live_chi_panel
from xafs_workers.figures.model import Array, Figure, Panel, Trace
from xafs_workers.figures.signal import channel_curve
from xafs_workers.figures.trace_builder import Curve, told, trace_of, traced
from xafs_workers.messages.xafsscan import XafsscanStart
from xafs_workers.scans import spectra
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.detectors import Wish, fluorescence, fluorescence_channels
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan, Window

COMPACT_FROM = 10
"""Repetitions from which on the legend is compact."""

FLUORESCENCE = ("fluorescence", "xs1", "dante")
SCATTERING = ("pilatus", "eiger")


@dataclass(frozen=True, slots=True)
class _View:
    """One panel: its labels, and its signal as a function of a run."""

    key: str
    title: str
    y_label: str
    compute: Callable[[Run], Array]


@views.register("xafsscan")
def figure(board: Board, scan: Scan, options: Options) -> Figure:
    """Return the live view of an XAFS sequence."""
    start = cast(XafsscanStart, scan.start.message)
    places, rows, columns, (width, height) = _layout(start.mode)
    known = _known_views(start, board.rules)
    windows = [(i, window, board.runs[window.run]) for i, window in enumerate(scan.windows) if window.run]
    shown = {key for key, _, _ in places}
    drawn = {key: _panel(known[key], windows, scan, board.rules) for key in known if key in shown}
    if options.channels and "fluorescence" in drawn:
        drawn["fluorescence"] = _each_channel(drawn["fluorescence"], start, windows, board.rules)
    tall = rows if places[-1][0] != CHI else 1
    drawn[CHI] = replace(live_chi_panel(board, scan), row_span=tall)
    panels = tuple(replace(drawn[key], row=row, column=column) for key, row, column in places)
    return Figure(scan.figure_id, scan.kind, _title(start, scan), panels, rows, columns, width, height)


def _layout(mode: str) -> tuple[list[tuple[str, int, int]], int, int, tuple[float, float]]:
    """Return (panel, row, column) for each panel, the grid's size, and the picture's in inches.

    Live chi(k) has its place from the first frame: a column on the right, or the cell that is empty anyway.
    """
    chi = () if mode == "test" else (CHI,)
    if mode in FLUORESCENCE:
        grid, size = [["transmission", "fluorescence", *chi], ["I0", "reference"]], (15.0, 9.5)
    elif mode == "yield":
        grid, size = [["transmission", "fluorescence", "I0"], ["reference", "yield", *chi]], (15.0, 9.5)
    elif mode in SCATTERING:
        grid, size = [["fluorescence", "I0", *chi], ["diffuse", "specular"]], (15.0, 9.5)
    else:
        grid = [["transmission", "I0", "reference", *chi]]
        size = (5.5 * len(grid[0]), 5.5)
    places = [(key, row, column) for row, keys in enumerate(grid) for column, key in enumerate(keys)]
    return places, len(grid), len(grid[0]), size


def _title(start: XafsscanStart, scan: Scan) -> str:
    count = scan.windows[-1].repetition if scan.windows else 0
    return f"{start.filename}: scan {count} of {start.repetitions}" if count else f"{start.filename}"


def _known_views(start: XafsscanStart, rules: Rules) -> dict[str, _View]:
    columns = rules.columns
    data = f"data: {start.sample}" if start.sample else "data"
    reference = f"reference: {start.reference_material}" if start.reference_material else "reference"
    detector = f"  ({start.fluo_detector})" if start.fluo_detector else ""
    found = (
        _View("transmission", data, "transmission µ(E)", lambda run: spectra.transmission(run.points, columns)),
        _View("fluorescence", data, f"fluorescence µ(E){detector}", lambda run: _fluorescence(run, start, rules)),
        _View("I0", "I0", "I0 (nA)", lambda run: spectra.current(run.points, columns.i0, columns)),
        _View("reference", reference, "reference µ(E)", lambda run: spectra.reference(run.points, columns)),
        _View(
            "yield", "electron yield", "electron yield µ(E)", lambda run: spectra.electron_yield(run.points, columns)
        ),
        _View(
            "diffuse",
            "diffuse scattering",
            "diffuse intensity / I0",
            lambda run: spectra.ratio(run.points, "diffuse", columns.i0),
        ),
        _View(
            "specular",
            "specular scattering",
            "specular intensity / I0",
            lambda run: spectra.ratio(run.points, "specular", columns.i0),
        ),
    )
    return {view.key: view for view in found}


def _fluorescence(run: Run, start: XafsscanStart, rules: Rules) -> Array:
    return fluorescence(run, rules, _wish(start))


def _wish(start: XafsscanStart) -> Wish:
    detector = start.mode if start.mode in ("xs1", "dante") else "fluorescence"
    return Wish(detector, start.fluo_detector, start.element)


def _energy(rules: Rules) -> Callable[[Run], Array]:
    return lambda run: spectra.column(run.points, rules.columns.energy)


def _panel(view: _View, windows: list[tuple[int, Window, Run]], scan: Scan, rules: Rules) -> Panel:
    traces, notes = told(_trace(view, *window, scan, rules) for window in windows if len(window[-1].points))
    legend = "compact" if len(traces) >= COMPACT_FROM else "full"
    return Panel(
        view.key,
        view.title,
        "energy (eV)",
        view.y_label,
        traces=traces,
        texts=notes,
        legend=legend,
        x_name="energy",
        y_name=view.key,
    )


def _trace(view: _View, index: int, window: Window, run: Run, scan: Scan, rules: Rules) -> Trace | str:
    """Return the trace of one repetition: the very same one as long as it has the same points."""
    label = _label(window, run)
    return run.points.derived(
        ("trace", scan.id, view.key, index, label),
        lambda: trace_of(run, Curve(f"scan-{index}", view.compute, _energy(rules), label, index)),
    )


def _each_channel(panel: Panel, start: XafsscanStart, windows: list[tuple[int, Window, Run]], rules: Rules) -> Panel:
    """Return the fluorescence panel with each channel of the latest repetition in place of the sums."""
    measured = [(window, run) for _, window, run in windows if len(run.points)]
    if not measured:
        return panel
    window, run = measured[-1]
    found = fluorescence_channels(run, rules, _wish(start))
    if found.problem:
        return panel
    curves = (replace(channel_curve(key, rules), x=_energy(rules), series=i) for i, key in enumerate(found.columns))
    traces, notes = traced((run, curve) for curve in curves)
    title = f"{_label(window, run)}: each channel"
    return replace(panel, title=title, traces=traces, texts=notes, legend="full")


def _label(window: Window, run: Run) -> str:
    aborted = run.stop is not None and not run.succeeded
    return f"scan {window.repetition}{' (aborted)' if aborted else ''}"
