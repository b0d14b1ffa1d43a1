"""Sequences of other beamlines, of few points with large steps: merged, with chi(k) and chi(R)."""

from __future__ import annotations

import pytest

from helpers.any_beamline import build_stream_config, fold_stream
from helpers.reductions import answer_requests
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.reduction.process import Reducer
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
