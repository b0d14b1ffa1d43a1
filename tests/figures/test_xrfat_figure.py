"""Fluorescence spectra at chosen energies of an XAFS scan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.figures import build_last_figure, get_only_panel, get_run_uid, join_notes
from helpers.fluorescence_spectra import (
    BINS,
    DETECTORS,
    ENERGIES,
    assert_shows_counts,
    list_channels,
    make_counts,
    make_scan_with_spectra,
    make_spectrum_columns,
)
from helpers.streams import Entry
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Figure
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig


def build_xrfat_figure(detector: str, energy: Any, **asked: Any) -> Figure:
    run = make_scan_with_spectra(detector)
    return build_last_figure(run, {"xrfat": "start", "uid": get_run_uid(run), "energy": energy, **asked})


@pytest.mark.parametrize("detector", DETECTORS)
def test_all_channels_of_every_detector_are_summed(detector: str) -> None:
    figure = build_xrfat_figure(detector, [-1])
    (trace,) = get_only_panel(figure).traces
    assert_shows_counts(trace, np.sum([make_counts(c, 4) for c in list_channels(detector)], axis=0), 2500.0)
    assert figure.title == "hematite at 7200.0 eV"
    assert trace.x[-1] == 8700.0


@pytest.mark.parametrize(
    ("energy", "point"),
    [(-1, 4), (-5, 0), (0, 0), (2, 2), (4, 4), (7000, 0), (7101.0, 2), (7130.0, 3), (9000, 4), (5, 0), (2.5, 0)],
)
def test_a_point_is_chosen_by_its_index_or_by_an_energy(energy: float, point: int) -> None:
    """Zero or less: an index; below the number of points: an index; else the nearest energy."""
    (trace,) = get_only_panel(build_xrfat_figure("7-element SDD", [energy], only=1)).traces
    assert_shows_counts(trace, np.array(make_counts(1, point)), 2500.0)
    assert trace.label == f"{ENERGIES[point]:.1f} eV, channel 1"


def test_several_energies_and_each_channel_are_shown() -> None:
    figure = build_xrfat_figure("4-element SDD", [7000.0, 7200.0], add=False)
    traces = get_only_panel(figure).traces
    assert figure.title == "hematite at 7000.0, 7200.0 eV"
    assert [trace.label for trace in traces] == [f"{e} eV, channel {c}" for e in (7000.0, 7200.0) for c in (1, 2, 3, 4)]
    assert len({trace.key for trace in traces}) == len({trace.series for trace in traces}) == 8


def test_a_point_beyond_the_scan_is_noted_as_missing() -> None:
    assert join_notes(build_xrfat_figure("4-element SDD", [-6])) == "no point -6 in a scan of 5"


def test_xmax_is_counted_from_the_incident_energy() -> None:
    (trace,) = get_only_panel(build_xrfat_figure("4-element SDD", [0], xmax=300)).traces
    assert trace.x[-1] == 7300.0


def test_an_old_run_is_read_from_a_catalog() -> None:
    message = {"xrfat": "start", "uid": "yesterday", "energy": [7050.0], "only": 3}
    assert "its documents are not known" in join_notes(build_last_figure(message))
    found = {key: np.array(value) for key, value in make_spectrum_columns("7-element SDD", 5).items()}
    figure = build_last_figure(message, spectra_loader=lambda uid: {**found, "dcm_energy": np.array(ENERGIES)})
    assert_shows_counts(get_only_panel(figure).traces[0], np.array(make_counts(3, 1)), 2500.0)
    assert figure.title == "run yesterda at 7050.0 eV"


def test_spectra_of_a_run_beyond_the_limit_are_dropped() -> None:
    run = make_scan_with_spectra("7-element SDD")
    board = fold_runs(run, BoardConfig(array_bytes=100_000))
    assert board.runs[get_run_uid(run)].arrays.size == 0
    assert board.runs[get_run_uid(run)].points.get_column("dcm_energy").tolist() == ENERGIES
    figure = build_figure(board, board.scans[-1])
    assert "too large to be kept in memory" in join_notes(figure)


def test_spectra_of_the_oldest_runs_are_dropped_first() -> None:
    one, two = make_scan_with_spectra("7-element SDD"), make_scan_with_spectra("7-element SDD")
    size = 7 * 5 * BINS * 4
    board = fold_runs([*one, *two], BoardConfig(all_array_bytes=size + 1000))
    assert [board.runs[get_run_uid(run)].arrays.size for run in (one, two)] == [0, size]


def fold_runs(entries: list[Entry], rules: BoardConfig) -> Board:
    from helpers.streams import fold, stamp_entries

    message = {"xrfat": "start", "uid": entries[0][1]["uid"], "energy": [-1]}
    return fold(stamp_entries([*entries, ("bmm", message)]), Board(rules))
