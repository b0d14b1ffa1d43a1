"""Runs whose events hold arrays, or whose columns lie in other streams than `primary`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.any_beamline import FLY, LINEAR_DRIVE, build_config, find_stream, fold_runs
from helpers.streams import Entry, fold, read_entries, stamp_entries
from xafs_workers.scans import spectra
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import ChannelSelection, compute_run_fluorescence
from xafs_workers.scans.energy_axis import compute_energy, find_energy_axis
from xafs_workers.scans.measured_runs import (
    MAX_MERGED_PASSES,
    describe_hidden_passes,
    list_drawn_runs,
    list_measured_runs,
    list_spectrum_builders,
)
from xafs_workers.scans.runs import Run
from xafs_workers.settings import Detectors


def make_entries(streams: dict[str, dict[str, list[Any]]], **start: Any) -> list[Entry]:
    """Make the documents of a run: a list of values for each data key of each stream."""
    entries: list[Entry] = [("start", {"uid": "u", "time": 1.0, **start})]
    for name, columns in streams.items():
        about = {key: describe(values[0]) for key, values in columns.items()}
        entries.append(("descriptor", {"uid": name, "run_start": "u", "name": name, "data_keys": about, "time": 1.0}))
        for n in range(len(next(iter(columns.values())))):
            data = {key: values[n] for key, values in columns.items()}
            entries.append(
                ("event", {"uid": f"{name}{n}", "descriptor": name, "seq_num": n + 1, "time": 2.0, "data": data})
            )
    return entries


def describe(value: Any) -> dict[str, Any]:
    shape = list(np.shape(value))
    return {"dtype": "array" if shape else "number", "shape": shape, "source": "test"}


def measure(streams: dict[str, dict[str, list[Any]]], config: BoardConfig) -> tuple[Run, ...]:
    (run,) = fold(stamp_entries(make_entries(streams)), Board(config)).runs.values()
    return list_measured_runs(run, config)


def test_fly_scan_of_two_passes_is_two_spectra():
    config = build_config(LINEAR_DRIVE, detectors=Detectors(table={"xs": FLY}))
    (run,) = fold_runs("fly_array_events", config)
    axis = find_energy_axis(run, config)
    assert (axis.source, axis.key, axis.is_moving) == ("bins", "energy_bins/E_centers", True)
    passes = list_measured_runs(run, config)
    assert [(one.pass_number, len(one.points)) for one in passes] == [(1, 400), (2, 400)]
    for one, first in zip(passes, (0.32188686, 0.32339967), strict=True):
        energies = compute_energy(one, config)
        assert (energies[0], energies[-1]) == pytest.approx((2440.0, 2700.0), abs=0.01)
        assert spectra.compute_transmission(one, config)[0] == pytest.approx(first, abs=1e-7)
        assert np.isfinite(compute_run_fluorescence(one, config, ChannelSelection())).all()


def test_passes_that_were_built_are_not_built_again():
    config = build_config(LINEAR_DRIVE)
    board, items = Board(config), stamp_entries(read_entries(find_stream("fly_array_events")))
    seen: list[Any] = []
    for item in items:
        board = board.apply(item)
        (run,) = board.runs.values()
        seen.append(list_measured_runs(run, config)[0])
    points = {id(one.points) for one in seen if one.pass_number is not None}
    assert len(points) == 1
    assert seen[-1].stop is not None


def test_order_of_bins_and_passes_does_not_matter():
    config = build_config({**LINEAR_DRIVE, "energy_bins": ("bins/e",), "units": {"bins/e": "eV"}})
    bins = {"bins": {"e": [[1.0, 2.0, 3.0]]}}
    passes = {"primary": {"I0": [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]], "It": [[1.0, 2.0, 3.0]] * 2}}
    for streams in (bins | passes, passes | bins):
        runs = measure(streams, config)
        assert [compute_energy(run, config).tolist() for run in runs] == [[1.0, 2.0, 3.0]] * 2
        assert runs[1].points.get_column("I0").tolist() == [2.0] * 3


def test_passes_may_differ_in_length_and_direction():
    config = build_config({"energy": "e", "i0": "I0", "units": {"e": "keV"}})
    columns = {"e": [[1.0, 2.0], [3.0, 2.0, 1.0]], "I0": [[1.0, 2.0], [3.0, 2.0, 1.0]], "gain": [5.0, 6.0]}
    one, two = measure({"primary": columns}, config)
    assert compute_energy(one, config).tolist() == [1000.0, 2000.0]
    assert compute_energy(two, config).tolist() == [3000.0, 2000.0, 1000.0]
    assert two.points.get_column("gain").tolist() == [6.0] * 3


def test_array_without_partner_is_named_with_both_lengths():
    config = build_config({"energy": "e", "i0": "I0", "units": {"e": "eV"}})
    (one,) = measure({"primary": {"e": [[1.0, 2.0, 3.0]], "I0": [[1.0, 2.0]]}}, config)
    with pytest.raises(spectra.MissingColumnError, match="I0: an array of 2, while the energies are 3"):
        spectra.get_column(one.points, "I0")


def test_array_beside_a_single_energy_is_described():
    config = build_config({"energy": "e", "i0": "I0", "it": "It", "units": {"e": "eV"}})
    (one,) = measure({"primary": {"e": [1.0], "I0": [[1.0, 2.0, 3.0]]}}, config)
    with pytest.raises(spectra.MissingColumnError, match=r"I0: an array of shape \(3,\), not numbers"):
        spectra.get_column(one.points, "I0")


def test_stream_of_each_detector_is_joined():
    config = build_config({"energy": "e", "i0": "I0", "it": "It", "units": {"e": "eV"}})
    streams = {"mono": {"e": [1.0, 2.0]}, "I0": {"I0": [4.0, 6.0]}, "It": {"It": [2.0, 3.0]}, "monitor": {"t": [1.0]}}
    (one,) = measure(streams, config)
    assert compute_energy(one, config).tolist() == [1.0, 2.0]
    assert spectra.compute_transmission(one, config) == pytest.approx(np.log([2.0, 2.0]))
    assert "t" not in one.points


def test_configured_stream_has_the_points():
    config = build_config({"stream": "fast", "energy": "e", "units": {"e": "eV"}})
    streams = {"primary": {"e": [1.0, 2.0]}, "fast": {"e": [5.0, 6.0, 7.0]}}
    (one,) = measure(streams, config)
    assert compute_energy(one, config).tolist() == [5.0, 6.0, 7.0]


@pytest.mark.parametrize("count", [MAX_MERGED_PASSES, MAX_MERGED_PASSES + 1, 120])
def test_first_and_newest_of_many_passes_are_merged(count: int):
    config = build_config({"energy": "e", "i0": "I0", "units": {"e": "eV"}})
    columns = {"e": [[1.0, 2.0]] * count, "I0": [[float(n), 0.0] for n in range(1, count + 1)]}
    (run,) = fold(stamp_entries(make_entries({"primary": columns})), Board(config)).runs.values()
    hidden = count - MAX_MERGED_PASSES
    numbers = [one.pass_number for one in list_measured_runs(run, config)]
    assert numbers == [1, *range(hidden + 2, count + 1)]
    drawn = [one.pass_number for one in list_drawn_runs(run, config)]
    assert drawn == ([1, count - 2, count - 1, count] if hidden else numbers)
    note = f"{hidden} of {count} passes, after the first, are not merged" if hidden else ""
    assert describe_hidden_passes(run, config) == note
    built = [build() for build in list_spectrum_builders(run, config)]
    assert [one.points.get_column("I0")[0] for one in built if one is not None] == list(range(1, count + 1))
