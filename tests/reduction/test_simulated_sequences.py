"""Sequences of the simulated beamline: the paths put in come out as peaks of chi(R), and the advice of the figure."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.reductions import answer_requests
from helpers.streams import Entry, fold, stamp_entries
from xafs_workers.figures.xafs_sequence import build_sequence_answer
from xafs_workers.reduction.process import Reducer
from xafs_workers.scans.advice import format_noise
from xafs_workers.scans.board import Board
from xafs_workers.scans.reduction_requests import find_result
from xafs_workers.scans.xafs_sequence import build_sequence
from xafs_workers.simulation import beam
from xafs_workers.simulation.beamline import Beamline, SimulationSetup
from xafs_workers.simulation.plans import XafsParameters, measure_xafs

MODES = [("Fe foil", None, "transmission"), ("Fe2O3", "4-element SDD", "fluorescence"), ("NiO", None, "yield")]


def measured_sequence(sample: str, detector: str | None, mode: str, repetitions: int) -> Board:
    entries: list[Entry] = []
    surroundings = SimulationSetup(
        lambda message: entries.append(("bmm", dict(message))),
        lambda name, doc: entries.append((name, doc)),
        "/proposals",
        seed=4,
    )
    with Beamline(surroundings, context_managers=[]) as beamline:
        beamline.mount(sample, detector, electron_yield=mode == "yield")
        beamline.run(measure_xafs(beamline, XafsParameters("s", mode=mode, repetitions=repetitions)))
    return fold(stamp_entries(entries))


def chi_r(board: Board, reducer: Reducer) -> tuple[np.ndarray, np.ndarray, Board]:
    board = answer_requests(board, reducer)
    (scan,) = [scan for scan in board.scans if scan.kind == "xafs_sequence"]
    sequence = build_sequence(board, scan)
    result = find_result(board, sequence.build_merge_request(len(sequence.merged_spectra)))
    assert result is not None
    assert "problem" not in result.values
    return result.values["r"], result.values["chir_mag"], board


def peaks(r: np.ndarray, magnitude: np.ndarray, least: float = 0.25) -> list[float]:
    """Return where the transform has its maxima between 1 and 5 Å, those of some height."""
    inner = np.flatnonzero((magnitude[1:-1] > magnitude[:-2]) & (magnitude[1:-1] >= magnitude[2:])) + 1
    high = least * magnitude[(r > 1.0) & (r < 5.0)].max()
    return [float(r[i]) for i in inner if 1.0 < r[i] < 5.0 and magnitude[i] > high]


@pytest.mark.parametrize(("sample", "detector", "mode"), MODES, ids=[mode for _, _, mode in MODES])
def test_peaks_of_chi_r_are_those_of_the_noise_free_spectrum(
    sample: str, detector: str | None, mode: str, reducer: Reducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    r, noisy, _ = chi_r(measured_sequence(sample, detector, mode, 3), reducer)
    monkeypatch.setattr(beam, "compute_charge_noise", lambda charge, energy, dwell: np.zeros_like(charge))
    plain = beam.Beam.__init__
    monkeypatch.setattr(beam.Beam, "__init__", lambda self, *args, **how: plain(self, *args, **{**how, "noise": False}))
    _, clean, _ = chi_r(measured_sequence(sample, detector, mode, 1), reducer)
    expected = peaks(r, clean)
    assert expected
    found = peaks(r, noisy)
    assert len(found) == len(expected)
    np.testing.assert_allclose(found, expected, atol=float(r[1] - r[0]) * 1.5)
    # The first shell, less the phase shift of some tenths of an Å that all transforms have.
    first = board_sample_first_shell(sample)
    assert first - 0.7 < found[0] < first


def board_sample_first_shell(sample: str) -> float:
    from xafs_workers.simulation.samples import SAMPLES

    return min(path.distance for path in SAMPLES[sample].paths)


def test_the_result_contains_the_advice_of_the_figure(reducer: Reducer) -> None:
    _, _, board = chi_r(measured_sequence("Fe foil", None, "transmission", 2), reducer)
    (scan,) = [scan for scan in board.scans if scan.kind == "xafs_sequence"]
    answer = build_sequence_answer(board, scan)
    assert answer["advice"].startswith(f"noise {format_noise(answer['epsilon_k'])} (2 repetitions)")
    assert [one["state"] for one in answer["members"]] == ["merged", "merged"]
