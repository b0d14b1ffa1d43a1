"""Live figure of an XAFS sequence: a panel for each signal, with all repetitions in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from xafs_workers.figures.figure_builder import FigureExample, FigureOptions, figure_builders, figure_examples
from xafs_workers.figures.model import Array, Figure, Panel, Text, Trace
from xafs_workers.figures.signal import build_channel_curve
from xafs_workers.figures.trace_builder import (
    NO_POINTS,
    Curve,
    collect_traces,
    compute_trace,
    compute_traces,
    fade_earlier,
    format_repetition_label,
)
from xafs_workers.figures.xafsscan_chi import CHI_PANEL, build_live_chi_panel
from xafs_workers.messages.xafsscan import XafsscanNext, XafsscanStart
from xafs_workers.scans import spectra
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import ChannelSelection, compute_run_fluorescence, find_fluorescence_channels
from xafs_workers.scans.energy_axis import compute_energy
from xafs_workers.scans.expected_range import find_energy_range
from xafs_workers.scans.named_edge import NamedEdge
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import RunWindow, Scan
from xafs_workers.scans.units import find_current_unit, format_with_unit
from xafs_workers.scans.xafsscan_chi import list_windows

FLUORESCENCE_MODES = ("fluorescence", "xs1", "dante", "pips")
SCATTERING_MODES = ("pilatus", "eiger")


@dataclass(frozen=True, slots=True)
class PanelSpec:
    """Specification of a panel: its labels, and its signal as a function of a run."""

    key: str
    title: str
    y_label: str
    compute: Callable[[Run], Array]


@figure_builders.register("xafsscan")
def build_xafsscan_figure(board: Board, scan: Scan, options: FigureOptions) -> Figure:
    """Build the live figure of an XAFS sequence."""
    start = scan.start.get_message(XafsscanStart)
    places, rows, columns, (width, height) = _arrange_panels(start.mode)
    windows = list(list_windows(board, scan))
    known = build_panel_specs(start, windows[-1][-1] if windows else None, board.config)
    shown = {key for key, _, _ in places}
    drawn = {key: build_repetitions_panel(known[key], windows, scan, board.config) for key in known if key in shown}
    if options.separate_channels and "fluorescence" in drawn and start.mode != "pips":
        drawn["fluorescence"] = split_channels(drawn["fluorescence"], start, windows, board.config)
    tall = rows if places[-1][0] != CHI_PANEL else 1
    drawn[CHI_PANEL] = replace(build_live_chi_panel(board, scan), row_span=tall)
    panels = tuple(replace(drawn[key], row=row, column=column) for key, row, column in places)
    order = tuple(sorted((panel.key for panel in panels), key=lambda key: key == CHI_PANEL))
    title = _format_title(start, scan)
    return Figure(scan.figure_id, scan.kind, title, panels, rows, columns, width, height, reading_order=order)


@figure_examples.register("xafsscan")
def build_example() -> FigureExample:
    """Return the first repetition of a sequence, which has passed the edge."""
    energy = [7100.0, 7108.0, 7112.0, 7116.0, 7124.0, 7140.0]
    edge = [0.1, 0.1, 0.5, 1.4, 1.1, 1.0]
    columns: dict[str, list[float]] = {"dcm_energy": energy, "I0": [100.0] * 6}
    columns |= {"It": [60.0 - 20.0 * value for value in edge], "Ir": [30.0 - 10.0 * value for value in edge]}
    columns |= {f"Fe{channel}": [channel + 300.0 * value for value in edge] for channel in range(1, 8)}
    return FigureExample((XafsscanStart.example, XafsscanNext.example), columns, {"motors": ["dcm_energy"]})


def _arrange_panels(mode: str) -> tuple[list[tuple[str, int, int]], int, int, tuple[float, float]]:
    """Arrange the panels of a mode; returns (panel, row, column) for each, the grid's size, and the picture's (inches).

    Live χ(k) has its position from the first frame: a column on the right, or the cell that is otherwise empty.
    """
    chi = () if mode == "test" else (CHI_PANEL,)
    if mode in FLUORESCENCE_MODES:
        grid, size = [["transmission", "fluorescence", *chi], ["I0", "reference"]], (15.0, 9.5)
    elif mode == "yield":
        grid, size = [["transmission", "fluorescence", "I0"], ["reference", "yield", *chi]], (15.0, 9.5)
    elif mode in SCATTERING_MODES:
        grid, size = [["fluorescence", "I0", *chi], ["diffuse", "specular"]], (15.0, 9.5)
    else:
        grid = [["transmission", "I0", "reference", *chi]]
        size = (5.5 * len(grid[0]), 5.5)
    places = [(key, row, column) for row, keys in enumerate(grid) for column, key in enumerate(keys)]
    return places, len(grid), len(grid[0]), size


def _format_title(start: XafsscanStart, scan: Scan) -> str:
    count = scan.windows[-1].repetition if scan.windows else 0
    title = f"{start.filename}: scan {count} of {start.repetitions}" if count else f"{start.filename}"
    return f"{title}  ({start.mode.note})" if start.mode.note else title


def build_panel_specs(start: XafsscanStart, latest: Run | None, config: BoardConfig) -> dict[str, PanelSpec]:
    """Build the specifications of all panels that a mode may show, by their keys."""
    columns = config.columns
    sample = f": {start.sample}" if start.sample else ""
    reference = f"reference: {start.reference_material}" if start.reference_material else "reference"
    name = _name_detector(start, latest, config)
    detector = f"  ({name})" if name else ""
    found = (
        PanelSpec(
            "transmission",
            f"transmission{sample}",
            "transmission µ(E)",
            lambda run: spectra.compute_transmission(run, config),
        ),
        PanelSpec(
            "fluorescence",
            f"fluorescence{sample}",
            f"fluorescence µ(E){detector}",
            lambda run: _compute_fluorescence(run, start, config),
        ),
        PanelSpec(
            "I0",
            "I0",
            format_with_unit("I0", find_current_unit(latest, config, columns.i0)),
            lambda run: spectra.compute_current(run, config, columns.i0),
        ),
        PanelSpec("reference", reference, "reference µ(E)", lambda run: spectra.compute_reference(run, config)),
        PanelSpec(
            "yield",
            f"electron yield{sample}",
            "electron yield µ(E)",
            lambda run: spectra.compute_electron_yield(run, config),
        ),
        PanelSpec(
            "diffuse",
            "diffuse scattering",
            "diffuse intensity / I0",
            lambda run: spectra.compute_first_ratio(run, config, columns.diffuse, columns.i0),
        ),
        _build_specular_spec(start, config),
    )
    return {view.key: view for view in found}


def _name_detector(start: XafsscanStart, latest: Run | None, config: BoardConfig) -> str:
    """Name the detector whose sum is shown, with the channels that the latest run lacks."""
    if start.mode == "pips":
        return "PIPS"
    name = start.fluo_detector or ""
    if latest is None:
        return name
    found = find_fluorescence_channels(latest, config, _build_channel_selection(start))
    detector = found.detector or name
    return ": ".join(filter(None, (detector, found.describe_missing()))) if found.missing else name


def _build_specular_spec(start: XafsscanStart, config: BoardConfig) -> PanelSpec:
    """Build the specification of the panel of the specular beam, which an area detector or a photodiode measures."""
    columns = config.columns
    if start.with_diode:
        title, label, keys = "specular beam on the diode", "diode / I0", (columns.diode,)
    else:
        title, label, keys = "specular scattering", "specular intensity / I0", columns.specular
    return PanelSpec("specular", title, label, lambda run: spectra.compute_first_ratio(run, config, keys, columns.i0))


def _compute_fluorescence(run: Run, start: XafsscanStart, config: BoardConfig) -> Array:
    if start.mode == "pips":
        return spectra.compute_diode_fluorescence(run, config)
    return compute_run_fluorescence(run, config, _build_channel_selection(start))


def _build_channel_selection(start: XafsscanStart) -> ChannelSelection:
    detector = start.mode if start.mode in ("xs1", "dante") else "fluorescence"
    return ChannelSelection(detector, start.fluo_detector, start.element)


def _select_energy(start: XafsscanStart, config: BoardConfig) -> Callable[[Run], Array]:
    return lambda run: compute_energy(run, config, NamedEdge(start.element, start.edge))


def build_repetitions_panel(
    view: PanelSpec, windows: list[tuple[int, RunWindow, Run]], scan: Scan, config: BoardConfig
) -> Panel:
    """Build the panel of a signal with a trace for each repetition."""
    measured = [window for window in windows if len(window[-1].points)]
    built = [_build_repetition_trace(view, *window, scan, config) for window in measured]
    traces, notes = collect_traces(built)
    run = windows[-1][-1] if windows else None
    return Panel(
        view.key,
        view.title,
        "energy (eV)",
        view.y_label,
        traces=fade_earlier(traces),
        texts=notes or _describe_waiting(run) or (() if traces else NO_POINTS),
        legend="full",
        x_name="energy",
        y_name=view.key,
        x_range=None if run is None else find_energy_range(run, config),
    )


def _describe_waiting(run: Run | None) -> tuple[Text, ...]:
    """Describe which file of the latest run is waited for."""
    return () if run is None or not run.frames.note else (Text("waiting", run.frames.note),)


def _build_repetition_trace(
    view: PanelSpec, index: int, window: RunWindow, run: Run, scan: Scan, config: BoardConfig
) -> Trace | str:
    """Build the trace of one repetition; the same object is returned as long as the run has the same points."""
    label = format_repetition_label(window, run)
    energy = _select_energy(scan.start.get_message(XafsscanStart), config)
    return run.points.compute_once(
        ("trace", scan.id, view.key, index, label),
        lambda: compute_trace(run, Curve(f"scan-{index}", view.compute, energy, label, index)),
    )


def split_channels(
    panel: Panel, start: XafsscanStart, windows: list[tuple[int, RunWindow, Run]], config: BoardConfig
) -> Panel:
    """Replace the sums in the fluorescence panel by each channel of the latest repetition."""
    measured = [(window, run) for _, window, run in windows if len(run.points)]
    if not measured:
        return panel
    window, run = measured[-1]
    found = find_fluorescence_channels(run, config, _build_channel_selection(start))
    if found.problem:
        return panel
    curves = (
        replace(build_channel_curve(key, config), x=_select_energy(start, config), series=i)
        for i, key in enumerate(found.columns)
    )
    traces, notes = compute_traces((run, curve) for curve in curves)
    title = f"{format_repetition_label(window, run)}: each channel"
    return replace(panel, title=title, traces=traces, texts=notes, legend="full")
