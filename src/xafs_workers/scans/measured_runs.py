"""The points of a run as a spectrum: those of the stream that has them, or one set for each event of arrays.

An event whose columns are arrays is a pass over the energies: as many points as its energy array is long. A run of
several passes is as many repetitions; of many, the first and the newest are merged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from xafs_workers.scans.arrays import EventArrays
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.configured_columns import list_column_keys
from xafs_workers.scans.metadata import as_mapping
from xafs_workers.scans.points import Points
from xafs_workers.scans.runs import Run, Stream
from xafs_workers.scans.units import find_unit

Array = np.ndarray[Any, np.dtype[np.float64]]

PRIMARY = "primary"

SEPARATOR = "/"
"""Between the uid of a run and the number of its pass."""


MAX_MERGED_PASSES = 50
"""Largest number of passes of a run that are merged, and drawn one over the other."""

NEWEST_DRAWN = 3
"""Number of the newest passes that are drawn beside the first where a run has more."""


class _PassEnergy(NamedTuple):
    """Energies or angles of a pass: their data key, values of shape (n,), and the description of the data key."""

    key: str
    values: Array
    about: Mapping[str, Any]


def list_measured_runs(run: Run, config: BoardConfig) -> tuple[Run, ...]:
    """List a run as one or more whose points are those of its spectra: itself in the usual case, else its passes.

    Of more than `MAX_MERGED_PASSES` passes, these are the first one and the newest.
    """
    if run.pass_number is not None or (not run.streams and not run.arrays.keys):
        return (run,)
    generations = (stream.points.generation for stream in run.streams.values())
    return run.points.compute_once(
        ("measured runs", run.stop is None, run.frames.note, *generations),
        lambda: _build_measured_runs(run, config),
    )


def list_drawn_runs(run: Run, config: BoardConfig) -> tuple[Run, ...]:
    """List a run as `list_measured_runs` does; of more passes than are merged only the first and the newest ones."""
    found = list_measured_runs(run, config)
    return (found[0], *found[-NEWEST_DRAWN:]) if describe_hidden_passes(run, config) else found


def list_spectrum_builders(run: Run, config: BoardConfig) -> list[Callable[[], Run | None]]:
    """List functions that build a run for each of its spectra, of all passes; None for an event without energies.

    A pass is built when its function is called: a run may have thousands.
    """
    shown = list_measured_runs(run, config)
    if shown[0].pass_number is None:
        return [lambda: shown[0]]
    chosen = _join_streams(_select_point_stream(run, config), config)
    return [partial(_build_pass, chosen, sequence, config) for sequence in sorted(chosen.arrays.sequence_numbers)]


def describe_hidden_passes(run: Run, config: BoardConfig) -> str:
    """Describe which passes of a run are not merged, '' for none."""
    shown = list_measured_runs(run, config)
    count = len(_select_point_stream(run, config).arrays.sequence_numbers)
    if shown[0].pass_number is None or count <= MAX_MERGED_PASSES:
        return ""
    return f"{count - len(shown)} of {count} passes, after the first, are not merged"


def _build_measured_runs(run: Run, config: BoardConfig) -> tuple[Run, ...]:
    chosen = _join_streams(_select_point_stream(run, config), config)
    return tuple(_build_merged_passes(chosen, config)) or (chosen,)


def _build_merged_passes(run: Run, config: BoardConfig) -> Iterator[Run]:
    """Yield the first pass and the newest ones, in order."""
    numbers = sorted(run.arrays.sequence_numbers)
    chosen = numbers if len(numbers) <= MAX_MERGED_PASSES else [numbers[0], *numbers[1 - MAX_MERGED_PASSES :]]
    yield from filter(None, (_build_pass(run, sequence, config) for sequence in chosen))


def find_run_uid(uid: str) -> str:
    """Find the uid of the run to which a spectrum's uid belongs: its own, or that of the run with the pass."""
    return uid.partition(SEPARATOR)[0]


def _select_point_stream(run: Run, config: BoardConfig) -> Run:
    """Return a run with the points of its point stream: the configured one, `primary`, or that with most columns."""
    wanted = config.columns.stream
    if wanted == PRIMARY or (not wanted and (len(run.points) or not run.streams)):
        return run
    found = run.streams.get(wanted) if wanted else _find_fullest_stream(run, config)
    if found is None:
        return run
    return replace(
        run, data_keys=found.data_keys, descriptor=found.descriptor, points=found.points, arrays=found.arrays
    )


