"""Normalised mu(E) in the live figure and in the merge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.figures import fold_board, get_run_uid, make_run
from xafs_workers.figures.normalized_traces import compute_normalized
from xafs_workers.figures.view_options import ViewOptions
from xafs_workers.figures.views import build_view
from xafs_workers.figures.xafsscan_normalized import NOT_YET
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReductionResult
from xafs_workers.scans.reduction_requests import build_reduction_requests


@pytest.mark.parametrize("name", ["ni2o3", "cr2o3_fluo"])
def test_the_formula_gives_what_larch_gives(name: str, measured: Path) -> None:
    with np.load(measured / f"{name}.npz") as known:
        energy, step = known["energy"], float(known["edge_step"])
        found = compute_normalized(energy, known["mu"], energy[:100], known["pre_edge"][:100], step)
        np.testing.assert_allclose(found, known["norm"], atol=1e-9)


ENERGY = np.linspace(7000.0, 7300.0, 31)
LINE = 0.2 + 1e-3 * (ENERGY - 7000.0)
MU = LINE + 0.8 * (ENERGY > 7112.0)
XAFS = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "transmission", "filename": "f", "repetitions": 2}
EDGE = {"energy": ENERGY[:20], "pre_edge": LINE[:20], "edge_step": 0.8}
VIEW = ViewOptions(is_normalized=True)


def measure(count: int) -> list[Any]:
    columns = {"dcm_energy": list(ENERGY), "I0": list(np.exp(MU)), "It": [1.0] * 31, "Ir": [1.0] * 31}
    return [{"xafsscan": "next", "count": count}, make_run(columns, "xafs", ["dcm_energy"])]


def reduce_first(board: Board) -> Board:
    request = build_reduction_requests(board)[0]
    values = {"k": np.array([1.0]), "chi": np.array([0.0]), **EDGE}
    return board.apply(ReductionResult(request.scan_id, request.key, values))


def test_a_reduced_repetition_has_an_edge_step_of_one() -> None:
    board = reduce_first(fold_board(XAFS, *measure(1)))
    panel = build_view(board, board.scans[0], VIEW).get_panel("transmission")
    np.testing.assert_allclose(panel.traces[0].y, (ENERGY > 7112.0) * 1.0, atol=1e-9)
    assert panel.y_label == "normalised transmission µ(E)"


def test_a_repetition_before_its_edge_is_not_shown() -> None:
    board = reduce_first(fold_board(XAFS, *measure(1), *measure(2)))
    panel = build_view(board, board.scans[0], VIEW).get_panel("transmission")
    assert [trace.key for trace in panel.traces] == ["scan-0"]
    assert panel.title.endswith(NOT_YET)


def test_nothing_reduced_shows_the_curves_as_measured() -> None:
    board = fold_board(XAFS, *measure(1))
    panel = build_view(board, board.scans[0], VIEW).get_panel("transmission")
    assert (panel.title.endswith(NOT_YET), panel.y_label) == (True, "transmission µ(E)")
    np.testing.assert_allclose(panel.traces[0].y, MU)


def test_other_panels_and_kinds_stay_as_they_are() -> None:
    board = reduce_first(fold_board(XAFS, *measure(1), {"xafsscan": "stop"}, {"timescan": "start", "detector": "i0"}))
    for scan in board.scans:
        plain, normalized = (build_view(board, scan, options) for options in (ViewOptions(), VIEW))
        for before, after in zip(plain.panels, normalized.panels, strict=True):
            assert after.key == "transmission" or (before.title, before.y_label) == (after.title, after.y_label)


def test_the_merge_of_a_sequence_is_normalised() -> None:
    run = make_run({"dcm_energy": list(ENERGY), "I0": list(np.exp(MU)), "It": [1.0] * 31}, "xafs", ["dcm_energy"])
    sequence = {"xafs_sequence": "start", "element": "Fe", "edge": "K", "mode": "transmission", "repetitions": 1}
    board = fold_board(
        XAFS, {"xafsscan": "next", "count": 1}, run, sequence, {"xafs_sequence": "add", "uid": get_run_uid(run)}
    )
    scan = next(scan for scan in board.scans if scan.kind == "xafs_sequence")
    request = next(one for one in build_reduction_requests(board) if one.scan_id == scan.id)
    values = {"e0": 7112.0, **EDGE, "energy": ENERGY, "mu": MU, "pre_edge": LINE}
    board = board.apply(ReductionResult(request.scan_id, request.key, values))
    panel = build_view(board, scan, VIEW).get_panel("mu")
    np.testing.assert_allclose(panel.traces[0].y, (ENERGY > 7112.0) * 1.0, atol=1e-9)
    assert panel.y_label.startswith("normalised ")
