"""One repetition before the merge: gaps, near-equal energies, spikes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from helpers.unclean_spectra import E0, change_mu, make_energies, make_member
from xafs_workers.reduction.preparation import Member, prepare_member

CLEAN = make_member(1)


def test_a_clean_repetition_keeps_its_bits() -> None:
    found = prepare_member(CLEAN, E0)
    np.testing.assert_array_equal(found.energy, CLEAN.energy)
    np.testing.assert_array_equal(found.mu, CLEAN.mu)
    assert (found.dark, found.missing, found.averaged, found.spikes, found.runs_down) == (0, 0, 0, (), False)


def test_points_without_beam_are_gaps_of_their_own_kind() -> None:
    i0 = CLEAN.i0.copy()
    i0[180:210] = 0.5  # dark noise: mu is finite
    mu = CLEAN.mu.copy()
    mu[50] = np.nan
    found = prepare_member(replace(CLEAN, i0=i0, mu=mu), E0)
    assert (found.dark, found.missing, len(found.energy)) == (30, 1, len(CLEAN.energy) - 31)


def test_the_dwell_time_does_not_look_like_a_lost_beam() -> None:
    dwell = np.linspace(0.1, 10.0, len(CLEAN.i0))
    assert prepare_member(replace(CLEAN, i0=100.0 * dwell, dwell=dwell), E0).dark == 0
    assert prepare_member(replace(CLEAN, i0=100.0 * dwell), E0).dark > 0


@pytest.mark.parametrize("distance", [0.0, 0.001, 0.05, 0.12])
def test_near_equal_energies_are_averaged(distance: float) -> None:
    energy, mu = CLEAN.energy.copy(), CLEAN.mu.copy()
    energy[60], mu[60] = energy[59] + distance, mu[59] + 1e-3
    found = prepare_member(replace(CLEAN, energy=energy, mu=mu), E0)
    assert (found.averaged, len(found.energy)) == (2, len(energy) - 1)
    assert found.energy[59] == pytest.approx(CLEAN.energy[59] + distance / 2)
    assert found.mu[59] == pytest.approx(CLEAN.mu[59] + 5e-4)


def test_a_third_of_a_step_is_kept() -> None:
    energy = CLEAN.energy.copy()
    energy[60] = energy[59] + 0.17
    assert prepare_member(replace(CLEAN, energy=energy), E0).averaged == 0


@pytest.mark.parametrize("height", [0.05, 0.2, 2.0])
@pytest.mark.parametrize("place", [10, 200, 300])
def test_a_spike_away_from_the_edge_is_left_out(place: int, height: float) -> None:
    found = prepare_member(change_mu(CLEAN, place, CLEAN.mu[place] + height), E0)
    assert [spike.energy for spike in found.spikes] == [CLEAN.energy[place]]
    assert len(found.energy) == len(CLEAN.energy) - 1


def test_a_spike_near_the_edge_of_one_repetition_stays() -> None:
    place = int(np.searchsorted(make_energies(), E0 + 10))
    assert not prepare_member(change_mu(CLEAN, place, CLEAN.mu[place] + 0.2), E0).spikes


@pytest.mark.parametrize("places", [[0], [-1], [-2, -1], [0, 1, 2]])
def test_points_that_jump_at_an_end_are_left_out(places: list[int]) -> None:
    found = prepare_member(change_mu(CLEAN, places, 0.0), E0)
    assert sorted(spike.energy for spike in found.spikes) == sorted(CLEAN.energy[places])


def test_a_dip_of_i0_makes_a_spike_a_glitch() -> None:
    i0 = CLEAN.i0.copy()
    i0[201] = 60.0
    altered = replace(change_mu(CLEAN, 200, CLEAN.mu[200] + 0.1), i0=i0)
    assert [spike.has_dip for spike in prepare_member(altered, E0).spikes] == [True]
    assert [spike.has_dip for spike in prepare_member(replace(altered, i0=CLEAN.i0), E0).spikes] == [False]


def test_the_borders_of_a_hole_are_no_spikes() -> None:
    kept = np.r_[0:180, 215 : len(CLEAN.energy)]
    member = replace(CLEAN, energy=CLEAN.energy[kept], mu=CLEAN.mu[kept], i0=CLEAN.i0[kept])
    assert not prepare_member(member, E0).spikes


def test_a_backward_scan_is_sorted_and_named() -> None:
    backward = replace(CLEAN, energy=CLEAN.energy[::-1], mu=CLEAN.mu[::-1], i0=CLEAN.i0[::-1])
    found = prepare_member(backward, E0)
    np.testing.assert_array_equal(found.mu, CLEAN.mu)
    assert found.runs_down


@pytest.mark.parametrize("points", [0, 1, 2, 5])
def test_a_handful_of_points_is_kept_as_it_is(points: int) -> None:
    member = replace(CLEAN, energy=CLEAN.energy[:points], mu=CLEAN.mu[:points], i0=CLEAN.i0[:points])
    assert len(prepare_member(member, E0).energy) == points


def make_coarse_member(spikes: dict[float, float] | None = None) -> Member:
    """Make a repetition with steps of 2 eV to 50 eV past the edge and of 12 eV beyond, in which chi oscillates."""
    energy = np.concatenate([np.arange(E0 - 30.0, E0 + 51.0, 2.0), np.arange(E0 + 62.0, E0 + 500.0, 12.0)])
    k = np.sqrt(np.maximum(energy - E0, 0.0) * 0.2624683)
    mu = (0.5 + np.arctan((energy - E0) / 1.2) / np.pi) * (1 + 0.14 * np.sin(4.4 * k) * np.exp(-0.006 * k**2))
    mu += np.random.default_rng(2).normal(0.0, 3e-4, len(energy))
    for distance, height in (spikes or {}).items():
        mu[int(np.argmin(np.abs(energy - E0 - distance)))] += height
    return Member("u", 1, energy, mu, np.full(len(energy), 100.0))


def test_first_points_of_large_steps_are_no_spikes() -> None:
    assert not prepare_member(make_coarse_member(), E0).spikes


def test_spike_among_large_steps_is_left_out() -> None:
    found = prepare_member(make_coarse_member({242.0: 0.5}), E0)
    assert [spike.energy - E0 for spike in found.spikes] == [242.0]
