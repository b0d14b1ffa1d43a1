"""Panel of fluorescence spectra against energy, for figures of one spectrum and of spectra inside a scan."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from xafs_workers.elements import EmissionLine, find_emission_line
from xafs_workers.figures.model import Array, Line, Panel, Text, Trace
from xafs_workers.scans import mca
from xafs_workers.scans.board_config import BoardConfig, Region
from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.runs import Run

MIN_ENERGY = 2500.0
"""Lower limit of the shown energies, eV: below it is mostly noise."""

DEFAULT_MAX_ENERGY = 20_000.0
"""Upper limit of the shown energies where the measured element is not known, eV."""

ENERGY_MARGIN = 2000.0
"""Shown range above the element's emission line, eV."""

INCIDENT_MARGIN = 500.0
"""Shown range above the incident energy, where it is known, eV."""

REGION_SERIES = 7
"""Difference of series between a spectrum and its region's rectangle: the same of seven colours, other dashes."""


def find_run_line(run: Run | None) -> EmissionLine | None:
    """Find the emission line of a run's element and edge, None where the run does not name both."""
    element = as_mapping(run.xdi.get("Element")) if run is not None else {}
    symbol, edge = as_text(element.get("symbol")), as_text(element.get("edge"))
    return find_emission_line(symbol, edge) if symbol and edge else None


def find_incident_energy(run: Run | None) -> float | None:
    """Find the incident energy of a run, eV, in its metadata: the energy of the pseudo-channel-cut; None if unknown."""
    try:
        energy = float(run.xdi.get("_pccenergy") or 0.0) if run is not None else 0.0
    except (TypeError, ValueError):
        return None
    return energy if np.isfinite(energy) and energy > 0 else None


def select_energy_range(line: EmissionLine | None, incident: float | None = None) -> tuple[float, float]:
    """Select the range of energies in which a spectrum is shown, eV: up to the incident energy, where it is known."""
    if incident is not None:
        return build_energy_range(incident + INCIDENT_MARGIN)
    return build_energy_range(line.energy + ENERGY_MARGIN if line is not None else DEFAULT_MAX_ENERGY)


def build_energy_range(upper: float) -> tuple[float, float]:
    """Build the range of shown energies (eV) up to a limit; for the lightest elements it begins at 0."""
    return (MIN_ENERGY if upper > 2.0 * MIN_ENERGY else 0.0, upper)


def build_spectra_panel(traces: Iterable[Trace], line: EmissionLine | None, problem: str = "") -> Panel:
    """Build the panel of spectra, with the element's emission line."""
    drawn = tuple(traces)
    lines = (Line("emission", line.energy, line.name),) if line is not None and drawn else ()
    notes = (Text("problem", problem),) if problem else ()
    return Panel(
        "spectrum",
        "",
        "energy (eV)",
        "counts",
        traces=drawn,
        lines=lines,
        texts=notes,
        legend="full",
        x_name="emission energy",
    )


def build_region_traces(run: Run, spectra: Iterable[Trace], config: BoardConfig) -> tuple[Trace, ...]:
    """Build a rectangle around the element's region of interest in each spectrum; none where no region is known."""
    element = as_mapping(run.xdi.get("Element"))
    symbol, edge = as_text(element.get("symbol")), as_text(element.get("edge")).upper()
    region, line = config.regions.get((symbol, edge)), find_run_line(run)
    if region is None:
        return ()
    label = f"{line.name if line is not None else f'{symbol} {edge}'} ROI"
    return compute_once(
        run, ("regions", region, tuple(one.key for one in spectra)), lambda: _build_rectangles(spectra, region, label)
    )


def _build_rectangles(spectra: Iterable[Trace], region: Region, label: str) -> tuple[Trace, ...]:
    """Build the rectangles, as high as the counts inside; the label is on the first."""
    low, high = region
    found: list[Trace] = []
    for spectrum in spectra:
        inside = spectrum.y[(spectrum.x >= low) & (spectrum.x <= high)]
        if not inside.size:
            continue
        x, top = np.array([low, low, high, high, low]), float(np.nanmax(inside))
        name, series = "" if found else label, spectrum.series + REGION_SERIES
        found.append(Trace(f"region-{spectrum.key}", x, np.array([0.0, top, top, 0.0, 0.0]), name, series))
    return tuple(found)


def label_channels(channels: Mapping[int, Array], add: bool, only: int | None) -> Iterator[tuple[str, str, Array]]:
    """Yield (key, label, counts) for the sum of the channels, for each channel, or for the only one requested."""
    if add and only is None:
        yield (
            "sum",
            f"sum of {len(channels)} channels" if len(channels) > 1 else _format_channel(next(iter(channels))),
            (mca.sum_spectra(channels)),
        )
        return
    for channel, counts in channels.items():
        yield f"channel-{channel}", _format_channel(channel), counts


def _format_channel(channel: int) -> str:
    return f"channel {channel}"


def clip_spectrum(counts: Array, shown: tuple[float, float]) -> tuple[Array, Array]:
    """Select the bins of a spectrum inside a range; returns energies (eV) and counts."""
    counts = np.asarray(counts, dtype=np.float64)
    first = min(max(int(np.ceil(shown[0] / mca.BIN_WIDTH)), 0), len(counts))
    last = min(max(int(np.floor(shown[1] / mca.BIN_WIDTH)), 0), len(counts) - 1)
    return np.arange(first, last + 1) * mca.BIN_WIDTH, counts[first : last + 1]


def compute_once(run: Run | None, key: Hashable, compute: Any) -> Any:
    """Compute a result once, as long as the run's points are the same."""
    return compute() if run is None else run.points.compute_once(key, compute)


def build_example_run(uid: str) -> tuple[Mapping[str, list[Any]], Mapping[str, Any]]:
    """Return columns and start document of a run with one point and four spectra of iron, for examples of figures."""
    energy = np.arange(2048) * 10.0
    counts = 9000.0 * np.exp(-(((energy - 6400.0) / 100.0) ** 2)) + 1400.0 * np.exp(-(((energy - 7058.0) / 105.0) ** 2))
    columns = {f"4-element SDD_channel0{channel}_xrf": [counts * channel] for channel in range(1, 5)}
    run_start = {"uid": uid, "detectors": ["4-element SDD"], "XDI": {"Element": {"symbol": "Fe", "edge": "K"}}}
    return {"dcm_energy": [7200.0], **columns}, run_start
