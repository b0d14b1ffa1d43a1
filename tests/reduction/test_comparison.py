"""Repetitions compared: what is left out, noted, and left alone."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.unclean_spectra import E0, compute_mu, make_energies
from xafs_workers.reduction.comparison import ComparedCurve, Fit, compare_curves
from xafs_workers.reduction.judgement import find_trend, has_moved, judge_fits

ENERGY = make_energies()
OUT = np.searchsorted(ENERGY, E0 + 10)


def curve(number: int, *, shift: float = 0.0, factor: float = 1.0, added: float | np.ndarray = 0.0) -> ComparedCurve:
    mu = factor * (compute_mu(ENERGY - shift) + np.random.default_rng(number).normal(0, 2e-4, len(ENERGY)) + added)
    line = np.polyval(np.polyfit(ENERGY[:15], mu[:15], 1), ENERGY)
    return ComparedCurve(ENERGY, mu, (mu - line) / factor, E0 + shift, factor)


def compare(second: ComparedCurve, count: int = 3) -> tuple[Fit, ...]:
    fits = compare_curves([curve(1), second, *(curve(n) for n in range(3, count + 1))])
    assert all(fit is not None for fit in fits)
    return fits  # type: ignore[return-value]


@pytest.mark.parametrize("shift", [0.05, -0.15, 0.5, 2.0, 4.0])
def test_a_shift_is_measured_and_noted_from_a_tenth(shift: float) -> None:
    fits = compare(curve(2, shift=shift))
    found = fits[1].shift - fits[0].shift
    assert found == pytest.approx(shift, abs=0.01)
    assert has_moved(found, fits[1].sigma) == (abs(shift) >= 0.1)
    assert judge_fits(fits).reasons == ("", "", "")


@pytest.mark.parametrize(("shift", "count"), [(6.0, 3), (-20.0, 3), (20.0, 2), (20.0, 5)])
def test_a_lost_repetition_is_left_out(shift: float, count: int) -> None:
    reasons = judge_fits(compare(curve(2, shift=shift), count)).reasons
    assert reasons[1] == f"edge {shift:+.1f} eV from the others"
    assert not any(reasons[:1] + reasons[2:])


@pytest.mark.parametrize("factor", [0.5, 1.02, 1.12, 2.0])
def test_another_thickness_is_no_other_shape(factor: float) -> None:
    fits = compare(curve(2, factor=factor))
    assert fits[1].scale / fits[0].scale == pytest.approx(factor, rel=2e-3)
    assert fits[1].shape < 0.005
    assert not any(judge_fits(fits).reasons)


@pytest.mark.parametrize(("height", "noted", "out"), [(0.02, False, False), (0.1, True, False), (0.5, True, True)])
def test_another_shape_is_noted_then_left_out(height: float, noted: bool, out: bool) -> None:
    wave = height * np.sin((ENERGY - E0) / 6.0) * (np.abs(ENERGY - E0 - 10) < 35)
    fits = compare(curve(2, added=wave))
    assert fits[1].has_other_shape == noted
    assert bool(judge_fits(fits).reasons[1]) == out


def test_two_of_another_shape_disagree() -> None:
    wave = 0.5 * np.sin((ENERGY - E0) / 6.0)
    verdict = judge_fits(compare(curve(2, added=wave), 2))
    assert verdict.reasons == ("", "")
    assert verdict.disagreement.startswith("another shape")


def test_more_than_half_is_never_left_out() -> None:
    fits = compare_curves([curve(1), curve(2), curve(3, shift=14.0), curve(4, shift=14.0)])
    verdict = judge_fits(fits)
    assert not any(verdict.reasons)
    assert verdict.disagreement


@pytest.mark.parametrize("height", [0.05, 0.2, 2.0])
def test_a_spike_near_the_edge_is_found_by_comparison(height: float) -> None:
    added = np.zeros(len(ENERGY))
    added[OUT] = height
    fits = compare(curve(2, added=added))
    assert np.flatnonzero(fits[1].spikes).tolist() == [OUT]
    assert not fits[0].spikes.any()
    assert fits[1].shape < 0.005


@pytest.mark.parametrize("spiky", [0, 1])
def test_of_two_only_the_rough_one_loses_a_point(spiky: int) -> None:
    added = np.zeros(len(ENERGY))
    added[OUT] = 0.2
    fits = compare_curves([curve(n, added=added if n == spiky else 0.0) for n in (0, 1)])
    assert fits[1] is not None
    assert fits[1].spikes.any() == (spiky == 1)


def test_a_trend_needs_four_repetitions_and_significance() -> None:
    rising = [0.0, 0.041, 0.079, 0.121]
    found = find_trend([1, 2, 3, 4], rising, 0.1)
    assert found is not None
    assert found.slope == pytest.approx(0.04, abs=1e-3)
    assert find_trend([1, 2, 3], rising[:3], 0.05) is None
    assert find_trend([1, 2, 3, 4], rising, 0.2) is None
    assert find_trend([1, 2, 3, 4], [0.0, 0.2, -0.1, 0.15], 0.1) is None
