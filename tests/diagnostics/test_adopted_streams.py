"""Configurations that `adopt` writes for other beamlines' streams give the expected figures, with no change by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.any_beamline import LINES, MAPS, SPECTRA, STEPS, compute_edges, find_stream, write_frames
from helpers.any_figures import check_lines, check_map, check_spectra, check_spiral
from xafs_workers.configuration import load
from xafs_workers.diagnostics.adoption.adoption import Adoption, adopt
from xafs_workers.diagnostics.adoption.collect import RunCollector, read_recording
from xafs_workers.diagnostics.adoption.config_text import render_config
from xafs_workers.diagnostics.adoption.trial import list_runs
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Figure
from xafs_workers.recording.session import Session
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.outline_builder import is_reading
from xafs_workers.settings import RecordedDocuments, Settings, Sources


def adopt_stream(stream: str, files: Path | None = None, runs: int = 5) -> Adoption:
    collector = RunCollector(runs)
    read_recording(Session(find_stream(stream)), collector)
    source = Sources(recording=RecordedDocuments(file=find_stream(stream)))
    return adopt(collector.build_session(stream), Settings(profile="plain", sources=source), files)


def write_and_load(found: Adoption, folder: Path) -> Settings:
    """Load the settings of the file that is written for a session."""
    path = folder / "config.yaml"
    path.write_text(render_config(found.suggestions, ["a test"]))
    settings = load(path)
    assert settings.profile == "plain"
    return settings


def fold_with(found: Adoption, settings: Settings) -> Board:
    board = Board(BoardConfig.from_settings(settings))
    for item in (*found.data.documents, *found.data.frames):
        board = board.apply(item)
    return board


def draw_adopted(stream: str, folder: Path) -> Figure:
    found = adopt_stream(stream)
    assert not found.missing
    board = fold_with(found, write_and_load(found, folder))
    scans = [scan for scan in board.scans if scan.kind != "xafs_sequence"]
    return build_figure(board, scans[-1])


@pytest.mark.parametrize("stream", LINES)
def test_lines_of_stock_plans_by_adoption(stream: str, tmp_path: Path) -> None:
    check_lines(draw_adopted(stream, tmp_path), stream)


@pytest.mark.parametrize("stream", MAPS)
def test_maps_of_stock_plans_by_adoption(stream: str, tmp_path: Path) -> None:
    check_map(draw_adopted(stream, tmp_path), stream)


def test_spiral_by_adoption(tmp_path: Path) -> None:
    check_spiral(draw_adopted("stock_spiral", tmp_path))


def test_single_count_by_adoption_is_a_reading(tmp_path: Path) -> None:
    found = adopt_stream("stock_count_one")
    assert not found.missing
    assert fold_with(found, write_and_load(found, tmp_path)).scans == ()


@pytest.mark.parametrize("stream", SPECTRA)
def test_spectra_by_adoption(stream: str, tmp_path: Path) -> None:
    check_spectra(draw_adopted(stream, tmp_path), stream)


def test_missing_channel_is_named_by_adoption(tmp_path: Path) -> None:
    panel = draw_adopted("step_channel_missing", tmp_path).get_panel("fluorescence")
    texts = [panel.title, panel.y_label, *(text.text for text in panel.texts)]
    assert any("3 of 4 channels, element2 missing" in text for text in texts), texts


def test_sequences_by_adoption(tmp_path: Path) -> None:
    found = adopt_stream("three_repetitions")
    board = fold_with(found, write_and_load(found, tmp_path))
    kinds = [(scan.kind, len(scan.run_uids)) for scan in board.scans]
    assert kinds == [("xafsscan", 3), ("xafs_sequence", 3), ("xafsscan", 1), ("xafs_sequence", 1)]


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_edges_and_steps_by_adoption(larch: None, tmp_path: Path) -> None:
    for number, (stream, signal, e0, steps) in enumerate(STEPS):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = adopt_stream(stream)
        board = fold_with(found, write_and_load(found, folder))
        runs = [run for run in reversed(list_runs(board)) if not is_reading(run, board.config)]
        edges = compute_edges(runs, board.config, signal)
        assert [edge for edge, _ in edges] == pytest.approx([e0] * len(steps), abs=1e-3), stream
        assert [step for _, step in edges] == pytest.approx(steps, rel=1e-5, abs=6e-7), stream


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("frames", "last", "step", "reference"), [(500, 1.23496486, 0.970705, 0.971345), (350, 1.28467454, 0.972496, None)]
)
def test_streamed_scan_by_adoption(
    larch: None, frames: int, last: float, step: float, reference: float | None, tmp_path: Path
) -> None:
    pytest.importorskip("h5py")
    write_frames(tmp_path, frames)
    found = adopt_stream("panda_like", tmp_path)
    settings = write_and_load(found, tmp_path)
    assert settings.assets.paths == {"/data/any": str(tmp_path)}
    board = fold_with(found, settings)
    figure = build_figure(board, next(scan for scan in board.scans if scan.kind == "xafsscan"))
    (trace,) = figure.get_panel("transmission").traces
    assert len(trace.x) == frames
    assert (trace.y[0], trace.y[-1]) == pytest.approx((0.32199536, last), abs=1e-7)
    ((e0, height),) = compute_edges(list_runs(board), board.config, "transmission")
    assert (e0, height) == (pytest.approx(4965.6333, abs=1e-3), pytest.approx(step, rel=1e-5))
    if reference is not None:
        ((_, height),) = compute_edges(list_runs(board), board.config, "reference")
        assert height == pytest.approx(reference, rel=1e-5)