def _find_fullest_stream(run: Run, config: BoardConfig) -> Stream | None:
    """Find the stream with I0, else the one with most configured columns."""
    streams = [stream for stream in run.streams.values() if len(stream.points)]
    keys = list_column_keys(config)

    def rate(stream: Stream) -> tuple[bool, int]:
        return config.columns.i0 in stream.data_keys, sum(key in stream.data_keys for key in keys)

    best = max(streams, key=rate, default=None)
    return best if best is not None and rate(best) > (False, 0) else None


def _join_streams(run: Run, config: BoardConfig) -> Run:
    """Add the columns that lie in other streams with as many points, such as one stream for each detector."""
    others = [
        stream
        for stream in run.streams.values()
        if stream.points is not run.points and len(stream.points) == len(run.points) > 0
    ]
    added = {key: stream for stream in others for key in stream.points.keys if key not in run.points}
    if not added:
        return run
    columns = {key: run.points.get_column(key).tolist() for key in run.points.keys}
    columns |= {key: stream.points.get_column(key).tolist() for key, stream in added.items()}
    points = Points.create(tuple(columns)).add_points(
        list(run.points.sequence_numbers), run.points.time.tolist(), columns
    )
    keys = {**run.data_keys, **{key: stream.data_keys.get(key) for key, stream in added.items()}}
    return replace(run, points=points, data_keys=keys)


def _build_pass(run: Run, sequence: int, config: BoardConfig) -> Run | None:
    """Build the run of one pass, None for an event without energies."""
    arrays = {key: array for key, array in run.arrays.get_point(sequence).items() if array.ndim == 1}
    energy = _find_pass_energy(run, arrays, config)
    if energy is None:
        return None
    columns = {energy.key: energy.values, **arrays}
    points = run.arrays.compute_once(
        sequence, energy.key, partial(_build_points, run, sequence, columns, len(energy.values))
    )
    return replace(
        run,
        uid=f"{run.uid}{SEPARATOR}{sequence}",
        points=points,
        data_keys={**run.data_keys, energy.key: energy.about},
        arrays=EventArrays.create(()),
        pass_number=sequence,
    )


def _find_pass_energy(run: Run, arrays: Mapping[str, Array], config: BoardConfig) -> _PassEnergy | None:
    """Find the energies, or the angles, of a pass; None if its arrays have none."""
    for key in filter(None, (config.columns.energy, config.columns.bragg)):
        if key in arrays:
            return _PassEnergy(key, arrays[key], as_mapping(run.data_keys.get(key)))
    lengths = {len(array) for array in arrays.values()}
    for path in config.columns.energy_bins:
        name, _, key = path.partition("/")
        stream = run.streams.get(name)
        bins = None if stream is None else _find_bins(stream.arrays, key)
        if stream is not None and bins is not None and len(bins) in lengths:
            return _PassEnergy(path, bins, as_mapping(stream.data_keys.get(key)))
    if config.columns.energy or config.columns.bragg:
        return None
    energies = [key for key in arrays if find_unit(run, config, key).kind == "energy"]
    if len(energies) != 1:
        return None
    return _PassEnergy(energies[0], arrays[energies[0]], as_mapping(run.data_keys.get(energies[0])))


def _find_bins(arrays: EventArrays, key: str) -> Array | None:
    """Find the newest array of a key in a stream of its own."""
    found = [arrays.get_point(sequence).get(key) for sequence in sorted(arrays.sequence_numbers)]
    return next((np.ravel(array) for array in reversed(found) if array is not None), None)


def _build_points(run: Run, sequence: int, arrays: Mapping[str, Array], n: int) -> Points:
    """Build the points of one pass: arrays of length `n` are columns, the event's numbers count for each point."""
    place = run.points.sequence_numbers.index(sequence)
    columns = {key: array.astype(np.float64).tolist() for key, array in arrays.items() if len(array) == n}
    numbers = {key: float(run.points.get_column(key)[place]) for key in run.points.keys if key not in arrays}
    columns |= {key: [value] * n for key, value in numbers.items() if np.isfinite(value)}
    others = {
        key: f"an array of {len(array)}, while the energies are {n}" for key, array in arrays.items() if len(array) != n
    }
    time = float(run.points.time[place])
    return Points.create(tuple(columns), others).add_points(list(range(1, n + 1)), [time] * n, columns)
