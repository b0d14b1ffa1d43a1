"""Figures of XAFS repetitions without a message: streams of other beamlines, with the numbers that they must give."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from helpers.any_beamline import LINEAR_DRIVE, SPECTRA, TWO_MOVERS, build_config, find_stream, fold_stream
from helpers.any_figures import check_spectra
from helpers.figures import join_notes
from helpers.reductions import answer_requests
from helpers.stock_runs import make_stock_run
from helpers.streams import EPOCH, Entry, fold, read_entries, stamp_entries
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Figure
from xafs_workers.reduction.process import Reducer
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.reduction_requests import build_reduction_requests
from xafs_workers.settings import Detectors, Scans

FORMS = Scans(from_documents=True).implied_forms
NO_DETECTOR = {"detectors": Detectors()}
VORTEX = {"detectors": Detectors(channels={"vortex": (0, 1, 2, 3)}, column="vortex-element{channel}-roi0-count")}
XS = {"detectors": Detectors(channels={"xs": (1,)}, column="xs_channel0{channel}_mcaroi01_total_rbv")}
CONFIG = BoardConfig(implied_forms=FORMS)


def fold_any(name: str, columns: dict[str, Any], **others: Any) -> Board:
    return fold_stream(name, build_config(columns, implied_forms=FORMS, **others))


def draw_live(board: Board) -> Figure:
    return build_figure(board, [scan for scan in board.scans if scan.kind == "xafsscan"][-1])


@pytest.mark.parametrize(
    ("stream", "columns", "others"),
    [
        ("step_two_movers", TWO_MOVERS, VORTEX),
        ("step_kev", TWO_MOVERS, NO_DETECTOR),
        ("step_channel_missing", {**TWO_MOVERS, "it": "", "ir": ""}, VORTEX),
        ("step_after_dark", TWO_MOVERS, NO_DETECTOR),
        ("step_linear_drive", LINEAR_DRIVE, XS),
    ],
)
def test_repetitions_of_other_beamlines(stream: str, columns: dict[str, Any], others: dict[str, Any]) -> None:
    figure = draw_live(fold_any(stream, columns, **others))
    assert {panel.key for panel in figure.panels} - {"I0", "chi"} == SPECTRA[stream][2].keys()
    check_spectra(figure, stream)


def test_a_dark_current_before_the_scan_is_a_reading() -> None:
    board = fold_any("step_after_dark", TWO_MOVERS, **NO_DETECTOR)
    assert [outline.reason for outline in board.table.outlines.values()] == ["a reading", ""]
    assert [scan.kind for scan in board.scans] == ["xafsscan", "xafs_sequence"]


def test_a_window_before_a_dark_current_takes_the_scan() -> None:
    start = {
        "xafsscan": "start",
        "element": "Ni",
        "edge": "K",
        "mode": "transmission",
        "filename": "f",
        "repetitions": 1,
    }
    messages = [("bmm", start), ("bmm", {"xafsscan": "next", "count": 1})]
    items = stamp_entries([*messages, *read_entries(find_stream("step_after_dark"))])
    board = fold(items, Board(build_config(TWO_MOVERS, implied_forms=FORMS, **NO_DETECTOR)))
    (scan,) = board.scans
    assert scan.run_uids == (list(board.runs)[1],)


def test_another_sample_begins_another_sequence() -> None:
    board = fold_any("three_repetitions", TWO_MOVERS, **NO_DETECTOR)
    counts = [(scan.kind, len(scan.run_uids)) for scan in board.scans]
    assert counts == [("xafsscan", 3), ("xafs_sequence", 3), ("xafsscan", 1), ("xafs_sequence", 1)]
    figure = build_figure(board, board.scans[0])
    assert [trace.label for trace in figure.get_panel("transmission").traces] == ["scan 1", "scan 2", "scan 3"]
    assert figure.title == "Ni K: Ni foil, scan 3"


@pytest.mark.slow
def test_three_repetitions_are_merged_and_reduced(reducer: Reducer) -> None:
    board = answer_requests(fold_any("three_repetitions", TWO_MOVERS, **NO_DETECTOR), reducer)
    live, merge = (build_figure(board, scan) for scan in board.scans[:2])
    assert [trace.label for trace in live.get_panel("chi").traces] == ["scan 1", "scan 2", "scan 3"]
    assert merge.title == "Sequence: Ni foil  3/3"
    (mu,) = merge.get_panel("mu").traces
    single = live.get_panel("transmission").traces[0]
    assert len(mu.x) >= 83
    assert np.allclose(mu.y, np.interp(mu.x, single.x, single.y), atol=0.02)


@pytest.mark.slow
def test_the_passes_of_a_run_are_reduced_and_merged(reducer: Reducer) -> None:
    pattern = "xs_channel0{channel}_mcaroi01_ts_total"
    detectors = Detectors(channels={"xs": (1, 2, 3, 4)}, column=pattern)
    board = answer_requests(fold_any("fly_array_events", LINEAR_DRIVE, detectors=detectors), reducer)
    live, merge = (build_figure(board, scan) for scan in board.scans)
    firsts = [trace.y[0] for trace in live.get_panel("transmission").traces]
    assert firsts == pytest.approx([0.32188686, 0.32339967], abs=1e-7)
    labels = [trace.label for trace in live.get_panel("chi").traces]
    assert labels == ["scan 1, pass 1", "scan 1, pass 2"]
    assert merge.title == "Sequence: fly  2/2"


def make_scan(rise: float, **start: Any) -> Board:
    """Fold an XAFS scan from 7000 to 7300 eV with a rise at an edge."""
    energy = [7000.0 + 5 * n for n in range(61)]
    it = [100.0 * float(np.exp(-0.2 - 1.0 / (1.0 + np.exp((rise - one) / 4.0)))) for one in energy]
    columns = {"dcm_energy": energy, "I0": [100.0] * 61, "It": it}
    run = make_stock_run(columns, dimensions=[["dcm_energy"]], motors=["dcm"], num_points=61, **start)
    return fold(stamp_entries(run), Board(CONFIG))


def test_an_edge_that_is_not_told_is_guessed_from_the_energies() -> None:
    board = make_scan(7112.0, sample_name="rust")
    assert draw_live(board).title == "Fe K, from the energies: rust, scan 1"
    assert {request.absorber.element for request in build_reduction_requests(board)} == {"Fe"}  # type: ignore[union-attr]
    assert draw_live(make_scan(7112.0, E0=7112.0)).title.startswith("Fe K, from the energies")


def test_an_edge_outside_of_the_energies_is_not_reduced() -> None:
    board = make_scan(7112.0, element="Cu", edge="K")
    figure = draw_live(board)
    assert figure.title.startswith("Cu K")
    assert "Cu K (8979 eV) lies outside of these energies: not reduced" in join_notes(figure)
    assert build_reduction_requests(board) == ()


def test_a_short_scan_of_the_energy_is_a_line() -> None:
    columns = {"dcm_energy": [7000.0 + n for n in range(21)], "I0": [1.0] * 21}
    board = fold(stamp_entries(make_stock_run(columns, dimensions=[["dcm_energy"]], num_points=21)), Board(CONFIG))
    assert [scan.kind for scan in board.scans] == ["linescan"]


def make_repetition(begin: float, **start: Any) -> list[Entry]:
    energy = [7000.0 + 5 * n for n in range(61)]
    columns = {"dcm_energy": energy, "I0": [100.0] * 61, "It": [50.0] * 61}
    run = make_stock_run(columns, dimensions=[["dcm_energy"]], motors=["dcm"], num_points=61, **start)
    moved = {"start": begin, "stop": begin + 60.0}
    return [(name, {**doc, "time": moved.get(name, doc.get("time", begin))}) for name, doc in run]


def test_a_run_of_another_session_ends_the_sequence() -> None:
    sessions = ("pass-1", "pass-1", "pass-2", "pass-1")
    entries = [
        entry
        for n, session in enumerate(sessions)
        for entry in make_repetition(EPOCH + 100.0 * n, data_session=session, sample_name="rust")
    ]
    config = replace(CONFIG, session_keys=("data_session",))
    board = fold(stamp_entries(entries, step=1.0), Board(config))
    sequences = [scan for scan in board.scans if scan.kind == "xafs_sequence"]
    found = [[board.runs[uid].start["data_session"] for uid in scan.run_uids] for scan in sequences]
    assert found == [["pass-1", "pass-1"], ["pass-2"], ["pass-1"]]


def test_an_edge_that_was_left_over_makes_no_spectrum() -> None:
    columns = {"stage_x": [float(n) for n in range(40)], "I0": [1.0] * 40, "It": [0.5] * 40}
    run = make_stock_run(columns, dimensions=[["stage_x"]], motors=["stage_x"], num_points=40, element="Cu", edge="K")
    board = fold(stamp_entries(run), Board(CONFIG))
    assert [scan.kind for scan in board.scans] == ["linescan"]
