"""Every configuration on the page for another beamline is loaded, and runs the session that it is for."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.any_beamline import compute_signal, find_stream
from helpers.any_figures import check_spectra
from helpers.streams import fold, read_entries, stamp_entries
from xafs_workers.configuration import load
from xafs_workers.diagnostics.adoption.adoption import adopt
from xafs_workers.diagnostics.adoption.collect import RunCollector, read_recording
from xafs_workers.diagnostics.adoption.trial import list_runs
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Figure
from xafs_workers.recording.session import Session
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.measured_runs import list_measured_runs
from xafs_workers.settings import RecordedDocuments, Settings, Sources

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "another-beamline.md").read_text()
EXAMPLES = dict(re.findall(r"\n### (.*?)\n.*?```yaml\n(.*?)```", PAGE, re.DOTALL))


def load_example(title: str, folder: Path) -> Settings:
    path = folder / "example.yaml"
    path.write_text(EXAMPLES[title])
    return load(path)


def run_session(title: str, path: Path, folder: Path) -> Board:
    config = BoardConfig.from_settings(load_example(title, folder))
    return fold(stamp_entries(read_entries(path)), Board(config))


def draw_live(board: Board) -> Figure:
    return build_figure(board, [scan for scan in board.scans if scan.kind == "xafsscan"][-1])


@pytest.fixture(scope="module")
def laptop_session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Record the session of the example script."""
    path = tmp_path_factory.mktemp("laptop") / "session.jsonl"
    runpy.run_path(str(DOCS / "examples/record_session.py"))["main"](path)
    return path


def test_all_examples_are_run_here() -> None:
    assert list(EXAMPLES) == ["BMM", "Two movers, in keV", "Fly scans, without Kafka", "ophyd.sim on a laptop"]
    assert PAGE.count("```yaml") == len(EXAMPLES)


def test_example_of_bmm_shows_its_sequence(tmp_path: Path) -> None:
    board = run_session("BMM", find_stream("../ni2o3"), tmp_path)
    figure = draw_live(board)
    assert {"transmission", "reference", "I0"} <= {panel.key for panel in figure.panels}
    assert [len(trace.x) for trace in figure.get_panel("transmission").traces] == [435] * 3
    assert figure.get_panel("I0").y_label == "I0 (nA)"
    assert not any(scan.is_implied for scan in board.scans)


@pytest.mark.parametrize("stream", ["step_two_movers", "step_kev"])
def test_example_of_two_movers_shows_spectra(stream: str, tmp_path: Path) -> None:
    check_spectra(draw_live(run_session("Two movers, in keV", find_stream(stream), tmp_path)), stream)


def test_example_of_fly_scans_shows_each_pass(tmp_path: Path) -> None:
    title = "Fly scans, without Kafka"
    settings = load_example(title, tmp_path)
    assert (settings.sources.names, settings.has_kafka_control) == (("tiled",), False)
    board = run_session(title, find_stream("fly_array_events"), tmp_path)
    traces = draw_live(board).get_panel("transmission").traces
    assert [len(trace.x) for trace in traces] == [400, 400]
    assert [trace.y[0] for trace in traces] == pytest.approx([0.32188686, 0.32339967], abs=1e-7)
    (run,) = list_runs(board)
    for one in list_measured_runs(run, board.config):
        assert np.isfinite(compute_signal(one, board.config, "fluorescence")).all()


def test_example_of_a_laptop_shows_line_and_foil(laptop_session: Path, tmp_path: Path) -> None:
    title = "ophyd.sim on a laptop"
    assert load_example(title, tmp_path).sources.names == ("zmq",)
    board = run_session(title, laptop_session, tmp_path)
    assert [(scan.kind, len(scan.run_uids)) for scan in board.scans] == [
        ("linescan", 1),
        ("xafsscan", 2),
        ("xafs_sequence", 2),
    ]
    line = build_figure(board, board.scans[0])
    (trace,) = line.get_panel("det").traces
    assert (len(trace.x), float(trace.x[trace.y.argmax()])) == (25, pytest.approx(0.0, abs=1e-9))
    assert draw_live(board).title == "Fe K: foil, scan 2"


def test_tutorial_says_what_adopt_finds(laptop_session: Path) -> None:
    collector = RunCollector(5)
    read_recording(Session(laptop_session), collector)
    source = Sources(recording=RecordedDocuments(file=laptop_session))
    found = adopt(collector.build_session("laptop"), Settings(profile="plain", sources=source), None)
    assert found.settings["columns"] == {
        "energy": "mono_energy",
        "units": {"mono_energy": "eV"},
        "i0": "I0",
        "it": "It",
    }
    questions: dict[str, Any] = {one.setting: one.reason for one in found.suggestions if one.is_question}
    assert {"metadata.d_spacing", "storage.proposals_root"} <= questions.keys()
    proof = next(one.reason for one in found.suggestions if one.setting == "columns.it")
    assert "at 7112 eV" in proof
    assert len([scan for scan in found.board.scans if scan.is_shown]) == 3
