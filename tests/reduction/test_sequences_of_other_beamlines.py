"""Sequences of other beamlines, of few points with large steps: merged, with chi(k) and chi(R)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from helpers.any_beamline import build_config, build_stream_config, fold_runs, fold_stream
from helpers.reductions import answer_requests
from helpers.streams import build_run_documents, fold, stamp_entries
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.reduction.process import Reducer
from xafs_workers.scans.board import Board
from xafs_workers.scans.energy_axis import compute_energy
from xafs_workers.scans.measured_runs import list_measured_runs
from xafs_workers.scans.reduction_requests import find_result
from xafs_workers.scans.xafs_sequence import build_sequence


@pytest.mark.slow
@pytest.mark.process
def test_repetitions_of_84_points_have_chi(reducer: Reducer) -> None:
    board = answer_requests(fold_stream("three_repetitions", build_stream_config("three_repetitions")), reducer)
    scans = [scan for scan in board.scans if scan.kind == "xafs_sequence"]
    assert [len(scan.run_uids) for scan in scans] == [3, 1]
    for scan in scans:
        sequence = build_sequence(board, scan)
        result = find_result(board, sequence.build_merge_request(len(scan.run_uids)))
        assert result is not None
        values = result.values
        assert [one["spikes"] for one in values["members"]] == [[]] * len(scan.run_uids)
        assert (values["notes"], values["e0"], len(values["energy"])) == ([], pytest.approx(8333.0, abs=1e-3), 84)
        figure = build_figure(board, scan)
        assert [panel.key for panel in figure.panels] == ["mu", "chi", "chir"]
        assert all(panel.traces and not panel.texts for panel in figure.panels)


def find_merge(board: Board, reducer: Reducer) -> Mapping[str, Any]:
    """Reduce the only sequence of a board, of two repetitions."""
    board = answer_requests(board, reducer)
    (scan,) = (scan for scan in board.scans if scan.kind == "xafs_sequence")
    sequence = build_sequence(board, scan)
    result = find_result(board, sequence.build_merge_request(2))
    assert result is not None
    return result.values


@pytest.mark.slow
@pytest.mark.process
def test_merge_of_passes_equals_that_of_step_scans(reducer: Reducer) -> None:
    """The same numbers as two passes of one run, and as two step scans of one point after the other."""
    config = build_stream_config("fly_array_events")
    (run,) = fold_runs("fly_array_events", config)
    entries = []
    for one in list_measured_runs(run, config):
        columns = {key: one.points.get_column(key).tolist() for key in one.points.keys if "/" not in key}
        columns["energy"] = compute_energy(one, config).tolist()
        start = {"element": "S", "edge": "K", "sample_name": "fly", "num_points": 400, "plan_name": "step"}
        entries += build_run_documents(hint=None, motors=["energy"], columns=columns, start=start)
    columns = {**config.columns.model_dump(), "energy": "energy", "units": {"energy": "eV"}}
    step = build_config(columns, detectors=config.detectors, implied_forms=config.implied_forms)
    found = find_merge(fold(stamp_entries(entries), Board(step)), reducer)
    wanted = find_merge(fold_stream("fly_array_events", config), reducer)
    names = ("energy", "mu", "mu_std", "e0", "edge_step", "norm", "k", "chi", "r", "chir_mag", "epsilon_k")
    assert {name for name in names if name not in wanted} <= {"k", "chi", "r", "chir_mag", "epsilon_k"}
    for name in names:
        if name in wanted:
            np.testing.assert_allclose(found[name], wanted[name], rtol=1e-9, atol=1e-12, err_msg=name)
