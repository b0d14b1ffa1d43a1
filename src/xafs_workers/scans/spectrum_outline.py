"""Whether a run is a repetition of an XAFS sequence, and of which one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from xafs_workers.elements import find_edge_energy
from xafs_workers.messages.detectors import find_mode
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import ChannelSelection, find_fluorescence_channels
from xafs_workers.scans.energy_axis import EnergyAxis, find_energy_axis
from xafs_workers.scans.measured_runs import list_measured_runs
from xafs_workers.scans.metadata import as_mapping, as_text, as_texts, find_by_path
from xafs_workers.scans.named_edge import NamedEdge, find_named_edge
from xafs_workers.scans.outline import SpectrumOutline
from xafs_workers.scans.run_names import find_sample_name
from xafs_workers.scans.runs import Run

Array = np.ndarray[Any, np.dtype[np.float64]]

LEAST_POINTS = 15
"""Smallest number of points, planned or measured, of a spectrum."""

LEAST_RANGE = 30.0
"""Smallest range of energies, planned or measured, of a spectrum, eV."""

FEW_POINTS = 3
"""Number of points from whose steps the range of a running scan is expected."""

SAME_ENERGY = 1.0
"""Largest difference of the first, and of the last, energies of two repetitions, eV."""


def describe_spectrum(run: Run, config: BoardConfig) -> SpectrumOutline | None:
    """Describe a run that is a repetition over an edge; None for any other."""
    run = list_measured_runs(run, config)[0]
    axis = find_energy_axis(run, config)
    if not run.descriptor or axis.problem or not axis.is_moving:
        return None
    named = find_named_edge(run, config)
    energies = axis.energies[np.isfinite(axis.energies)]
    if not _is_over_an_edge(run, energies, named):
        return None
    mode = _find_mode(run, config)
    return SpectrumOutline(
        named.element,
        named.edge,
        mode,
        find_sample_name(run, config),
        _build_identity(run, config, axis, mode),
        float(energies[0]) if len(energies) else math.nan,
        float(energies[-1]) if len(energies) and run.has_succeeded else math.nan,
        _read_time(run.start),
        _read_time(as_mapping(run.stop)),
    )


def is_same_sequence(one: SpectrumOutline, other: SpectrumOutline, gap: float) -> bool:
    """Check whether a run repeats the one before it.

    An energy that is not known, of a repetition that runs or was aborted, is taken for the same. So is the time
    between a run without a stop document and the next one.

    Parameters
    ----------
    gap
        Longest time from the stop of a run to the start of its repetition, by the times of the documents, seconds.
    """
    if one.identity != other.identity or (not other.began - one.ended <= gap and not math.isnan(one.ended)):
        return False
    return not any(
        abs(first - second) > SAME_ENERGY for first, second in ((one.first, other.first), (one.last, other.last))
    )


def _is_over_an_edge(run: Run, energies: Array, named: NamedEdge) -> bool:
    count = len(energies)
    if not count:
        return False
    planned = run.start.get("num_points")
    expected = planned if isinstance(planned, int) and not run.has_succeeded else 0
    span = float(np.ptp(energies))
    if count >= FEW_POINTS and expected > count:
        span = max(span, float(np.abs(np.diff(energies[:FEW_POINTS])).mean()) * (expected - 1))
    if max(count, expected) >= LEAST_POINTS and span >= LEAST_RANGE:
        return True
    # the table of edges, which takes a second to load, is seldom needed
    edge = find_edge_energy(named.element, named.edge) if named.element and named.edge else None
    return edge is not None and energies.min() <= edge <= energies.max()


def _find_mode(run: Run, config: BoardConfig) -> str:
    """Find the mode that the metadata or the hint name, else the one that the columns suggest."""
    given = run.xdi.get("_mode")
    texts = [*(as_texts(given) or (as_text(given),)), run.hint.partition(" ")[2]]
    named = next(filter(None, (find_mode(text) for text in texts if text)), None)
    if named is not None:
        return named
    columns = config.columns
    if find_fluorescence_channels(run, config, ChannelSelection()).columns:
        return "fluorescence"
    if columns.it in run.points:
        return "transmission"
    return "yield" if columns.iy in run.points else "transmission"


def _build_identity(run: Run, config: BoardConfig, axis: EnergyAxis, mode: str) -> tuple[object, ...]:
    """Collect what is the same in all repetitions of a sequence."""
    folder = tuple(str(find_by_path(run.start, path)) for path in config.session_keys)
    sample = tuple(str(find_by_path(run.start, path)) for path in config.metadata.sample)
    named = find_named_edge(run, config)
    channels = find_fluorescence_channels(run, config, ChannelSelection()).columns
    plan = as_text(run.start.get("plan_name"))
    planned = run.start.get("num_points")
    count = planned if isinstance(planned, int) else len(run.points) if run.has_succeeded else None
    return (folder, sample, named, mode, plan, axis.key, channels, count)


def _read_time(doc: Any) -> float:
    time = as_mapping(doc).get("time")
    return float(time) if isinstance(time, int | float) else math.nan
