"""Panel of fluorescence spectra against energy, for figures of one spectrum and of spectra inside a scan."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from xafs_workers.elements import EmissionLine, find_emission_line
from xafs_workers.figures.model import Array, Line, Panel, Text, Trace
from xafs_workers.scans import mca
from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.runs import Run

MIN_ENERGY = 2500.0
"""Lower limit of the shown energies, eV: below it is mostly noise."""

DEFAULT_MAX_ENERGY = 20_000.0
"""Upper limit of the shown energies where the measured element is not known, eV."""

ENERGY_MARGIN = 2000.0
"""Shown range above the element's emission line, eV."""


def find_run_line(run: Run | None) -> EmissionLine | None:
    """Find the emission line of a run's element and edge, None where the run does not name both."""
    element = as_mapping(run.xdi.get("Element")) if run is not None else {}
    symbol, edge = as_text(element.get("symbol")), as_text(element.get("edge"))
    return find_emission_line(symbol, edge) if symbol and edge else None


def select_energy_range(line: EmissionLine | None) -> tuple[float, float]:
    """Select the range of energies in which a spectrum is shown, eV."""
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
        "Energy (eV)",
        "counts",
        traces=drawn,
        lines=lines,
        texts=notes,
        legend="full",
        x_name="emission energy",
    )


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
